/**
 * Makes the dashboards of all features of a model's coders:
 *
 *  1. Sample the text for readings, and make random coders at the places of the coders: the floor.
 *  2. One pass over the text: examples, histograms, firings                     pass/
 *  3. What features write and read, from the weights                            weights/
 *  4. Readings of every feature of the coders and of the random coders          readings/
 *  5. Summaries of each layer, with bootstrap intervals over features.
 */
import { bootstrapMeanIntervals } from "../base/mod.ts";
import type { HookedModel } from "../model/mod.ts";
import type {
  DashboardFeature,
  DashboardLayer,
  DashboardScore,
  FeatureDashboards,
} from "../results/mod.ts";
import { type Coder, codersDigest } from "../transcoders/mod.ts";
import { type DashboardText, sampleText } from "./pass/mod.ts";
import type { Example, ExampleOptions } from "./pass/mod.ts";
import type { Firings } from "./pass/mod.ts";
import { type CoderPass, floorCoders, textPass } from "./pass/mod.ts";
import { type Estimate, estimateDashboards } from "./estimate.ts";
import { FeatureReader, LEAST_FIRINGS, type ReadingName, type Readings } from "./readings/mod.ts";
import type { Rule } from "./readings/mod.ts";
import { examplesOf, rounded, type ShownExamples } from "./shown_examples.ts";
import { type ConnectionOptions, type Connections, connections } from "./weights/mod.ts";

/** Settings of dashboards. */
export interface DashboardOptions extends Omit<ExampleOptions, "sample"> {
  /** number of quantile bands */
  bands: number;
  /** examples of each band */
  perBand: number;
  /** tokens that readings are fitted and measured on */
  readingTokens: number;
  /** lengths of the lists of connections */
  lists: Omit<ConnectionOptions, "vocabulary">;
  /** called with the expected cost before anything is computed */
  onEstimate?(estimate: Estimate): void;
  /** called at the start of a stage with its number of parts; the function it returns is called after each */
  onStage?(stage: string, parts: number): () => void;
}

/** Firings of the sample that a band's examples are chosen from, for each example. */
const SAMPLED_PER_EXAMPLE = 2;

/**
 * Returns the dashboards; see the header.
 * @param vocabulary text of each token
 * @throws Error naming a coder that does not fit the model, or if no position counts.
 */
export async function makeDashboards(
  model: HookedModel,
  coders: readonly Coder[],
  text: DashboardText,
  vocabulary: readonly string[],
  options: DashboardOptions,
): Promise<FeatureDashboards> {
  const { bands, perBand, seed, onStage = () => () => {} } = options;
  const tokens = text.batches.reduce((sum, { count }) => sum + count, 0);
  if (tokens === 0) throw new Error("dashboards: no position of the text counts");
  const examples = { ...options, sample: bands * perBand * SAMPLED_PER_EXAMPLE };
  const sample = sampleText(text, options.readingTokens);
  options.onEstimate?.(await estimateDashboards(model, coders, text, sample, examples));
  const floors = await floorCoders(model, coders, text.batches, seed);
  const onBatch = onStage("text", text.batches.length);
  const passes = await textPass(model, coders, floors, text, sample, { examples, onBatch });
  const linked = await connections(model, coders, {
    ...options.lists,
    vocabulary: vocabulary.length,
  });
  const reader = new FeatureReader(text, sample, vocabulary, seed);
  const rows = text.batches.flatMap(({ prompts }) => prompts);
  const used = new Set<number>();
  const advance = onStage("readings", coders.length * 2);
  const layers = coders.map(({ config }, c): DashboardLayer => {
    const { features: F } = config, pass = passes[c];
    const read = (firings: Firings) => {
      const all = Array.from({ length: F }, (_, f) => reader.read(firings, f));
      advance();
      return all;
    };
    const own = read(pass.firings), floor = read(pass.floor);
    const lengthOf = (row: number) => rows[row].length;
    const features = Array.from({ length: F }, (_, f): DashboardFeature => {
      const shown = examplesOf(pass, f, { ...options, lengthOf });
      for (const { row } of shown.all) used.add(row);
      return feature(pass, f, shown, linked[c][f], own[f]);
    });
    const alive = (firings: Firings) =>
      Array.from({ length: F }, (_, f) => Number(firings.starts[f + 1] > firings.starts[f]))
        .reduce((a, b) => a + b, 0);
    return {
      layer: config.layer,
      input_hook: config.inputHook,
      output_hook: config.outputHook,
      features,
      alive: features.filter(({ firings }) => firings > 0).length,
      floor_alive: alive(pass.floor),
      l0: rounded(pass.moments.firings.reduce((a, b) => a + b, 0) / tokens),
      floor_l0: rounded(pass.floor.tokens.length / sample.tokens),
      summary: Object.fromEntries(
        reader.names.map((name) => [name, summaryOf(name, own, floor)]),
      ),
    };
  });
  return {
    coders_digest: await codersDigest(coders),
    tokens,
    fit_tokens: sample.fitTokens,
    held_out_tokens: sample.heldOutTokens,
    least_firings: LEAST_FIRINGS,
    scores: reader.names,
    layers,
    rows: Object.fromEntries(
      [...used].sort((a, b) => a - b).map((row) => [row, Array.from(rows[row])]),
    ),
  };
}

/** Returns an example as numbers: row, peak, first position, end, then position and activation of each firing. */
function stored({ row, peak, from, activations }: Example): number[] {
  const out = [row, peak, from, from + activations.length];
  activations.forEach((value, i) => {
    if (value > 0) out.push(from + i, rounded(value));
  });
  return out;
}

function storedRule(rule: Rule) {
  const { predicates, precision, recall } = rule;
  return { predicates, precision: rounded(precision), recall: rounded(recall) };
}

function feature(
  { moments }: CoderPass,
  f: number,
  shown: ShownExamples,
  linked: Connections,
  readings: Readings | undefined,
): DashboardFeature {
  const firings = moments.firings[f];
  const pairs = (list: readonly { index: number; value: number }[]) =>
    list.flatMap(({ index, value }) => [index, rounded(value)]);
  const triples = (list: readonly { layer: number; index: number; value: number }[]) =>
    list.flatMap(({ layer, index, value }) => [layer, index, rounded(value)]);
  if (firings === 0) return { id: f, firings, mean: 0, max: 0 };
  const { low, high, counts } = linked.logits;
  return {
    id: f,
    firings,
    mean: rounded(moments.sums[f] / firings),
    max: rounded(moments.largest[f]),
    histogram: moments.histogram(f),
    top: shown.top.map(stored),
    bands: shown.bands.map(({ examples, ...band }) => ({
      ...band,
      examples: examples.map(stored),
    })),
    raised: pairs(linked.raised),
    lowered: pairs(linked.lowered),
    logits: { low: rounded(low), high: rounded(high), counts },
    excited: pairs(linked.excited),
    inhibited: pairs(linked.inhibited),
    inputs: triples(linked.inputs),
    inhibitors: triples(linked.inhibitors),
    outputs: triples(linked.outputs),
    heads: triples(linked.heads),
    similar: triples(linked.similar),
    ...readings && {
      entropy: rounded(readings.entropy),
      scores: Object.fromEntries(
        Object.entries(readings.scores).map(([name, score]) => [name, roundedScore(score)]),
      ),
      ...readings.rule && { rule: storedRule(readings.rule) },
      ...readings.label && { label: storedRule(readings.label) },
    },
  };
}

const roundedScore = (score: DashboardScore): DashboardScore =>
  score && [rounded(score[0]), rounded(score[1]), rounded(score[2])];

function summaryOf(
  name: ReadingName,
  own: readonly (Readings | undefined)[],
  floor: readonly (Readings | undefined)[],
) {
  const values = (all: typeof own) =>
    all.flatMap((readings) => readings?.scores[name]?.[0] ?? []).sort((a, b) => a - b);
  const of = (list: readonly number[]) => {
    if (list.length === 0) return { measured: 0, mean: null };
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    const [[low, high]] = bootstrapMeanIntervals([list]);
    return { measured: list.length, mean: roundedScore([mean, low, high]) };
  };
  const floors = values(floor);
  const quantile = (q: number) => rounded(floors[Math.round(q * (floors.length - 1))]);
  return {
    coder: of(values(own)),
    floor: of(floors),
    floor_quantiles: floors.length === 0 ? [] : [0.05, 0.25, 0.5, 0.75, 0.95].map(quantile),
  };
}
