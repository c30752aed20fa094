/**
 * Circuits on random weights: attribution by EAP-IG (30 path points) and the evaluation of circuits.
 *
 *   attribution            21 positions, clean and corrupted prompts differing at position 10 only
 *   attribution_ioi        lengths and second subjects of the indirect-object templates, differing from there on
 *   attribution_ioi_410m   the same for the shape and the 70 prompts of a real run, estimated from fewer unless
 *                          `--prompts 70` is given
 *   circuit_evaluation     one greedy circuit of random scores, 400 edges or a few more after pruning
 *
 * FLOPs are those of the matrix products that are executed, see `attributionFlops`. The rate is that of bare matrix
 * products of a pass's size, timed before and after every run.
 */
import { attribute, defaultTokensPerPass } from "../utils/circuits/attribution/attribution.ts";
import { CircuitEvaluator } from "../utils/circuits/evaluation/evaluation.ts";
import {
  type CircuitShape,
  nBackward,
  nForward,
  prevIndex,
} from "../utils/circuits/graph/graph.ts";
import { circuitShape } from "../utils/circuits/graph/model_shape.ts";
import { type PromptBatch, promptBatches } from "../utils/tasks/prompt_batches.ts";
import { pruneCircuit } from "../utils/circuits/graph/pruning.ts";
import { randomScores } from "../utils/circuits/choice/random_circuit.ts";
import { greedyOrder, maskOf } from "../utils/circuits/choice/selection.ts";
import type { ModelConfig } from "../utils/model/config.ts";
import { HookedModel } from "../utils/model/hooked_model.ts";
import { Runtime } from "../utils/model/runtime.ts";
import { randomSource } from "../utils/model/weights/weight_source.ts";
import type { PromptPair } from "../utils/tasks/prompt_pair.ts";
import { type Bench, type BenchCase, type Measurement, median, peakRssMb } from "./bench.ts";
import { POSITIONS, randomPrompts, timed } from "./bench.ts";
import { Yardstick } from "./yardstick.ts";

const MB = 2 ** 20;
/** path points */
export const STEPS = 30;
const EDGES = 400;

/** Lengths up to the read-out and places of the second subject in the indirect-object templates. */
const IOI_TEMPLATES = [[15, 10], [18, 13], [18, 13], [21, 15], [17, 13], [14, 9], [17, 11]];

/** Random pairs that differ at one place each: `[length, place]` in turn. */
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

/** Logit differences of two tokens per prompt. */
export function logitDifferences(pairs: readonly PromptPair[]) {
  const ids = Int32Array.from(pairs.flatMap(({ correct, wrong }) => [...correct, ...wrong]));
  const weights = Float32Array.from(ids, (_, i) => i % 2 ? -1 : 1);
  return { kind: "logits" as const, ids, weights, width: 2 };
}

export function openModel(config: ModelConfig, threads?: number): HookedModel {
  return HookedModel.fromSource(randomSource(config), { runtime: new Runtime({ threads }) });
}

/**
 * Floating-point operations of the matrix products of an attribution. Per token of a batch's suffix and path point, a
 * block's forward pass costs 2·(4d² + 2dm) + 4·keys·d; its backward pass as much, and 4·P·d for the keys and values of
 * the suffix, and 6·H·d for the sums behind the heads' gradients. The last block's attention output and MLP are computed
 * at one position, and the first block passes no gradient back from its queries, keys and values, which it projects,
 * like its MLP, where the input moves only. Once per batch: the prefix, both prompts and D. Once per pass, taken as once
 * per prompt: gradients at the heads' inputs and the contraction with D.
 */
export function attributionFlops(config: ModelConfig, batches: readonly PromptBatch[]): number {
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
    total += N * (STEPS * perPoint + once + contractionFlops(shape, P * d));
  }
  return total;
}

/** One more than the last position at which any pair of a batch differs. */
function movingPositions(clean: readonly number[][], corrupted: readonly number[][]): number {
  return 1 + Math.max(
    ...clean.map((tokens, n) => tokens.findLastIndex((t, p) => t !== corrupted[n][p])),
  );
}

function contractionFlops(shape: CircuitShape, width: number): number {
  const perLayer = 3 * shape.nHeads + 1;
  let products = prevIndex(shape, shape.nLayers * perLayer);
  for (let l = 0; l < shape.nLayers; l++) {
    products += perLayer * prevIndex(shape, (l + 1) * perLayer - 1);
  }
  return 2 * products * width;
}

/**
 * Times `run`, of so many floating-point operations, in turn with the rate of matrix products of `rows` rows. The peak
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
  const yardstick = await Yardstick.of(model.weights, rows, true, threads);
  await yardstick.rate();
  const seconds: number[] = [], rates: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const before = await yardstick.rate();
    seconds.push(await timed(run));
    rates.push((before + await yardstick.rate()) / 2);
  }
  const measured = {
    seconds: median(seconds),
    flops,
    ofMatmulRate: median(seconds.map((s, i) => flops / s / rates[i])),
    // before the yardstick was there, unless the one run is the first
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

/** The smallest greedy circuit of random scores, in steps of 50, that has so many edges after pruning. */
export function randomGreedyCircuit(shape: CircuitShape, edges: number): Uint8Array {
  const order = greedyOrder(shape, randomScores(shape, 1));
  for (let n = edges; n < order.length; n += 50) {
    const mask = pruneCircuit(shape, maskOf(shape, order, n));
    if (mask.reduce((a, b) => a + b, 0) >= edges) return mask;
  }
  return maskOf(shape, order, order.length);
}

/**
 * Products of one circuit's run, per prompt: head projections, their outputs, MLPs in use, and sums over in-edges as
 * products with all sources before.
 */
export function evaluationFlops(config: ModelConfig, mask: Uint8Array, P: number, past: number) {
  const shape = circuitShape(config);
  const { nHeads: H, nLayers: L, dHead: e, dModel: d, dMlp: m } = config;
  const columns = nBackward(shape);
  const used = (u: number): number =>
    u === 0 || mask.subarray(u * columns, (u + 1) * columns).includes(1) ? 1 : 0;
  const sources = Array.from({ length: nForward(shape) }, (_, u) => used(u));
  let flops = 0, before = 1;
  for (let l = 0; l < L; l++) {
    const first = 1 + l * (H + 1);
    const heads = sources.slice(first, first + H).reduce((a, b) => a + b, 0);
    const mlp = sources[first + H];
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
      edges: mask.reduce((a, b) => a + b, 0),
      seconds_per_prompt: measured.seconds / c.prompts,
      seconds_per_prompt_of_8: together / c.prompts / 8,
    },
  };
}

const common = { shapes: ["pythia-70m", "pythia-160m"], prompts: [10] };

export const benches: Bench[] = [
  {
    name: "attribution",
    description: "EAP-IG, 30 points, prompts of 21 tokens that differ at position 10",
    ...common,
    measure: (config, c) => measureAttribution(config, c, [[POSITIONS, 10]]),
  },
  {
    name: "attribution_ioi",
    description: "EAP-IG, 30 points, prompts as in the indirect-object task",
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
