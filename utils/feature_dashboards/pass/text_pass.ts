/**
 * One pass over text for all coders at once:
 *
 *     every row      examples, histograms, firings                      ExampleKeeper, ActivationMoments
 *     sampled rows   each firing of the coders and of random coders     FiringCollector
 *
 * A feature fires where its activation is positive. Positions that do not count neither fire nor show an activation.
 */
import { type F32, takeRows } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { type Coder, encode, readCoderPoints, type TokenRows } from "../../transcoders/mod.ts";
import { randomCoder } from "../random_coder.ts";
import type { DashboardText, SampledRow, TextSample } from "./dashboard_text.ts";
import { ExampleKeeper, type ExampleOptions } from "./examples.ts";
import { FiringCollector, type Firings } from "./firings.ts";
import { ActivationMoments } from "./moments.ts";

/** What a pass finds of a coder. */
export interface CoderPass {
  /** examples of its features */
  examples: ExampleKeeper;
  /** firings, means and histograms of its features in all the text */
  moments: ActivationMoments;
  /** firings on the sample */
  firings: Firings;
  /** firings of the random coder on the sample */
  floor: Firings;
}

/** Batches that the mean input and the number of active features are measured on, for random coders. */
const CALIBRATION = 4;

/** Returns random coders at the places of coders: their floors. */
export async function floorCoders(
  model: HookedModel,
  coders: readonly Coder[],
  batches: readonly TokenRows[],
  seed: number,
): Promise<Coder[]> {
  const means = coders.map(({ config }) => new Float64Array(config.dIn));
  const active = coders.map(() => 0);
  let tokens = 0;
  for (const { prompts, counted } of batches.slice(0, CALIBRATION)) {
    const points = await readCoderPoints(model, coders.map(({ config }) => config), prompts);
    for (const [c, { input }] of points.entries()) {
      const { data } = await encode(model.runtime, coders[c], input);
      const F = coders[c].config.features, d = means[c].length;
      counted.forEach((counts, t) => {
        if (!counts) return;
        for (let i = 0; i < d; i++) means[c][i] += input.data[t * d + i];
        for (let f = 0; f < F; f++) if (data[t * F + f] > 0) active[c]++;
      });
    }
    tokens += counted.reduce((sum, one) => sum + one, 0);
  }
  return coders.map((coder, c) =>
    randomCoder(coder, active[c] / tokens, means[c].map((sum) => sum / tokens), seed + c)
  );
}

/** Settings of a pass. */
export interface PassOptions {
  /** examples */
  examples: ExampleOptions;
  /** called after each batch */
  onBatch?(): void;
}

/** Runs the pass; see the header. Returns what it found of each coder. */
export async function textPass(
  model: HookedModel,
  coders: readonly Coder[],
  floors: readonly Coder[],
  text: DashboardText,
  sample: TextSample,
  { examples, onBatch }: PassOptions,
): Promise<CoderPass[]> {
  const found = coders.map(({ config: { features: F } }, c) => ({
    examples: new ExampleKeeper(F, { ...examples, seed: examples.seed + c }),
    moments: new ActivationMoments(F),
    firings: new FiringCollector(F),
    floor: new FiringCollector(F),
    largest: new Float64Array(F),
    at: new Int32Array(F),
  }));
  const byBatch = Map.groupBy(sample.rows, ({ batch }) => batch);
  let row = 0;
  for (const [b, batch] of text.batches.entries()) {
    const sampled = byBatch.get(b) ?? [];
    const points = await readCoderPoints(model, coders.map(({ config }) => config), batch.prompts);
    for (const [c, { input }] of points.entries()) {
      const activations = await encode(model.runtime, coders[c], input);
      addRows(found[c], activations, batch, row);
      const places = sampled.map(({ place }) => place);
      collect(found[c].firings, activations, batch, sampled, places);
      if (sampled.length === 0) continue;
      const random = await encode(model.runtime, floors[c], takeRows(input, places));
      collect(found[c].floor, random, batch, sampled, [...places.keys()]);
    }
    row += batch.prompts.length;
    onBatch?.();
  }
  return found.map(({ examples, moments, firings, floor }) => ({
    examples,
    moments,
    firings: firings.byFeature(),
    floor: floor.byFeature(),
  }));
}

type RowKeeper = Pick<CoderPass, "examples" | "moments"> & {
  largest: Float64Array;
  at: Int32Array;
};

function addRows(
  { examples, moments, largest, at }: RowKeeper,
  { data }: F32,
  { prompts, pos, counted }: TokenRows,
  firstRow: number,
): void {
  const F = largest.length, touched: number[] = [];
  for (const [b, tokens] of prompts.entries()) {
    const source = {
      data,
      offset: b * pos * F,
      length: tokens.length,
      counted: counted.subarray(b * pos, (b + 1) * pos),
      row: firstRow + b,
    };
    touched.length = 0;
    for (let p = 0; p < tokens.length; p++) {
      if (source.counted[p] === 0) continue;
      const start = source.offset + p * F;
      for (let f = 0; f < F; f++) {
        const value = data[start + f];
        if (!(value > 0)) continue;
        moments.add(f, value);
        examples.offerFiring(f, value, p, source);
        if (largest[f] === 0) touched.push(f);
        if (value > largest[f]) {
          largest[f] = value;
          at[f] = p;
        }
      }
    }
    for (const f of touched) {
      examples.offerPeak(f, largest[f], at[f], source);
      largest[f] = 0;
    }
  }
}

/** Adds the firings of sampled rows. @param places where the activations of each are */
function collect(
  to: FiringCollector,
  { data, shape }: F32,
  { pos }: TokenRows,
  sampled: readonly SampledRow[],
  places: readonly number[],
): void {
  const F = shape.at(-1)!;
  for (const [i, { numbers }] of sampled.entries()) {
    numbers.forEach((number, p) => {
      if (number < 0) return;
      const start = (places[i] * pos + p) * F;
      for (let f = 0; f < F; f++) {
        if (data[start + f] > 0) to.add(number, f, data[start + f]);
      }
    });
  }
}
