/**
 * Connections that do not depend on a prompt, and their means over text. With f a vector that reads the stream:
 *
 *     pull-back         W_dec·f             how much each feature of an earlier layer excites it          [F]
 *     de-embedding      W_E·f               how much each token excites it                                [V]
 *     through a head    f' = W_V[h]·W_O[h]·f    then any of these with f'
 *     OV norms          ‖W_V[h]·W_O[h]·f‖   how strongly each head can carry it                           [L, H]
 *     input × gradient  mean over tokens of a ⊙ (W_dec·f)                                                 [F]
 *
 * f of a feature is its encoder row with the gain of the LayerNorm that it reads through, less its mean. The scale of the
 * LayerNorm depends on the prompt and is left out. So is that of a norm after attention, whose gain is part of W_O. Source: Dunefsky, Chlenski & Nanda (2406.11944).
 */
import type { F32 } from "../../onnx/mod.ts";
import { type HookedModel, hookName, storedOutIn } from "../../model/mod.ts";
import { type Coder, coderName, runCoders, type TokenRows } from "../../transcoders/mod.ts";
import { type GraphTarget, headTargets } from "../graph/mod.ts";
import {
  decoderRow,
  type Reader,
  readingAt,
  readStream,
  writesTo,
  writtenByAttention,
} from "../linear/mod.ts";
import { dot } from "./path_run.ts";

/** Returns how a reader reads the stream, without the LayerNorm's scale, `[d]`. @throws Error for an unknown hook point. */
export async function unscaledVector(
  model: HookedModel,
  { hook, convention, vector }: Pick<Reader, "hook" | "convention" | "vector">,
): Promise<Float32Array> {
  const none = { ln1: [], ln2: [], lnFinal: new Float32Array(0) };
  const { scale: _, ...reading } = await readingAt({ model, ...none }, hook, convention);
  const out = new Float32Array(model.config.dModel);
  readStream(reading, vector, 0, out);
  return out;
}

/** Returns the vector of a coder's feature; see the header. @throws Error naming a feature that the coder does not have. */
export function featureVector(
  model: HookedModel,
  { config, weights: { W_enc } }: Coder,
  feature: number,
): Promise<Float32Array> {
  const { features: F, dIn, inputHook: hook, inputConvention: convention } = config;
  if (!(Number.isInteger(feature) && feature >= 0 && feature < F)) {
    throw new Error(`feature ${feature}: ${coderName(config)} has features 0 … ${F - 1}`);
  }
  const vector = W_enc.data.subarray(feature * dIn, (feature + 1) * dIn);
  return unscaledVector(model, { hook, convention, vector });
}

/**
 * Returns the pull-back of a vector to the features of a coder, `[F]`.
 * @param before the vector reads the MLPs of layers below this; matters for a coder that writes to several. Default: all
 */
export function pullback(
  coder: Coder,
  vector: ArrayLike<number>,
  before = Infinity,
): Float64Array {
  const { features: F, layer, decoderLayers = [layer] } = coder.config;
  const out = new Float64Array(F);
  for (const to of decoderLayers) {
    if (to >= before || !writesTo(coder, to)) continue;
    for (let f = 0; f < F; f++) out[f] += dot(vector, decoderRow(coder, f, to), 0);
  }
  return out;
}

/** Returns the de-embedding of a vector: the product with every token's embedding, `[V]`. */
export async function deEmbedding(
  model: HookedModel,
  vector: ArrayLike<number>,
): Promise<Float64Array> {
  const { W_E: { data, shape: [V, d] } } = await model.weights.embedding();
  return Float64Array.from({ length: V }, (_, token) => dot(vector, data, token * d));
}

/** The parts of a head's OV circuit that do not depend on a prompt, of every head of a layer. */
export interface LayerOv {
  /** W_V with gain, centred; row (h, i) reads the stream, `[H·e, d]` */
  values: Float32Array[];
  /** W_O; row (h, i) is what dimension i of head h writes, `[H·e, d]` */
  outputs: Float32Array;
}

/** Returns the OV circuits of a layer. */
export async function layerOv(model: HookedModel, layer: number): Promise<LayerOv> {
  const { nHeads: H, dModel: d } = model.config;
  const values: Float32Array[] = [];
  for (let head = 0; head < H; head++) {
    const targets: GraphTarget[] = await headTargets(model, layer, head, "v", 0);
    for (const target of targets) values.push(await unscaledVector(model, target));
  }
  const { o_w } = writtenByAttention(await model.weights.layer(layer));
  return { values, outputs: storedOutIn(model.config) ? columnsOf(o_w, d) : o_w.data };
}

function columnsOf({ data }: F32, d: number): Float32Array {
  const out = new Float32Array(data.length), n = data.length / d;
  for (let r = 0; r < d; r++) for (let i = 0; i < n; i++) out[i * d + r] = data[r * n + i];
  return out;
}

/** Returns a vector's pull-back through a head, `[d]`. */
export function throughOv(
  { values, outputs }: LayerOv,
  vector: ArrayLike<number>,
  head: number,
  dHead: number,
): Float64Array {
  const d = vector.length, out = new Float64Array(d);
  for (let i = head * dHead; i < (head + 1) * dHead; i++) {
    const w = dot(vector, outputs, i * d);
    for (let j = 0; j < d; j++) out[j] += w * values[i][j];
  }
  return out;
}

/** Returns the norms of a vector pulled back through every head of the layers below `before`, `[before][H]`. */
export async function ovNorms(
  model: HookedModel,
  vector: ArrayLike<number>,
  before: number,
): Promise<number[][]> {
  const { nHeads, dHead } = model.config;
  const norms: number[][] = [];
  for (let layer = 0; layer < before; layer++) {
    const ov = await layerOv(model, layer);
    norms.push(Array.from({ length: nHeads }, (_, head) => {
      const pulled = throughOv(ov, vector, head, dHead);
      return Math.sqrt(dot(pulled, pulled, 0));
    }));
  }
  return norms;
}

/** Returns how many layers' attention a coder's features read: its own layer's too, if they read after it. */
export function attentionsBelow(model: HookedModel, { config }: Coder): number {
  const { layer, inputHook } = config;
  const before = inputHook === hookName(layer, "hook_resid_pre");
  return model.config.parallel || before ? layer : layer + 1;
}

/** Mean input × gradient of the features of a coder. */
export interface InputGradient {
  /** mean over tokens of activation × connection, `[F]` */
  mean: Float64Array;
  /** mean over the tokens on which it is positive; 0 where there are none, `[F]` */
  positiveMean: Float64Array;
  /** share of tokens on which it is positive, `[F]` */
  frequency: Float64Array;
  /** number of tokens */
  tokens: number;
}

/** Features of a coder, and how strongly a later vector reads each. */
export interface ConnectedCoder {
  /** the coder */
  coder: Coder;
  /** pull-back of the vector, `[F]` */
  connection: ArrayLike<number>;
}

/**
 * Returns the mean input × gradient between a vector and the features of coders over text, a result per coder; see the
 * header. One pass of the model serves all coders.
 * @param rows rows of tokens, and the positions that count
 * @throws Error if no position counts.
 */
export async function meanInputGradients(
  model: HookedModel,
  connected: readonly ConnectedCoder[],
  rows: Iterable<Pick<TokenRows, "prompts" | "counted">>,
): Promise<InputGradient[]> {
  const sums = connected.map(({ coder: { config: { features: F } } }) => ({
    all: new Float64Array(F),
    positive: new Float64Array(F),
    times: new Float64Array(F),
  }));
  let tokens = 0;
  for (const { prompts, counted } of rows) {
    const runs = await runCoders(model, connected.map(({ coder }) => coder), prompts);
    tokens += counted.reduce((sum, one) => sum + one, 0);
    for (const [c, { connection }] of connected.entries()) {
      const { all, positive, times } = sums[c], { data } = runs[c].activations;
      for (let p = 0, at = 0; p < counted.length; p++, at += all.length) {
        if (!counted[p]) continue;
        for (let f = 0; f < all.length; f++) {
          const product = data[at + f] * connection[f];
          all[f] += product;
          if (product <= 0) continue;
          positive[f] += product;
          times[f]++;
        }
      }
    }
  }
  if (tokens === 0) throw new Error("mean input × gradient: no position counts");
  return sums.map(({ all, positive, times }) => ({
    mean: all.map((sum) => sum / tokens),
    positiveMean: positive.map((sum, f) => times[f] === 0 ? 0 : sum / times[f]),
    frequency: times.map((count) => count / tokens),
    tokens,
  }));
}

/** Returns the connections of a vector with the active features of a layer at a position, times activation, `[F]`. */
export function inContext(
  connection: ArrayLike<number>,
  activations: ArrayLike<number>,
): Float64Array {
  return Float64Array.from({ length: connection.length }, (_, f) => connection[f] * activations[f]);
}
