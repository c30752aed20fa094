/**
 * The circuit behind a task at one checkpoint:
 *
 *  1. scores of all edges (attribution);
 *  2. the metric of the whole model on clean prompts (baseline) and on corrupted ones;
 *  3. the smallest size n whose greedy circuit, pruned, keeps more than the threshold of the baseline (search), or top_n;
 *  4. beside it random circuits of the same sizes, MIB's areas, and over resampled prompts the interval of every score
 *     and the stability of the choice.
 *
 * Faithfulness is metric / baseline, as the paper has it; `normalized` subtracts the corrupted level from both.
 */
import type { CheckpointSummary, CurvePoint } from "../../results/circuit_summary.ts";
import type { Progress } from "../../cli/progress.ts";
import { mean } from "../../base/statistics.ts";
import type { HookedModel } from "../../model/hooked_model.ts";
import type { Readout } from "../../model/blocks/embedding.ts";
import type { PromptPair } from "../../tasks/prompt_pair.ts";
import { meanActivations } from "../../circuits/activations/activations.ts";
import { circuitStability, scoreIntervals } from "../../circuits/choice/bootstrap.ts";
import { circuitEdges } from "../../circuits/graph/circuit_edges.ts";
import { edgeScores } from "../../circuits/scoring/edge_scores.ts";
import { CircuitEvaluator } from "../../circuits/evaluation/evaluation.ts";
import type { CircuitConfig } from "./settings.ts";
import { countEdges, nodesInCircuit } from "../../circuits/graph/circuit_mask.ts";
import { type CircuitShape, edgeCell, edgeCount } from "../../circuits/graph/graph.ts";
import { cmd, cpr, mibEdgeCounts } from "../../circuits/choice/mib.ts";
import { circuitShape } from "../../circuits/graph/model_shape.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { edgeName } from "../../names/nodes.ts";
import { pruneCircuit } from "../../circuits/graph/pruning.ts";
import { randomOrder } from "../../circuits/choice/random_circuit.ts";
import { searchCircuitSize } from "../../circuits/choice/search.ts";
import { greedyOrder, maskOf, topnOrder } from "../../circuits/choice/selection.ts";
import { type Scores } from "../../circuits/graph/graph.ts";

export interface CheckpointCircuit {
  summary: CheckpointSummary;
  /** `[nForward, nBackward]` */
  scores: Float32Array;
  mask: Uint8Array;
  /** faithfulness by size in the order of evaluation */
  curve: Map<number, number>;
}

/** Metric of circuits against the whole model and the corrupted run. */
export class FaithfulnessScale {
  readonly baseline: number;
  readonly corrupted: number;
  constructor(readonly evaluator: CircuitEvaluator) {
    this.baseline = mean(Array.from(evaluator.cleanMetric));
    this.corrupted = mean(Array.from(evaluator.corruptedMetric));
  }

  /** Curve points of circuits; sizes are those asked for. A metric that is exactly 0 has no ratio: faithfulness 0. */
  async points(masks: readonly Uint8Array[], sizes: readonly number[]): Promise<CurvePoint[]> {
    const { shape } = this.evaluator;
    const metrics = (await this.evaluator.evaluate(masks)).map((values) =>
      mean(Array.from(values))
    );
    const ratio = (a: number, b: number) => b === 0 ? 0 : a / b;
    return metrics.map((metric, i) => ({
      size: sizes[i],
      edges: countEdges(pruneCircuit(shape, masks[i])),
      faithfulness: ratio(metric, this.baseline),
      normalized: ratio(metric - this.corrupted, this.baseline - this.corrupted),
    }));
  }
}

/** Prompt batches and, for mean interventions, the means over the corrupted prompts. */
export async function prepareEvaluation(
  model: HookedModel,
  prompts: readonly PromptPair[],
  readout: Readout,
  config: CircuitConfig,
) {
  const { intervention, batch_size: batchSize } = config;
  const batches = promptBatches(prompts, readout, {
    batchSize,
    sharePrefix: intervention === "patching",
  });
  const means = intervention.startsWith("mean")
    ? await meanActivations(
      model,
      prompts.map((p) => p.corrupted.slice(0, p.position + 1)),
      intervention === "mean-positional",
    )
    : undefined;
  return { batches, means };
}

/** Finds the circuit of one checkpoint; see the header. */
export async function findCircuit(
  model: HookedModel,
  prompts: readonly PromptPair[],
  readout: Readout,
  config: CircuitConfig,
  stepNumber: number,
  progress: Progress,
): Promise<CheckpointCircuit> {
  const shape = circuitShape(model.config);
  const { batches, means } = await prepareEvaluation(model, prompts, readout, config);
  const { intervention } = config;

  const scoring = progress.begin("scores", 1);
  const attribution = await edgeScores(model, batches, {
    method: config.method,
    steps: config.ig_steps,
    quadrature: config.quadrature,
    compat: config.compat,
    perPrompt: config.bootstrap > 0,
    intervention,
    means,
    onProgress: (done, total) => scoring.update(done / total),
  });
  const { scores } = attribution;
  const order = (matrix: Scores, limit?: number) =>
    config.selection === "greedy"
      ? greedyOrder(shape, matrix, { absolute: config.absolute, limit })
      : topnOrder(shape, matrix, { absolute: config.absolute });

  const evaluator = await CircuitEvaluator.prepare(model, batches, { intervention, means });
  const scale = new FaithfulnessScale(evaluator);
  const end = Math.min(Math.max(config.end, 1), edgeCount(shape));
  const chosen = order(scores, Math.max(end, Math.min(config.top_n, edgeCount(shape))));
  const points = new Map<number, CurvePoint>();
  const searching = progress.begin("circuits", 1);
  const evaluate = async (sizes: number[]): Promise<number[]> => {
    const found = await scale.points(sizes.map((n) => maskOf(shape, chosen, n)), sizes);
    for (const point of found) {
      points.set(point.size, point);
      searching.update(Math.min(0.99, point.size / end), `${points.size} circuits`);
    }
    return found.map((point) => point.faithfulness);
  };
  let size = Math.min(config.top_n, edgeCount(shape));
  let curve = new Map<number, number>();
  if (config.verify) {
    const range = {
      threshold: config.threshold,
      start: Math.min(config.start, end),
      end,
      step: config.step,
    };
    const search = await searchCircuitSize(config.search_type, evaluate, range);
    ({ size, curve } = search);
  }
  if (!points.has(size)) await evaluate([size]);
  if (!curve.has(size)) curve.set(size, points.get(size)!.faithfulness);

  const mask = pruneCircuit(shape, maskOf(shape, chosen, size));
  const circuit = circuitEdges(shape, scores, mask);
  const sizes = [...curve.keys()].sort((a, b) => a - b);
  const random = config.random_baseline ? await randomCurve(scale, shape, sizes, config.seed) : [];
  const summary: CheckpointSummary = {
    step: stepNumber,
    baseline: scale.baseline,
    corrupted: scale.corrupted,
    size,
    edges: countEdges(mask),
    nodes: nodesInCircuit(shape, mask),
    circuit,
    faithfulness: points.get(size)!.faithfulness,
    normalized: points.get(size)!.normalized,
    curve: sizes.map((n) => points.get(n)!),
    random,
    completeness: attribution.completeness,
  };
  if (config.mib) Object.assign(summary, await mibAreas(scale, shape, scores));
  if (attribution.perPrompt) {
    const perPrompt = { nPrompts: prompts.length, scores: attribution.perPrompt };
    const options = { resamples: config.bootstrap, seed: config.seed };
    const cells = circuit.map((edge) => cellOf(shape, edge));
    const intervals = scoreIntervals(perPrompt, cells, options);
    circuit.forEach((edge, i) => edge.interval = intervals[i]);
    summary.stability = circuitStability(
      perPrompt,
      (resampled) => pruneCircuit(shape, maskOf(shape, order(resampled, size), size)),
      options,
    );
  }
  return { summary, scores, mask, curve };
}

const cellOf = (shape: CircuitShape, edge: CheckpointSummary["circuit"][number]): number =>
  edgeCell(shape, edgeName(edge));

/** The mask of a circuit as a summary lists it. */
export function maskOfCircuit(
  shape: CircuitShape,
  circuit: CheckpointSummary["circuit"],
  cells: number,
): Uint8Array {
  const mask = new Uint8Array(cells);
  for (const edge of circuit) mask[cellOf(shape, edge)] = 1;
  return mask;
}

async function randomCurve(
  scale: FaithfulnessScale,
  shape: CircuitShape,
  sizes: number[],
  seed: number,
) {
  const order = randomOrder(shape, seed, sizes.at(-1));
  return await scale.points(sizes.map((n) => maskOf(shape, order, n)), sizes);
}

/** CPR ranks by signed, CMD by absolute scores; both choose the best n (field: MIB). */
async function mibAreas(scale: FaithfulnessScale, shape: CircuitShape, scores: Scores) {
  const sizes = mibEdgeCounts(edgeCount(shape));
  const area = async (absolute: boolean, of: typeof cpr) => {
    const order = topnOrder(shape, scores, { absolute });
    const points = await scale.points(sizes.map((n) => maskOf(shape, order, n)), sizes);
    return of(points.map((point) => point.normalized));
  };
  return { cpr: await area(false, cpr), cmd: await area(true, cmd) };
}
