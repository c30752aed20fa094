/**
 * Benchmarks of circuits on random weights: attribution by EAP-IG (30 path points) and the evaluation of circuits.
 *
 *   attribution            21 positions; clean and corrupted prompts differ at position 10 only
 *   attribution_ioi        lengths of the indirect-object templates; the prompts differ at the second subject
 *   attribution_ioi_410m   the same for the shape of a real run, estimated for its 70 prompts from fewer unless
 *                          `--prompts 70` is given
 *   circuit_evaluation     one greedy circuit of random scores, with 400 edges or a few more after pruning
 *
 * FLOPs are those of the executed matrix products (`attributionFlops`). The yardstick is the rate of bare matrix products
 * of the size of a pass, timed before and after every run.
 */
import {
  attribute,
  CircuitEvaluator,
  type CircuitShape,
  circuitShape,
  countEdges,
  defaultTokensPerPass,
  greedyOrder,
  hasOutgoing,
  layerColumns,
  layerRows,
  logitsColumn,
  maskOf,
  mlpColumn,
  nForward,
  prevIndex,
  pruneCircuit,
  randomScores,
} from "../utils/circuits/mod.ts";
import { type PromptBatch, promptBatches, type PromptPair } from "../utils/tasks/mod.ts";
import {
  HookedModel,
  type ModelConfig,
  randomSource,
  type Readout,
  Runtime,
} from "../utils/model/mod.ts";
import { median } from "../utils/base/mod.ts";
import {
  type Bench,
  type BenchCase,
  type Measurement,
  peakRssMb,
  POSITIONS,
  randomPrompts,
  timed,
} from "./case.ts";
import { layerProducts } from "./yardstick.ts";

const MB = 2 ** 20;
/** Path points of an attribution. */
export const STEPS = 30;
const EDGES = 400;

/** Length up to the read-out and position of the second subject, for each indirect-object template. */
export const IOI_TEMPLATES = [[15, 10], [18, 13], [18, 13], [21, 15], [17, 13], [14, 9], [17, 11]];

/** Returns random pairs that differ at one position each; they take the `[length, position]` of `structure` in turn. */
export function randomPairs(
  n: number,
  structure: readonly number[][],
  vocabSize: number,
): PromptPair[] {
  const longest = Math.max(...structure.map(([length]) => length));
  return randomPrompts(n, longest, vocabSize).map((tokens, i) => {
    const [length, place] = structure[i % structure.length];
    const clean = tokens.slice(0, length);
    const corrupted = clean.with(place, (clean[place] + 1) % vocabSize);
    const [correct, wrong] = [[clean[1]], [clean[2]]];
    const position = length - 1;
    return { cleanText: "", corruptedText: "", clean, corrupted, position, correct, wrong };
  });
}

/** Returns the read-out of a logit difference of two tokens per prompt. */
export function logitDifferences(pairs: readonly PromptPair[]): Readout {
  const ids = Int32Array.from(pairs.flatMap(({ correct, wrong }) => [...correct, ...wrong]));
  const weights = Float32Array.from(ids, (_, i) => i % 2 ? -1 : 1);
  return { kind: "logits", ids, weights, width: 2 };
}

/** Returns a randomly initialised model of this shape. */
export function openModel(config: ModelConfig, threads?: number): HookedModel {
  return HookedModel.fromSource(randomSource(config), { runtime: new Runtime({ threads }) });
}

/**
 * Returns the floating-point operations of the matrix products of an attribution.
 *
 * Per token of a batch's suffix and per path point, the forward pass of a block costs 2·(4d² + 2dm) + 4·keys·d. Its backward
 * pass costs the same, plus 4·P·d for the keys and values of the suffix and 6·H·d for the sums in head space. Two blocks
 * cost less: the last one computes its attention output and its MLP at one position; the first one passes no gradient back
 * from its queries, keys and values, and computes these and its MLP only where the input moves. Once per batch: the prefix,
 * both prompts and D. Once per pass, counted once per prompt: gradients at the heads' inputs and the contraction with D.
 */
export function attributionFlops(
  config: ModelConfig,
  batches: readonly PromptBatch[],
  steps = STEPS,
): number {
  const { nLayers: L, dModel: d, dMlp: m } = config;
  const shape = circuitShape(config);
  let total = 0;
  for (const { clean, corrupted, prefix } of batches) {
    const [N, P, past] = [clean.length, clean[0].length, prefix[0].length];
    const block = (tokens: number, keys: number) =>
      tokens * (2 * (4 * d * d + 2 * d * m) + 4 * keys * d);
    const keys = past + P;
    const still = config.parallel ? P - movingPositions(clean, corrupted) : 0;
    const projected = 2 * still * (3 * d * d + 2 * d * m);
    const headSums = 6 * config.nHeads * d;
    const atLastLayer = 4 * (P - 1) * (d * d + 2 * d * m);
    const atFirstLayer = 6 * P * d * d + projected + still * (4 * d * m + headSums);
    const perPoint = L * (2 * block(P, keys) + 4 * P * P * d + P * headSums) - atLastLayer -
      atFirstLayer;
    const once = L * (block(past, past) + 2 * block(P, keys) + 2 * P * d * d + 6 * P * d * d) +
      projected;
    total += N * (steps * perPoint + once + contractionFlops(shape, P * d));
  }
  return total;
}

/** Returns one more than the last position at which any pair of a batch differs. */
function movingPositions(clean: readonly number[][], corrupted: readonly number[][]): number {
  return 1 + Math.max(
    ...clean.map((tokens, n) => tokens.findLastIndex((t, p) => t !== corrupted[n][p])),
  );
}

function contractionFlops(shape: CircuitShape, width: number): number {
  const perLayer = layerColumns(shape, 0).end;
  let products = prevIndex(shape, logitsColumn(shape));
  for (let l = 0; l < shape.nLayers; l++) {
    products += perLayer * prevIndex(shape, mlpColumn(shape, l));
  }
  return 2 * products * width;
}

/**
 * Times `run`, which needs `flops` floating-point operations, in turn with matrix products of `rows` rows. The peak memory
 * is that of this process so far.
 */
async function timedWithRate(
  model: HookedModel,
  rows: number,
  flops: number,
  { repeats, threads }: BenchCase,
  run: () => Promise<unknown>,
) {
  const peak = peakRssMb();
  const yardstick = await layerProducts(model.weights, rows, true, threads);
  const seconds: number[] = [], rates: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const before = await yardstick.sample();
    seconds.push(await timed(run));
    rates.push((before + await yardstick.sample()) / 2);
  }
  const measured = {
    seconds: median(seconds),
    flops,
    ofMatmulRate: median(seconds.map((s, i) => flops / s / rates[i])),
    // before the yardstick existed, unless the only run is the first
    peakRssMb: repeats > 1 ? peak : peakRssMb(),
    weightsMb: model.weights.totalBytes / MB,
  };
  return { measured, floor: flops / median(rates) };
}

async function measureAttribution(
  config: ModelConfig,
  c: BenchCase,
  structure: readonly number[][],
): Promise<Measurement> {
  const model = openModel(config, c.threads);
  const pairs = randomPairs(c.prompts, structure, config.vocabSize);
  const batches = promptBatches(pairs, logitDifferences(pairs), { batchSize: 10 });
  const run = () => attribute(model, batches, { steps: STEPS });
  // Reads the weights and compiles.
  if (c.repeats > 1) await run();
  else await attribute(model, batches, { steps: 1 });
  const flops = attributionFlops(config, batches);
  const rows = defaultTokensPerPass(config);
  const { measured, floor } = await timedWithRate(model, rows, flops, c, run);
  return {
    tokens: STEPS * batches.reduce((n, { clean }) => n + clean.length * clean[0].length, 0),
    ...measured,
    more: {
      seconds_per_prompt_step: measured.seconds / (c.prompts * STEPS),
      floor_seconds_per_prompt_step: floor / (c.prompts * STEPS),
      minutes_for_70_prompts: measured.seconds / c.prompts * 70 / 60,
    },
  };
}

/** Returns the smallest greedy circuit of random scores, in steps of 50, with at least `edges` edges after pruning. */
export function randomGreedyCircuit(shape: CircuitShape, edges: number): Uint8Array {
  const order = greedyOrder(shape, randomScores(shape, 1));
  for (let n = edges; n < order.length; n += 50) {
    const mask = pruneCircuit(shape, maskOf(shape, order, n));
    if (countEdges(mask) >= edges) return mask;
  }
  return maskOf(shape, order, order.length);
}

/**
 * Returns the floating-point operations of one circuit's run, per prompt: projections and outputs of the heads in use, MLPs
 * in use, and sums over in-edges as products with all sources before.
 */
export function evaluationFlops(
  config: ModelConfig,
  mask: Uint8Array,
  P: number,
  past: number,
): number {
  const shape = circuitShape(config);
  const { nLayers: L, dHead: e, dModel: d, dMlp: m } = config;
  const sources = Array.from(
    { length: nForward(shape) },
    (_, u) => Number(u === 0 || hasOutgoing(shape, mask, u)),
  );
  let flops = 0, before = 1;
  for (let l = 0; l < L; l++) {
    const rows = layerRows(shape, l);
    const heads = sources.slice(rows.heads, rows.mlp).reduce((a, b) => a + b, 0);
    const mlp = sources[rows.mlp];
    flops += heads * P * (8 * d * e + 4 * (P + past) * e) + mlp * P * 4 * d * m;
    flops += 2 * before * (3 * heads + mlp) * P * d;
    before += heads + mlp;
  }
  return flops + 2 * before * P * d;
}

async function measureEvaluation(config: ModelConfig, c: BenchCase): Promise<Measurement> {
  const model = openModel(config, c.threads);
  const pairs = randomPairs(c.prompts, [[POSITIONS, 10]], config.vocabSize);
  const batches = promptBatches(pairs, logitDifferences(pairs));
  const mask = randomGreedyCircuit(circuitShape(config), EDGES);
  const evaluator = await CircuitEvaluator.prepare(model, batches);
  const run = () => evaluator.evaluate([mask]);
  await run();
  const [P, past] = [batches[0].clean[0].length, batches[0].prefix[0].length];
  const flops = c.prompts * evaluationFlops(config, mask, P, past);
  const { measured } = await timedWithRate(model, c.prompts * P, flops, c, run);
  const together = await timed(() => evaluator.evaluate(new Array(8).fill(mask)));
  return {
    tokens: c.prompts * P,
    ...measured,
    more: {
      edges: countEdges(mask),
      seconds_per_prompt: measured.seconds / c.prompts,
      seconds_per_prompt_of_8: together / c.prompts / 8,
    },
  };
}

const common = { shapes: ["pythia-70m", "pythia-160m"], prompts: [10] };

export const benches: Bench[] = [
  {
    name: "attribution",
    description: "EAP-IG with 30 points on prompts of 21 tokens that differ at position 10",
    ...common,
    measure: (config, c) => measureAttribution(config, c, [[POSITIONS, 10]]),
  },
  {
    name: "attribution_ioi",
    description: "EAP-IG with 30 points on prompts as in the indirect-object task",
    ...common,
    measure: (config, c) => measureAttribution(config, c, IOI_TEMPLATES),
  },
  {
    name: "attribution_ioi_410m",
    description: "the same for 70 prompts, estimated from 14 unless --prompts 70 is given",
    shapes: ["pythia-410m"],
    prompts: [14],
    measure: (config, c) => measureAttribution(config, { ...c, repeats: 1 }, IOI_TEMPLATES),
  },
  {
    name: "circuit_evaluation",
    description: "one circuit of 400 edges, and the same per circuit when 8 are run together",
    ...common,
    measure: measureEvaluation,
  },
];
