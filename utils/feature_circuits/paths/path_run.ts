/**
 * What a node of a path receives, split by component: everything that the stream holds at the node's place, seen through its
 * vector f.
 *
 *     feature i of an MLP below       a_i·(W_dec[i]·f)
 *     head h of layer l, source s     P[h, t, s]·(v[h, s]·W_O[h])·f
 *     embedding                       (token + position)·f
 *     linear path of a coder          f·W_skip·x
 *     errors, biases                  error·f, b_O·f, b_dec·f, …
 *
 * A norm after attention divides what heads and b_O write by its scale at the node's position, and multiplies it by its gain.
 * With the node's own constant they add up to its contribution ({@link Received}). Patterns and LayerNorm scales are frozen.
 * The vector that a path goes on with is exact for LayerNorm with gain, bias and centring; in a folded model it is that of
 * transcoder_circuits. Source: Dunefsky, Chlenski & Nanda (2406.11944).
 */
import type { F32 } from "../../onnx/mod.ts";
import { groupSize, hookNames, type ModelConfig, storedOutIn } from "../../model/mod.ts";
import { type GraphRows, graphRows } from "../graph/mod.ts";
import { type LinearRun, type Reading, readingAt, readStream } from "../linear/mod.ts";
import type { PathNode } from "./path_node.ts";

/** A run prepared for paths. */
export interface PathRun {
  /** the linearised run */
  run: LinearRun;
  /** its sources and maps */
  rows: GraphRows;
  /** value vectors of each layer with their bias, `[n, H, e]` */
  values: Float32Array[];
  /** W_O of each layer, row (h, i) is what dimension i of head h writes before it is divided by a scale, `[H·e, d]` */
  outputs: Float32Array[];
  /** how each layer's coder reads the stream */
  readings: Reading[];
}

/** Prepares a run for paths: one more pass of the model, for the value vectors. */
export async function pathRun(run: LinearRun): Promise<PathRun> {
  const { model, tokens, coders } = run;
  const names = hookNames(model.config, "attn.hook_v");
  const { hooks } = await model.run([[...tokens]], { read: names });
  const outIn = storedOutIn(model.config), d = model.config.dModel;
  const rows = await graphRows(run);
  const readings: Reading[] = [];
  for (const { config } of coders) {
    readings.push(await readingAt(run, config.inputHook, config.inputConvention));
  }
  return {
    run,
    rows,
    values: names.map((name) => ofQueryHeads(hooks.get(name)!.data, model.config)),
    outputs: rows.maps.map(({ o_w: { data } }) => outIn ? transposed(data, d) : data),
    readings,
  };
}

/** Repeats values `[n, K, e]` for the query heads that share them, `[n, H, e]`. */
function ofQueryHeads(data: Float32Array, config: ModelConfig): Float32Array {
  const size = groupSize(config), e = config.dHead;
  if (size === 1) return data;
  const out = new Float32Array(data.length * size);
  for (let i = 0; i < out.length / e; i++) {
    const from = Math.floor(i / size) * e;
    out.set(data.subarray(from, from + e), i * e);
  }
  return out;
}

function transposed(data: Float32Array, d: number): Float32Array {
  const out = new Float32Array(data.length), rows = data.length / d;
  for (let r = 0; r < rows; r++) for (let i = 0; i < d; i++) out[i * rows + r] = data[r * d + i];
  return out;
}

/** What a node receives, by component. n positions, H heads. */
export interface Received {
  /** number of layers below whose MLPs the node reads */
  mlps: number;
  /** number of layers below whose attention the node reads */
  attentions: number;
  /** direct contributions by column of the graph: features, errors, tokens, biases */
  direct: Float64Array;
  /** contribution of each layer's MLP, as the model has it, `[mlps]` */
  mlpTotals: Float64Array;
  /** contribution of each layer's linear path, `[mlps]` */
  skips: Float64Array;
  /** contribution of each layer's heads, by head and source, `[attentions]` of `[H, n]` */
  heads: Float64Array[];
}

/** Returns what a node receives; see the header. */
export function received(prepared: PathRun, node: PathNode): Received {
  const { run, rows: { sources }, values } = prepared;
  const { nLayers, nHeads: H, dHead: e, dModel: d, parallel } = run.model.config;
  const { vector, token, stage } = node, n = run.tokens.length;
  const mlps = Math.min(nLayers, stage >> 1);
  const attentions = Math.min(nLayers, parallel ? stage >> 1 : (stage + 1) >> 1);
  const direct = new Float64Array(sources.columns);
  const mlpTotals = new Float64Array(mlps), skips = new Float64Array(mlps);
  const add = ({ vectors, columns }: { vectors: F32; columns: Int32Array }): number => {
    let total = 0;
    for (const [k, column] of columns.entries()) {
      const value = dot(vector, vectors.data, k * d);
      direct[column] += value;
      total += value;
    }
    return total;
  };
  add(sources.embedding[token]);
  for (let layer = 0; layer < mlps; layer++) {
    mlpTotals[layer] = add(sources.mlp[layer][token]);
    const through = skipped(prepared, node, layer);
    if (!through) continue;
    skips[layer] = dot(through, run.streams[stageOfCoder(prepared, layer)], token * d);
    mlpTotals[layer] += skips[layer];
  }
  const heads = Array.from({ length: attentions }, (_, layer) => {
    const { data: pattern } = run.patterns[layer], v = values[layer];
    const out = new Float64Array(H * n);
    direct[sources.bias("attention_output", layer)] +=
      dot(vector, prepared.rows.maps[layer].o_b.data, 0) / postScale(run, layer, token);
    for (let h = 0; h < H; h++) {
      const w = headReading(prepared, node, layer, h);
      for (let s = 0; s <= token; s++) {
        out[h * n + s] = pattern[(h * n + token) * n + s] * dot(w, v, (s * H + h) * e);
      }
    }
    return out;
  });
  return { mlps, attentions, direct, mlpTotals, skips, heads };
}

/** Returns a vector's product with part of an array. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>, offset: number): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[offset + i];
  return total;
}

/** Returns what the norm after attention divides by at a position; 1 in models without one. */
const postScale = ({ ln1Post }: LinearRun, layer: number, position: number): number =>
  ln1Post ? ln1Post[layer][position] : 1;

/** Returns W_O[h]·f, `[e]`; where a norm follows attention, its gain and scale included. */
function headReading(
  { run, outputs }: PathRun,
  { vector, token }: PathNode,
  layer: number,
  head: number,
): Float64Array {
  const { dHead: e, dModel: d } = run.model.config;
  const w = new Float64Array(e);
  const by = postScale(run, layer, token);
  for (let i = 0; i < e; i++) w[i] = dot(vector, outputs[layer], (head * e + i) * d) / by;
  return w;
}

/** Returns the stage of the stream that a layer's coder reads. */
export const stageOfCoder = ({ readings }: PathRun, layer: number): number => readings[layer].stage;

/** Returns the vector of a feature that a node reads with this strength, and its constant. */
export function throughFeature(
  { run, readings }: PathRun,
  { layer, feature, token, strength }: {
    layer: number;
    feature: number;
    token: number;
    strength: number;
  },
): { vector: Float64Array; constant: number } {
  const { config: { dIn }, weights: { W_enc, b_enc } } = run.coders[layer];
  const row = W_enc.data.subarray(feature * dIn, (feature + 1) * dIn);
  const stream = new Float32Array(run.model.config.dModel);
  const constant = readStream(readings[layer], row, token, stream) + b_enc.data[feature];
  return { vector: Float64Array.from(stream, (x) => x * strength), constant: constant * strength };
}

/** Returns the vector that a node reads the stream with, before a head's attention at a source, and its constant. */
export function throughHead(
  prepared: PathRun,
  node: PathNode,
  { layer, head, source }: { layer: number; head: number; source: number },
): { vector: Float64Array; constant: number } {
  const { run, rows: { maps } } = prepared;
  const { dHead: e, dModel: d } = run.model.config, n = run.tokens.length;
  const { values: U, valueBias } = maps[layer];
  const weight = run.patterns[layer].data[(head * n + node.token) * n + source];
  const w = headReading(prepared, node, layer, head);
  const by = weight / run.ln1[layer][source];
  const vector = new Float64Array(d);
  for (let i = 0; i < e; i++) {
    const row = (head * e + i) * d;
    for (let j = 0; j < d; j++) vector[j] += by * w[i] * U.data[row + j];
  }
  return { vector, constant: weight * dot(w, valueBias.data, head * e) };
}

/** Returns the vector that a node reads a coder's linear path with; undefined for a coder without one. */
export function skipped(
  { rows: { maps }, run }: PathRun,
  { vector, token }: PathNode,
  layer: number,
): Float64Array | undefined {
  const { skip } = maps[layer];
  if (!skip) return undefined;
  const d = run.model.config.dModel, by = skip.scale ? 1 / skip.scale[token] : 1;
  const out = new Float64Array(d);
  for (let r = 0; r < d; r++) {
    for (let j = 0; j < d; j++) out[j] += by * vector[r] * skip.map.data[r * d + j];
  }
  return out;
}
