/**
 * The floors that an evaluation prints beside coders: what a score has to exceed to mean anything. All are fitted on text
 * that the evaluation does not use.
 *
 *     zero       the output is 0
 *     mean       the output is its mean
 *     unigram    the output is its mean by token
 *     skip       the best linear map of the input (least squares), for inputs of up to 1,024 dimensions
 *     random     random features, k per position, with the best common scale and bias
 *     neurons    the MLP's own neurons, k per position, with the best bias (outputs of MLPs only)
 *
 * k is the coder's own mean number of active features, rounded. The first four are the same for all coders of the same
 * places. Two passes over the rows: the first gives the moments of inputs and targets, the table, and k; the second the
 * scale and biases of what depends on k.
 */
import { tensor } from "../../../onnx/mod.ts";
import type { HookedModel } from "../../../model/mod.ts";
import type { Coder, CoderConfig } from "../../coder.ts";
import { type CleanRun, cleanRun } from "../clean_run.ts";
import { FitMeter } from "../fit_quality.ts";
import { coderStandIn, givenStandIn, type StandIn } from "../stand_in.ts";
import type { TokenRows } from "../token_rows.ts";
import { Moments } from "./moments.ts";
import { isMlpOutput, NeuronFloor } from "./neurons.ts";
import { constantCoder, linearCoder, randomDirections, scaledCoder } from "./plain_coders.ts";
import { UnigramTable } from "./unigram.ts";

/** Names of the floors, in the order of tables. */
export const FLOOR_NAMES = ["zero", "mean", "unigram", "skip", "random", "neurons"] as const;
/** Name of a floor. */
export type FloorName = typeof FLOOR_NAMES[number];

/** Largest width of an input for which the linear map is fitted. */
const WIDEST_LINEAR = 1024;

/** Floors by name; one that cannot take the coders' places is absent. */
export type Floors = Partial<Record<FloorName, StandIn>>;

/**
 * Fits the floors of a set of coders.
 * @param rows text for the fit; the more positions count, the stronger the floors
 * @param seed of the random coder
 * @param onBatch called after each batch
 * @throws Error naming a coder that does not fit the model, or if no position counts.
 */
export async function fitFloors(
  model: HookedModel,
  coders: readonly Coder[],
  rows: readonly TokenRows[],
  { seed = 0, onBatch = () => {} }: { seed?: number; onBatch?: () => void } = {},
): Promise<Floors> {
  const configs = coders.map(({ config }) => config);
  const active = new ActiveMeter(model, coders);
  const fit = await PlaceFit.open(model, configs, rows, async (clean) => {
    await active.add(clean);
    onBatch();
  });
  return { ...fit.fixed(), ...await fit.sparse(configs, active.ks(), { seed, onBatch }) };
}

/** Counts the active features of coders. */
export class ActiveMeter {
  readonly #standIn: StandIn;
  readonly #meters: FitMeter[];

  /** Takes the coders. */
  constructor(model: HookedModel, coders: readonly Coder[]) {
    this.#standIn = coderStandIn(model, coders);
    this.#meters = coders.map(({ config: { features, dOut } }) =>
      new FitMeter(model.runtime, features, dOut)
    );
  }

  /** Adds a batch. */
  async add(clean: CleanRun): Promise<void> {
    const outputs = await this.#standIn.outputs(clean);
    for (const [i, { target }] of clean.points.entries()) {
      const { activations, output } = outputs[i];
      await this.#meters[i].add(activations, output, target, clean.rows.counted);
    }
  }

  /** Returns the mean number of active features of each coder, rounded, at least 1. */
  ks(): number[] {
    return this.#meters.map((meter) => Math.max(1, Math.round(meter.quality().l0)));
  }
}

/** What one pass over the rows of a fit gives for places; floors of any coders at these places follow from it. */
export class PlaceFit {
  private constructor(
    private readonly model: HookedModel,
    private readonly configs: readonly CoderConfig[],
    private readonly rows: readonly TokenRows[],
    private readonly moments: readonly Moments[],
    private readonly tables: readonly UnigramTable[],
  ) {}

  /**
   * Makes the pass.
   * @param configs coders at the places; their features do not matter
   * @param visit called with each batch after it is added
   * @throws Error naming a coder that does not fit the model.
   */
  static async open(
    model: HookedModel,
    configs: readonly CoderConfig[],
    rows: readonly TokenRows[],
    visit: (clean: CleanRun) => Promise<void> | void = () => {},
  ): Promise<PlaceFit> {
    const moments = configs.map(({ dIn, dOut }) => new Moments(model.runtime, dIn, dOut));
    const tables = configs.map(({ dOut }) => new UnigramTable(dOut));
    for (const batch of rows) {
      const clean = await cleanRun(model, configs, batch);
      for (const [i, { input, target }] of clean.points.entries()) {
        await moments[i].add(input, target, batch.counted);
        tables[i].add(target, batch);
      }
      await visit(clean);
    }
    return new PlaceFit(model, configs, rows, moments, tables);
  }

  /** Returns the floors that are the same for all coders: zero, mean, unigram, skip. @throws Error if no position counts. */
  fixed(): Floors {
    const { model, configs, moments, tables } = this;
    const means = moments.map((m) => m.meanTarget());
    const floors: Floors = {
      zero: coderStandIn(model, configs.map((config) => constantCoder(config)), false),
      mean: coderStandIn(
        model,
        configs.map((c, i) => constantCoder(c, tensor(Float32Array.from(means[i]), [c.dOut]))),
        false,
      ),
      unigram: givenStandIn(
        configs,
        (clean) => tables.map((table, i) => table.outputs(clean, means[i])),
      ),
    };
    if (configs.every(({ dIn }) => dIn <= WIDEST_LINEAR)) {
      const linear = configs.map((config, i) => {
        const { A, b } = moments[i].linearMap();
        return linearCoder(config, b, A);
      });
      floors.skip = coderStandIn(model, linear, false);
    }
    return floors;
  }

  /**
   * Fits the floors with `ks` active features: random, neurons. Makes another pass over the rows.
   * @param configs the coders, for the number of random features; one per place, in the order of the places
   * @param ks active features at each place
   */
  async sparse(
    configs: readonly CoderConfig[],
    ks: readonly number[],
    { seed = 0, onBatch = () => {} }: { seed?: number; onBatch?: () => void } = {},
  ): Promise<Floors> {
    const { model, moments } = this;
    const drawn = configs.map((config, i) =>
      randomDirections(config, ks[i], moments[i].meanInput(), seed + i)
    );
    const neurons = configs.every(isMlpOutput) && !model.config.llama?.postNorm
      ? await NeuronFloor.open(model, configs, ks)
      : undefined;
    const scales = configs.map(({ dOut }) => new Moments(model.runtime, dOut, dOut));
    const rests = configs.map(({ dOut }) => new Moments(model.runtime, dOut, dOut));
    const random = coderStandIn(model, drawn);
    for (const batch of this.rows) {
      const clean = await cleanRun(model, configs, batch);
      const [a, b] = [await random.outputs(clean), await neurons?.outputs(clean)];
      for (const [i, { target }] of clean.points.entries()) {
        await scales[i].add(a[i].output, target, batch.counted);
        if (b) await rests[i].add(b[i].output, target, batch.counted);
      }
      onBatch();
    }
    const scaled = drawn.map((coder, i) => {
      const { factor, offset } = scales[i].scale();
      return scaledCoder(coder, factor, offset);
    });
    neurons?.biases.forEach(({ data }, i) => {
      const [written, target] = [rests[i].meanInput(), rests[i].meanTarget()];
      data.forEach((_, j) => data[j] = target[j] - written[j]);
    });
    return { random: coderStandIn(model, scaled), ...neurons && { neurons } };
  }
}
