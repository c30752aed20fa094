/**
 * Steps of a case study of one feature, as transcoder_circuits makes them:
 *
 *  1. split the rows of text: even rows are for looking, odd rows are held out;
 *  2. take examples spread evenly over the feature's activations, by row and position, without their text;
 *  3. search the paths to the feature on each, and count which components they share;
 *  4. state a hypothesis, and score it on the held-out rows.
 */
import { percentileInterval, resampledIndices, seededIndices } from "../utils/base/mod.ts";
import {
  type FeatureModel,
  featurePathSchema,
  type PromptPaths,
  promptPaths,
  tokenText,
} from "../utils/experiments/mod.ts";
import { componentName, componentOf, type PathComponent } from "../utils/feature_circuits/mod.ts";
import type { Prompts } from "../utils/model/mod.ts";
import { type Coder, coderTap, encode, replacement } from "../utils/transcoders/mod.ts";
import type { TextActivations } from "./features_on_text.ts";

/** A row of text with the activations of one feature. */
export interface FeatureRow {
  /** token ids */
  tokens: number[];
  /** activation at each token; 0 where the position does not count or the feature does not fire */
  activations: Float32Array;
  /** 1 for each position that counts */
  counted: Uint8Array;
}

/** Returns the rows of a feature: `looking` for the study, `heldOut` for scoring. */
export function rowsOfFeature(
  { batches, frequency: { length: features } }: TextActivations,
  feature: number,
): { looking: FeatureRow[]; heldOut: FeatureRow[] } {
  const all = batches.flatMap(({ rows: { prompts, pos, counted }, activations }) =>
    prompts.map((tokens, n): FeatureRow => {
      const counts = counted.slice(n * pos, n * pos + tokens.length);
      return {
        tokens: [...tokens],
        counted: counts,
        activations: Float32Array.from(
          counts,
          (counts, p) => counts ? Math.max(0, activations[(n * pos + p) * features + feature]) : 0,
        ),
      };
    })
  );
  return {
    looking: all.filter((_, i) => i % 2 === 0),
    heldOut: all.filter((_, i) => i % 2 === 1),
  };
}

/** A place where a feature fires. */
export interface Place {
  /** number of the row */
  row: number;
  position: number;
  activation: number;
}

/**
 * Returns places spread evenly over the activations, the strongest first: for each of `levels` values from the smallest to the
 * largest, the place that is closest (`sample_uniform` of transcoder_circuits). A place is listed once.
 */
export function uniformPlaces(rows: readonly FeatureRow[], levels: number): Place[] {
  const places = rows.flatMap(({ activations }, row) =>
    Array.from(activations, (activation, position) => ({ row, position, activation }))
  ).filter(({ activation }) => activation > 0).sort((a, b) => b.activation - a.activation);
  if (places.length === 0) return [];
  const high = places[0].activation, low = places.at(-1)!.activation;
  const chosen = new Set<Place>();
  for (let i = 0; i < levels; i++) {
    const level = high - (high - low) * i / Math.max(1, levels - 1);
    chosen.add(
      places.reduce((best, place) =>
        Math.abs(place.activation - level) < Math.abs(best.activation - level) ? place : best
      ),
    );
  }
  return [...chosen];
}

/** Returns the paths to a feature at a place; the row is cut after it. */
export function pathsAt(
  features: FeatureModel,
  layer: number,
  feature: number,
  rows: readonly FeatureRow[],
  { row, position }: Place,
  { iterations = 3, branches = 12 }: { iterations?: number; branches?: number } = {},
): Promise<PromptPaths> {
  const tokens = rows[row].tokens.slice(0, position + 1);
  const prompt = { slug: "place", text: "", tokens, correct: [], wrong: [] };
  const settings = featurePathSchema.parse({ layer, feature, iterations, branches });
  return promptPaths(features, prompt, settings);
}

/** A component on the paths of several places. */
export interface SharedSource {
  component: PathComponent;
  /** its name, e.g. `mlp1tc[28]` */
  name: string;
  /** how many tokens before the feature: 0 for the same token */
  back: number;
  /** places on whose paths it is */
  places: number;
  /** mean of what it gives the node above it on the path, over those places, in that node's unit */
  mean: number;
}

/**
 * Counts the components at the ends of paths of up to `length` nodes, by distance from the feature.
 * @returns those on most places first; of as many, the strongest
 */
export function sharedSources(
  found: readonly { place: Place; paths: PromptPaths }[],
  length = 2,
): SharedSource[] {
  const all = new Map<string, SharedSource & { sum: number }>();
  for (const { place, paths } of found) {
    const here = new Map<string, { component: PathComponent; back: number; value: number }>();
    for (const path of paths.lists.slice(0, length - 1).flat()) {
      const end = path.at(-1)!, component = componentOf(end), back = place.position - end.token;
      const key = `${componentName(component)} ${back}`, value = end.contribution ?? 0;
      const before = here.get(key);
      if (!before || value > before.value) here.set(key, { component, back, value });
    }
    for (const [key, { component, back, value }] of here) {
      const entry = all.get(key) ??
        { component, name: componentName(component), back, places: 0, mean: 0, sum: 0 };
      entry.places++;
      entry.sum += value;
      all.set(key, entry);
    }
  }
  return [...all.values()].map(({ sum, ...entry }) => ({ ...entry, mean: sum / entry.places }))
    .sort((a, b) => b.places - a.places || b.mean - a.mean);
}

/** A row as a hypothesis sees it: the texts of its tokens, without what the feature does. */
export type Words = readonly string[];

/** A hypothesis: whether the feature fires at a position. */
export type Hypothesis = (words: Words, position: number) => boolean;

/** How well a hypothesis says where the feature fires. */
export interface HypothesisScore {
  /** positions at which it holds; at which the feature fires; both */
  holds: number;
  fires: number;
  both: number;
  precision: number;
  recall: number;
  /** harmonic mean of both, and its 95 % interval by bootstrap over rows */
  f1: [value: number, low: number, high: number];
  /** share of the summed activation at positions where it holds */
  mass: number;
  /** mean activation where it holds, and elsewhere */
  inside: number;
  outside: number;
}

const RESAMPLES = 500;

/**
 * Scores a hypothesis on rows.
 * @param above the feature counts as firing above this activation
 */
export function scoreHypothesis(
  { tokenizer }: Pick<FeatureModel, "tokenizer">,
  rows: readonly FeatureRow[],
  hypothesis: Hypothesis,
  above = 0,
): HypothesisScore {
  const counts = rows.map(({ tokens, activations, counted }) => {
    const words = tokens.map((token) => tokenText(tokenizer, token));
    const here = { positions: 0, holds: 0, fires: 0, both: 0, mass: 0, held: 0 };
    words.forEach((_, p) => {
      if (!counted[p]) return;
      const holds = hypothesis(words, p), fires = activations[p] > above;
      here.positions++;
      here.holds += Number(holds);
      here.fires += Number(fires);
      here.both += Number(holds && fires);
      here.mass += activations[p];
      if (holds) here.held += activations[p];
    });
    return here;
  });
  const total = (key: keyof typeof counts[number]) =>
    counts.reduce((sum, row) => sum + row[key], 0);
  const [positions, holds, fires, both] = [
    total("positions"),
    total("holds"),
    total("fires"),
    total("both"),
  ];
  const [mass, held] = [total("mass"), total("held")];
  const f1 = (b: number, h: number, f: number) => h + f === 0 ? 0 : 2 * b / (h + f);
  const resampled = Float64Array.from(
    resampledIndices(rows.length, RESAMPLES, seededIndices(0)),
    (indices) => {
      const sums = [0, 0, 0];
      for (const i of indices) {
        sums[0] += counts[i].both;
        sums[1] += counts[i].holds;
        sums[2] += counts[i].fires;
      }
      return f1(sums[0], sums[1], sums[2]);
    },
  );
  const share = (a: number, b: number) => b === 0 ? 0 : a / b;
  return {
    holds,
    fires,
    both,
    precision: share(both, holds),
    recall: share(both, fires),
    f1: [f1(both, holds, fires), ...percentileInterval(resampled, 0.95)],
    mass: share(held, mass),
    inside: share(held, holds),
    outside: share(mass - held, positions - holds),
  };
}

/**
 * Returns the hypothesis that names one token, the best on rows for looking: a floor for hypotheses that name context.
 * @param above the feature counts as firing above this activation
 */
export function bestToken(
  { tokenizer }: Pick<FeatureModel, "tokenizer">,
  rows: readonly FeatureRow[],
  above = 0,
): { text: string; holds: Hypothesis } {
  const seen = new Map<number, { all: number; fires: number }>();
  let fires = 0;
  for (const { tokens, activations, counted } of rows) {
    tokens.forEach((token, p) => {
      if (!counted[p]) return;
      const entry = seen.get(token) ?? { all: 0, fires: 0 };
      entry.all++;
      if (activations[p] > above) {
        entry.fires++;
        fires++;
      }
      seen.set(token, entry);
    });
  }
  const f1 = ({ all, fires: both }: { all: number; fires: number }) => 2 * both / (all + fires);
  const [token] = [...seen].reduce((best, each) => f1(each[1]) > f1(best[1]) ? each : best);
  const text = tokenText(tokenizer, token);
  return { text, holds: (words, p) => words[p] === text };
}

/**
 * Returns a feature's activation at the last token of each prompt, with coders in the place of MLPs below it.
 * @param replaced layers below the feature's that run with their coders
 */
export async function activationsAt(
  { model, coders }: Pick<FeatureModel, "model" | "coders">,
  layer: number,
  feature: number,
  prompts: Prompts,
  replaced: readonly number[] = [],
): Promise<number[]> {
  const coder: Coder = coders[layer], tap = coderTap(coder.config);
  const below = replacement(model, { coders: replaced.map((l) => coders[l]) });
  const { hooks } = await model.run(prompts, {
    splices: [...below.splices ?? [], tap.spliced],
    read: [tap.input],
  });
  const { data, shape } = await encode(model.runtime, coder, hooks.get(tap.input)!);
  const [, P, F] = shape.length === 3 ? shape : [prompts.length, prompts[0].length, shape[1]];
  return prompts.map((tokens, n) => data[(n * P + tokens.length - 1) * F + feature]);
}
