/**
 * The circuit behind a task at one checkpoint:
 *
 *  1. scores of all edges (attribution);
 *  2. the metric of the whole model on clean prompts (baseline) and on corrupted ones, and whether the model does the
 *     task (`abilityOf`);
 *  3. the smallest size n whose greedy circuit, pruned, keeps more than the threshold of the baseline (search), or top_n;
 *  4. for comparison, random circuits of the same sizes and MIB's areas; over resampled prompts, the interval of every
 *     score and the stability of the choice.
 *
 * Faithfulness is metric / baseline, as in the paper; `normalized` subtracts the corrupted level from both.
 */
import type { CheckpointSummary, CurvePoint } from "../../results/mod.ts";
import type { Progress } from "../../cli/mod.ts";
import { isRehearsal, LEAST_RISES } from "../../base/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import {
  circuitEdges,
  type CircuitShape,
  circuitShape,
  circuitStability,
  cmd,
  countEdges,
  cpr,
  edgeCell,
  edgeCount,
  edgeScores,
  greedyOrder,
  maskOf,
  mibEdgeCounts,
  nBackward,
  nForward,
  nodesInCircuit,
  pruneCircuit,
  randomOrder,
  scoreIntervals,
  type Scores,
  searchCircuitSize,
  topnOrder,
} from "../../circuits/mod.ts";
import { edgeName } from "../../names/mod.ts";
import { type Evaluation, FaithfulnessScale, prepareEvaluation } from "./faithfulness_scale.ts";
import type { CircuitConfig } from "./settings.ts";
import type { CircuitTask } from "./task.ts";

/** What is found at one checkpoint. */
export interface CheckpointCircuit {
  /** the entry of summary.json */
  summary: CheckpointSummary;
  /** `[nForward, nBackward]` */
  scores: Float32Array;
  /** `[nForward, nBackward]`, 1 = in the circuit */
  mask: Uint8Array;
  /** faithfulness by size, in the order of evaluation */
  curve: Map<number, number>;
}

/** Finds the circuit of one checkpoint; see the header. */
export async function findCircuit(
  model: HookedModel,
  task: Pick<CircuitTask, "prompts" | "readout" | "metric">,
  config: CircuitConfig,
  step: number,
  progress: Progress,
): Promise<CheckpointCircuit> {
  const shape = circuitShape(model.config);
  const evaluation = await prepareEvaluation(model, task, config);
  // An adaptive path must know how much the metric changes; other paths have more memory without the scale.
  const before = config.quadrature === "adaptive"
    ? await FaithfulnessScale.of(model, evaluation, config)
    : undefined;
  const attribution = await scoreEdges(model, evaluation, config, progress, before?.meanChange);
  const { scores, completeness, perPrompt } = attribution;
  const scale = before ?? await FaithfulnessScale.of(model, evaluation, config);
  const leastRise = config.least_rise ?? LEAST_RISES[task.metric];
  const { able, interval, accuracy, rise } = scale.ability({ seed: config.seed, leastRise });
  const { size, curve, points, mask } = await chooseSize(scale, shape, scores, config, progress);
  const sizes = [...curve.keys()].sort((a, b) => a - b);
  const random = config.random_baseline
    ? await scale.ofOrder(randomOrder(shape, config.seed, sizes.at(-1)), sizes)
    : [];
  const areas = config.mib ? await mibAreas(scale, shape, scores) : {};
  const circuit = circuitEdges(shape, scores, mask);
  const stability = perPrompt && resample(shape, circuit, size, config, {
    nPrompts: task.prompts.length,
    scores: perPrompt,
  });
  const { faithfulness, normalized } = points.get(size)!;
  const summary: CheckpointSummary = {
    step,
    baseline: scale.baseline,
    corrupted: scale.corrupted,
    ability: { able, interval, accuracy, rise: rise! },
    size,
    edges: countEdges(mask),
    nodes: nodesInCircuit(shape, mask),
    circuit,
    faithfulness,
    normalized,
    curve: sizes.map((n) => points.get(n)!),
    random,
    completeness,
    ...areas,
    ...(stability !== undefined && { stability }),
  };
  return { summary, scores, mask, curve };
}

/** Scores all edges, and shows the progress. */
async function scoreEdges(
  model: HookedModel,
  { batches, means }: Evaluation,
  config: CircuitConfig,
  progress: Progress,
  meanChange?: number,
) {
  const scoring = progress.begin("scores", 1);
  return await edgeScores(model, batches, {
    method: config.method,
    steps: config.ig_steps,
    quadrature: config.quadrature,
    tolerance: config.tolerance,
    meanChange,
    compat: config.compat,
    perPrompt: config.bootstrap > 0,
    intervention: config.intervention,
    means,
    onProgress: (done, total) => scoring.update(done / total),
  });
}

/** Returns the edges in the order in which the configured selection takes them, at most `limit` if it is greedy. */
function edgeOrder(
  shape: CircuitShape,
  scores: Scores,
  { selection, absolute }: CircuitConfig,
  limit?: number,
): Int32Array {
  return selection === "greedy"
    ? greedyOrder(shape, scores, { absolute, limit })
    : topnOrder(shape, scores, { absolute });
}

/** Searches the smallest faithful size, or takes top_n; returns all evaluated points by size, and the pruned circuit. */
async function chooseSize(
  scale: FaithfulnessScale,
  shape: CircuitShape,
  scores: Scores,
  config: CircuitConfig,
  progress: Progress,
) {
  const most = edgeCount(shape);
  const end = Math.min(Math.max(config.end, 1), most);
  let size = Math.min(config.top_n, most);
  const order = edgeOrder(shape, scores, config, Math.max(end, size));
  const points = new Map<number, CurvePoint>();
  const searching = progress.begin("circuits", 1);
  const evaluate = async (sizes: number[]): Promise<number[]> => {
    const found = await scale.ofOrder(order, sizes);
    for (const point of found) {
      points.set(point.size, point);
      searching.update(Math.min(0.99, point.size / end), `${points.size} circuits`);
    }
    if (isRehearsal()) return sizes.map((n) => assumedFaithfulness(n, config));
    return found.map((point) => point.faithfulness);
  };
  let curve = new Map<number, number>();
  if (config.verify) {
    const { threshold, step } = config;
    const range = { threshold, start: Math.min(config.start, end), end, step };
    ({ size, curve } = await searchCircuitSize(config.search_type, evaluate, range));
  }
  if (!points.has(size)) await evaluate([size]);
  if (!curve.has(size)) curve.set(size, points.get(size)!.faithfulness);
  return { size, curve, points, mask: pruneCircuit(shape, maskOf(shape, order, size)) };
}

/** Share of the search's range at which a rehearsal, whose metrics are made up, finds the circuit. */
const ASSUMED_SIZE = 0.1;

/** Returns what a rehearsal takes for the faithfulness of n edges: it passes the threshold at a tenth of `end`. */
function assumedFaithfulness(n: number, { threshold, end }: CircuitConfig): number {
  const passes = n > ASSUMED_SIZE * end;
  return threshold * (passes ? 1.2 : n / (ASSUMED_SIZE * end) * 0.99);
}

/** Returns CPR, for which edges rank by signed scores, and CMD, for which they rank by absolute scores (MIB). */
async function mibAreas(scale: FaithfulnessScale, shape: CircuitShape, scores: Scores) {
  const sizes = mibEdgeCounts(edgeCount(shape));
  const area = async (absolute: boolean, of: typeof cpr) => {
    const points = await scale.ofOrder(topnOrder(shape, scores, { absolute }), sizes);
    return of(points.map((point) => point.normalized));
  };
  return { cpr: await area(false, cpr), cmd: await area(true, cmd) };
}

/** Gives every edge of a circuit the interval of its score over resampled prompts; returns the circuit's stability. */
function resample(
  shape: CircuitShape,
  circuit: CheckpointSummary["circuit"],
  size: number,
  config: CircuitConfig,
  perPrompt: { nPrompts: number; scores: Float32Array },
): number {
  const options = { resamples: config.bootstrap, seed: config.seed };
  const intervals = scoreIntervals(perPrompt, circuit.map((edge) => cellOf(shape, edge)), options);
  circuit.forEach((edge, i) => edge.interval = intervals[i]);
  return circuitStability(
    perPrompt,
    (means) => pruneCircuit(shape, maskOf(shape, edgeOrder(shape, means, config, size), size)),
    options,
  );
}

/** Returns the mask `[nForward, nBackward]` of a circuit listed in a summary. */
export function maskOfCircuit(
  shape: CircuitShape,
  circuit: CheckpointSummary["circuit"],
): Uint8Array {
  const mask = new Uint8Array(nForward(shape) * nBackward(shape));
  for (const edge of circuit) mask[cellOf(shape, edge)] = 1;
  return mask;
}

function cellOf(shape: CircuitShape, edge: CheckpointSummary["circuit"][number]): number {
  return edgeCell(shape, edgeName(edge));
}
