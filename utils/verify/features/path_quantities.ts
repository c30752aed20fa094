/**
 * Paths between features of a reference case, made with our search, one line per quantity of `circuits.json` and
 * `circuits.safetensors` (transcoder_circuits, folded model, coders of `tcc/`), and the prompt-free ones of `dashboards.*`:
 *
 *  root{r}.{attention, transcoder, pullback, parts}                what a feature receives by head and source, by feature, and
 *                                                                  the rest: embedding, errors, biases, residual
 *  root{r}.paths_*, paths_*.contributions                          greedy paths: names (exact), contributions and errors
 *  root{r}.graph_*, error_edges, exact_residual, …                 paths as a graph, what it leaves out, sums over tokens
 *  custom.*, mean_ixg.*                                            a direction as root; mean input × gradient
 *  deembedding.*, ov_norms                                         of `dashboards.safetensors`
 *
 * Settings are those of the format: three iterations, five branches.
 */
import { join } from "@std/path";
import { isFile, isFolder, readJson } from "../../base/mod.ts";
import { FOLDED, HookedModel } from "../../model/mod.ts";
import { openSafetensors, type TensorSet } from "../../tensor_files/mod.ts";
import { type Coder, openCoders, rowsOf } from "../../transcoders/mod.ts";
import {
  deEmbedding,
  directionRoot,
  featureVector,
  greedyPaths,
  layerOv,
  linearRun,
  meanInputGradients,
  ovNorms,
  type PathRun,
  pathRun,
  pullback,
  throughOv,
} from "../../feature_circuits/mod.ts";
import { relativeError } from "../comparison.ts";
import type { GraphRow } from "./row.ts";
import { GREEDY, pathRows, rootRows } from "./path_roots.ts";
import type { CircuitsFile } from "./path_files.ts";

/** Yields the compared quantities of a case that has `circuits.json` and coders of all layers. */
export async function* featurePathRows(
  dir: string,
  { dir: modelDir, runtime }: HookedModel,
): AsyncGenerator<GraphRow> {
  const json = await readJson(join(dir, "circuits.json")) as CircuitsFile | undefined;
  if (!json) return;
  const model = await HookedModel.load(modelDir!, { processing: FOLDED, runtime });
  const coders = await codersOf(dir, model.config.nLayers);
  if (!coders) return;
  const prepared = await pathRun(await linearRun(model, coders, json.tokens));
  const tensors = await openSafetensors(join(dir, "circuits.safetensors"));
  try {
    for (const [r, root] of json.roots.entries()) {
      yield* rootRows(prepared, `root${r}`, root, tensors);
    }
    yield* customRows(prepared, json.custom, tensors);
    yield* meanRows(prepared, json.mean_ixg, tensors);
  } finally {
    tensors.close();
  }
  if (isFile(join(dir, "dashboards.json"))) yield* dashboardRows(dir, prepared);
}

/** Returns the coders of `tcc/`, or those of `relu/`, which are the same functions; none if a layer has none. */
async function codersOf(dir: string, layers: number): Promise<Coder[] | undefined> {
  for (const set of ["tcc", "relu"]) {
    const folder = join(dir, "transcoders", set);
    if (!isFolder(folder)) continue;
    const { coders } = await openCoders(folder);
    if (coders.length !== layers) continue;
    // Their decoder rows are centred and they read the bare vector, so they are coders of the folded model, too.
    return coders.map(({ config, weights }) => ({
      config: { ...config, inputConvention: "folded" },
      weights,
    }));
  }
}

const compared = (
  quantity: string,
  ours: ArrayLike<number>,
  reference: Float32Array,
): GraphRow => ({
  quantity,
  error: ours.length === reference.length
    ? relativeError(Float32Array.from(ours), reference)
    : Infinity,
  exact: false,
});

function centred(vector: Float32Array): Float32Array {
  const mean = vector.reduce((a, b) => a + b, 0) / vector.length;
  return vector.map((x) => x - mean);
}

async function* customRows(
  prepared: PathRun,
  { ids: [a, b], paths_raw }: CircuitsFile["custom"],
  tensors: TensorSet,
): AsyncGenerator<GraphRow> {
  const { model, tokens } = prepared.run, { W_U } = await model.weights.unembedding();
  const d = model.config.dModel;
  const row = (token: number) => W_U.data.subarray(token * d, (token + 1) * d);
  const vector = row(a).map((x, i) => x - row(b)[i]);
  // In a folded model the stream has mean 0, so the mean of a vector that reads it says nothing.
  yield compared("custom.vector", centred(vector), centred(await tensors.read("custom.vector")));
  const root = directionRoot(prepared.run, vector, tokens.length - 1);
  yield* pathRows("custom.paths_raw", greedyPaths(prepared, root, GREEDY), paths_raw);
}

async function* meanRows(
  { run: { model, coders } }: PathRun,
  entry: CircuitsFile["mean_ixg"],
  tensors: TensorSet,
): AsyncGenerator<GraphRow> {
  const { range_layer, range_feature, from_layer, batch_size } = entry;
  const vector = await featureVector(model, coders[range_layer], range_feature);
  const connection = pullback(coders[from_layer], vector, range_layer);
  const length = tensors.info("mean_ixg.docs").shape[1];
  const flat = Array.from(await tensors.read("mean_ixg.docs"));
  const docs = Array.from(
    { length: flat.length / length },
    (_, r) => flat.slice(r * length, (r + 1) * length),
  );
  const batches = Array.from(
    { length: Math.ceil(docs.length / batch_size) },
    (_, i) => rowsOf(docs.slice(i * batch_size, (i + 1) * batch_size)),
  );
  const connected = [{ coder: coders[from_layer], connection }];
  const [{ mean }] = await meanInputGradients(model, connected, batches);
  yield compared("mean_ixg.pullback", connection, await tensors.read("mean_ixg.pullback"));
  yield compared("mean_ixg.value", mean, await tensors.read("mean_ixg.value"));
}

async function* dashboardRows(
  dir: string,
  { run: { model, coders } }: PathRun,
): AsyncGenerator<GraphRow> {
  const json = await readJson(join(dir, "dashboards.json")) as {
    layer: number;
    features: number[];
    head: [number, number];
  };
  const tensors = await openSafetensors(join(dir, "dashboards.safetensors"));
  try {
    const ov = await layerOv(model, json.head[0]);
    const direct: number[] = [], head: number[] = [], norms: number[] = [];
    for (const feature of json.features) {
      const vector = await featureVector(model, coders[json.layer], feature);
      direct.push(...await deEmbedding(model, vector));
      const pulled = throughOv(ov, vector, json.head[1], model.config.dHead);
      head.push(...await deEmbedding(model, pulled));
      norms.push(...(await ovNorms(model, vector, json.layer + 1)).flat());
    }
    const rows = { "deembedding.direct": direct, "deembedding.head": head, ov_norms: norms };
    for (const [name, ours] of Object.entries(rows)) {
      yield compared(name, ours, await tensors.read(name));
    }
  } finally {
    tensors.close();
  }
}
