/**
 * Attribution graphs of a reference case, made with our rows, one line per quantity of `graphs.safetensors` and `graphs.json`:
 *
 *  {set}.active_features, activation_values, errors, targets, logit_probabilities
 *  {set}.adjacency, influence, cumulative, node_mask, edges, replacement_score, completeness_score
 *  {set}.value, rest           what a row adds up to, and its part from biases
 *  {set}_top{n}.*              the same under a cap of n features, ranked again after every 16
 *  graph_relu.*                the graph file of the set relu (`graph_json.ts`)
 *  {set}_custom, {set}_ids     other targets: a difference of two logits, logits by id
 *
 * A set that the case has no coders of is left out. Settings are those of the format: position 0 ignored, the position
 * embedding not part of the tokens, 6 logits or a probability of 0.9, thresholds 0.8 and 0.98.
 */
import { join } from "@std/path";
import { isFolder, readJson } from "../../base/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { openSafetensors, type TensorSet } from "../../tensor_files/mod.ts";
import { openCoders } from "../../transcoders/mod.ts";
import {
  type AttributionGraph,
  attributionGraph,
  graphScores,
  type LinearRun,
  linearRun,
  logitDifference,
  logitTargets,
  nodeCount,
  type PrunedGraph,
  pruneGraph,
} from "../../feature_circuits/mod.ts";
import { graphJsonRows } from "./graph_json.ts";
import type { GraphRow } from "./row.ts";
import { relativeError } from "../comparison.ts";

/** One entry of `graphs.json`. */
interface GraphEntry {
  targets?: number[];
  features?: number;
  ids?: [number, number];
  replacement_score?: number;
  completeness_score?: number;
}

/** Settings of the format. */
const LOGITS = { most: 6, probability: 0.9 };
const PER_RANKING = 16;

/** Names of tensors that are numbers of nodes or masks. */
const EXACT = new Set(["active_features", "node_mask", "edges", "selected_features", "targets"]);

/** Our values of a graph, by the names of the reference. */
function valuesOf(
  graph: AttributionGraph,
  pruned: PrunedGraph,
): Record<string, ArrayLike<number>> {
  const { features, activations, targets, columns, edges, values } = graph;
  const rows = activations.length + targets.length, N = nodeCount(graph), S = N - targets.length;
  const adjacency = new Float32Array(rows * N), rest = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    adjacency.set(edges.subarray(r * columns, r * columns + S), r * N);
    for (let b = S; b < columns; b++) rest[r] += edges[r * columns + b];
  }
  const { replacement, completeness } = graphScores(graph);
  return {
    active_features: features,
    activation_values: activations,
    targets: targets.map(({ token }) => token ?? -1),
    logit_probabilities: targets.map(({ weight }) => weight),
    adjacency,
    value: values,
    rest,
    influence: pruned.influence,
    cumulative: pruned.shares,
    node_mask: pruned.nodes,
    edges: pruned.edges,
    replacement_score: [replacement],
    completeness_score: [completeness],
  };
}

/** Compares the values of one graph that the reference has. */
async function* compared(
  name: string,
  values: Record<string, ArrayLike<number>>,
  entry: GraphEntry,
  tensors: TensorSet,
): AsyncGenerator<GraphRow> {
  for (const [key, ours] of Object.entries(values)) {
    const quantity = `${name}.${key}`;
    const inJson = entry[key as keyof GraphEntry];
    const reference: ArrayLike<number> | undefined = tensors.names().includes(quantity)
      ? await tensors.read(quantity)
      : typeof inJson === "number"
      ? [inJson]
      : inJson;
    if (!reference) continue;
    const exact = EXACT.has(key);
    const error = exact
      ? shareThatDiffers(ours, reference)
      : ours.length !== reference.length
      ? Infinity
      : relativeError(Float32Array.from(ours), Float32Array.from(reference));
    yield { quantity, error, exact };
  }
}

function shareThatDiffers(ours: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (ours.length !== reference.length) return 1;
  const wrong = Array.from(ours).filter((x, i) => x !== reference[i]).length;
  return ours.length === 0 ? 0 : wrong / ours.length;
}

/** Yields the compared quantities of every set that the case in a folder has coders of. */
export async function* coderGraphRows(dir: string, model: HookedModel): AsyncGenerator<GraphRow> {
  const json = await readJson(join(dir, "graphs.json")) as
    & Record<string, GraphEntry>
    & { tokens: number[]; graph_metadata?: { graphs: unknown[] } };
  const tensors = await openSafetensors(join(dir, "graphs.safetensors"));
  try {
    const sets = Object.keys(json).filter((name) => isFolder(join(dir, "transcoders", name)));
    for (const set of sets) {
      const { coders } = await openCoders(join(dir, "transcoders", set));
      const run = await linearRun(model, coders, json.tokens, { ignore: [0] });
      yield* ofSet(set, run, json, tensors);
      if (set === "relu") yield* fileRows(dir, run, json.graph_metadata);
    }
  } finally {
    tensors.close();
  }
}

async function* fileRows(
  dir: string,
  run: LinearRun,
  listed?: { graphs: unknown[] },
): AsyncGenerator<GraphRow> {
  const targets = await logitTargets(run, LOGITS);
  const graph = await attributionGraph(run, targets, { ownPositions: true });
  yield* graphJsonRows(dir, graph, pruneGraph(graph), run.model.config.vocabSize, listed);
}

async function* ofSet(
  set: string,
  run: LinearRun,
  json: Record<string, GraphEntry>,
  tensors: TensorSet,
): AsyncGenerator<GraphRow> {
  const targets = await logitTargets(run, LOGITS);
  const graph = (chosen: typeof targets, maxFeatures?: number) =>
    attributionGraph(run, chosen, { ownPositions: true, maxFeatures, perRanking: PER_RANKING });
  const whole = await graph(targets);
  const errors = run.errors.flatMap((layer) => Array.from(layer));
  const values = { ...valuesOf(whole, pruneGraph(whole)), errors };
  yield* compared(set, values, json[set], tensors);

  for (const [name, entry] of Object.entries(json)) {
    const most = Number(new RegExp(`^${set}_top(\\d+)$`).exec(name)?.[1]);
    if (most > 0) {
      const top = await graph(targets, most);
      const numbers = new Map(
        Array.from({ length: run.features.count }, (_, i) => [placeOf(run.features.places, i), i]),
      );
      const selected_features = Array.from(
        { length: most },
        (_, i) => numbers.get(placeOf(top.features, i))!,
      );
      yield* compared(
        name,
        { ...valuesOf(top, pruneGraph(top)), selected_features },
        entry,
        tensors,
      );
    } else if (name === `${set}_custom`) {
      const [a, b] = entry.ids!;
      yield* rowsOfTargets(name, await graph([await logitDifference(run, a, b)]), tensors);
      const ids = await graph(await logitTargets(run, { tokens: [a, b] }));
      yield* rowsOfTargets(`${set}_ids`, ids, tensors);
    }
  }
}

const placeOf = (places: Int32Array, i: number) => String(places.subarray(3 * i, 3 * i + 3));

/** Compares the rows of a graph's targets. */
async function* rowsOfTargets(
  name: string,
  graph: AttributionGraph,
  tensors: TensorSet,
): AsyncGenerator<GraphRow> {
  const { adjacency, logit_probabilities, influence } = valuesOf(graph, pruneGraph(graph));
  const rows = Array.from(adjacency).slice(graph.activations.length * nodeCount(graph));
  yield* compared(
    name,
    { row: rows, rows, influence, probabilities: logit_probabilities },
    {},
    tensors,
  );
}
