/**
 * The attribution graph of a prompt: every direct effect between active features, errors, tokens, biases and targets in the
 * frozen model (`linear_run.ts`).
 *
 *     edge(target, source) = ⟨what the source writes, derivative of the target at that place⟩
 *     Σ_sources edge(target, ·) = the feature's pre-activation, or the target's value      (conservation)
 *
 *  1. Estimate the memory, and refuse or cap before anything is computed (`memory.ts`).
 *  2. Propagate the rows of the targets; then those of all features, or of the features with the largest influence under a cap
 *     (`capped.ts`).
 *  3. Under a cap, the edges from features without rows go to the bias node `left_out`, so that conservation still holds.
 *
 * Source: Ameisen et al. (2025), circuit-tracer. The nodes for biases, and with them conservation, are this program's.
 */
import {
  type BiasNode,
  type LayerMaps,
  layerMaps,
  type LinearRun,
  type Reading,
  readingAt,
  readStream,
  type Sources,
  sourcesOf,
  Walk,
  type WalkRow,
} from "../linear/mod.ts";
import type { GraphTarget } from "./targets.ts";
import { checkMemory } from "./memory.ts";
import { cappedFeatures, type LeftOut } from "./capped.ts";

/** Options of {@link attributionGraph}. */
export interface GraphOptions {
  /** largest number of feature nodes; takes those with the largest influence. Default: all */
  maxFeatures?: number;
  /** features whose rows are computed between two rankings under a cap; default 2,048 (circuit-tracer: 4 batches of 512) */
  perRanking?: number;
  /** whether position embeddings are a bias node; otherwise they belong to the token nodes */
  ownPositions?: boolean;
  /** bytes that the graph and its computation may take besides model and coders; default 1.5 GB */
  memoryBudget?: number;
}

/** An attribution graph. K features, L layers, n positions, T targets. */
export interface AttributionGraph {
  /** token ids of the prompt */
  tokens: readonly number[];
  /** number of layers L */
  layers: number;
  /** (layer, position, feature) of each feature, `[K, 3]` */
  features: Int32Array;
  /** activation of each feature, `[K]` */
  activations: Float32Array;
  /** targets, `[T]` */
  targets: readonly GraphTarget[];
  /** bias nodes, in the order of their columns */
  biases: readonly BiasNode[];
  /** number of columns: K features, L·n errors (layer-major), n tokens, biases */
  columns: number;
  /** edges `[K + T, columns]`: a row per feature, then per target; a column per source */
  edges: Float32Array;
  /** what each row should add up to, `[K + T]`: pre-activation of the feature, value of the target */
  values: Float64Array;
  /** what a cap left out */
  leftOut?: LeftOut;
}

/** Everything to compute rows of a run's graph with. */
export interface GraphRows {
  /** what is written */
  sources: Sources;
  /** prepared maps of the layers */
  maps: readonly LayerMaps[];
  /** propagates rows */
  walk: Walk;
  /** Returns the row of an active feature. */
  featureRow(feature: number): WalkRow;
  /** constant that a feature's row adds to the bias node `reading` */
  featureConstant(feature: number): number;
  /** Returns rows and constants of targets. */
  targetRows(targets: readonly GraphTarget[]): Promise<{ rows: WalkRow[]; constants: number[] }>;
}

/** Prepares the rows of a run's graph. @param bytes memory of a batch of rows */
export async function graphRows(
  run: LinearRun,
  { ownPositions = false, bytes }: { ownPositions?: boolean; bytes?: number } = {},
): Promise<GraphRows> {
  const maps = await layerMaps(run);
  const sources = sourcesOf(run, maps, ownPositions);
  const readings: Reading[] = [];
  for (const { config } of run.coders) {
    readings.push(await readingAt(run, config.inputHook, config.inputConvention));
  }
  const { places } = run.features;
  const place = (i: number) => [places[3 * i], places[3 * i + 1], places[3 * i + 2]];
  const encoderRow = (layer: number, feature: number) => {
    const { config: { dIn }, weights: { W_enc } } = run.coders[layer];
    return W_enc.data.subarray(feature * dIn, (feature + 1) * dIn);
  };
  return {
    sources,
    maps,
    walk: new Walk(run, maps, sources, bytes),
    featureRow(i) {
      const [layer, position, feature] = place(i);
      const write = (out: Float32Array) =>
        void readStream(readings[layer], encoderRow(layer, feature), position, out);
      return { stage: readings[layer].stage, position, write };
    },
    featureConstant(i) {
      const [layer, , feature] = place(i);
      const { bias } = readings[layer];
      let total = run.coders[layer].weights.b_enc.data[feature];
      if (bias) encoderRow(layer, feature).forEach((w, j) => total += w * bias[j]);
      return total;
    },
    async targetRows(targets) {
      const rows: WalkRow[] = [], constants: number[] = [];
      const d = run.model.config.dModel;
      for (const { hook, convention, position, vector, constant = 0 } of targets) {
        const reading = await readingAt(run, hook, convention);
        const stream = new Float32Array(d);
        constants.push(constant + readStream(reading, vector, position, stream));
        rows.push({ stage: reading.stage, position, write: (out) => out.set(stream) });
      }
      return { rows, constants };
    },
  };
}

/**
 * Computes the attribution graph of a linearised run; see the header.
 * @param targets at least one
 * @throws UserError with the estimate and what to change if the memory does not suffice. Error if there is no
 * target, or for a cap that is not a whole number from 1 on.
 */
export async function attributionGraph(
  run: LinearRun,
  targets: readonly GraphTarget[],
  { maxFeatures = Infinity, perRanking = 2048, ownPositions, memoryBudget }: GraphOptions = {},
): Promise<AttributionGraph> {
  if (targets.length === 0) throw new Error("an attribution graph needs at least one target");
  if (maxFeatures !== Infinity && !(Number.isInteger(maxFeatures) && maxFeatures >= 1)) {
    throw new Error(`maxFeatures is ${maxFeatures}; expected a whole number from 1 on`);
  }
  const { features: { count: K, places, activations, preActivations }, tokens, model } = run;
  const bytes = checkMemory(run, targets.length, Math.min(K, maxFeatures), memoryBudget);
  const prepared = await graphRows(run, { ownPositions, bytes });
  const { sources, walk } = prepared;
  const { rows: targetRows, constants } = await prepared.targetRows(targets);
  const T = targets.length, capped = K > maxFeatures, kept = capped ? maxFeatures : K;
  const { columns } = sources;
  const edges = new Float32Array((kept + T) * columns);
  const reading = sources.bias("reading");

  const addTargets = async () => {
    await walk.edges(targetRows, { data: edges, offset: (r) => (kept + r) * columns });
    constants.forEach((c, r) => edges[(kept + r) * columns + reading] += c);
  };
  /** Computes the rows of features into rows `from`, `from + 1`, … */
  const addFeatures = async (chosen: readonly number[], from: number) => {
    const rows = chosen.map((i) => prepared.featureRow(i));
    await walk.edges(rows, { data: edges, offset: (r) => (from + r) * columns });
    chosen.forEach((i, r) => edges[(from + r) * columns + reading] += prepared.featureConstant(i));
  };
  await addTargets();
  const targetValues = targets.map((_, r) => targetValue(run, targetRows[r], constants[r]));
  const common = { tokens, layers: model.config.nLayers, targets, biases: sources.biases };
  if (!capped) {
    await addFeatures(Array.from({ length: K }, (_, i) => i), 0);
    const values = Float64Array.from([...preActivations, ...targetValues]);
    return { ...common, features: places, activations, columns, edges, values };
  }
  const { selected, leftOut, compacted, width } = await cappedFeatures(
    {
      edges,
      columns,
      firstBias: sources.firstBias,
      features: K,
      leftOut: sources.bias("left_out"),
    },
    targets.map(({ weight }) => weight),
    { most: kept, perRanking },
    addFeatures,
  );
  return {
    ...common,
    features: Int32Array.from(selected.flatMap((i) => [...places.subarray(3 * i, 3 * i + 3)])),
    activations: Float32Array.from(selected, (i) => activations[i]),
    columns: width,
    edges: compacted,
    values: Float64Array.from([...selected.map((i) => preActivations[i]), ...targetValues]),
    leftOut,
  };
}

/** Returns the value of a target, from the residual streams of the run itself. */
function targetValue(
  run: LinearRun,
  { stage, position, write }: WalkRow,
  constant: number,
): number {
  const d = run.model.config.dModel;
  const stream = run.streams[stage], row = new Float32Array(d);
  write(row);
  let total = constant;
  for (let i = 0; i < d; i++) total += row[i] * stream[position * d + i];
  return total;
}
