/**
 * What features write and read, whatever the text. With d the decoder row (the sum over the layers of a cross-layer coder), e
 * the encoder row as it reads the stream (gain and mean of its LayerNorm folded), g the gain of the final LayerNorm:
 *
 *     logits        (W_U − mean over the vocabulary) · (g ⊙ (d − mean d))     logit lens; the LayerNorm's scale is left out
 *     de-embedding  W_E · e                                                   the direct path from the token
 *     inputs        d' · e for features of earlier layers                     pull-back; outputs are the same the other way
 *     heads         ‖W_V W_O e‖ of every head that it reads                   OV norm
 *     similar       cosine of decoder rows, over all coders
 *
 * Sources: nostalgebraist (2020) for the logit lens, Dunefsky, Chlenski & Nanda (2406.11944) for the others.
 */
import { type F32, type ProgramCache, tensor } from "../../onnx/mod.ts";
import { type HookedModel, isRms } from "../../model/mod.ts";
import {
  attentionsBelow,
  decoderRow,
  layerOv,
  readingAt,
  readStream,
  writesTo,
} from "../../feature_circuits/mod.ts";
import type { Coder } from "../../transcoders/mod.ts";
import { eachProductRow, type Entry, extremes } from "./products.ts";

/** How many entries each list has. */
export interface ConnectionOptions {
  /** tokens raised, lowered, exciting, inhibiting */
  tokens: number;
  /** features of earlier layers, heads */
  inputs: number;
  /** similar features */
  similar: number;
  /** bins of the histogram of logits */
  bins: number;
  /** number of tokens; the rows of the embeddings after them are padding */
  vocabulary: number;
}

/** A feature or a head of a layer, and a value. */
export interface Connected {
  /** its layer */
  layer: number;
  /** its number in the layer */
  index: number;
  /** pull-back, norm or cosine */
  value: number;
}

/** What a feature writes and reads. Lists have the most extreme first. */
export interface Connections {
  /** tokens whose logits it raises */
  raised: Entry[];
  /** tokens whose logits it lowers */
  lowered: Entry[];
  /** histogram of its effects on all logits */
  logits: { low: number; high: number; counts: number[] };
  /** tokens whose embeddings excite it */
  excited: Entry[];
  /** tokens whose embeddings inhibit it */
  inhibited: Entry[];
  /** features of earlier layers that excite it */
  inputs: Connected[];
  /** features of earlier layers that inhibit it */
  inhibitors: Connected[];
  /** features of later layers that it excites */
  outputs: Connected[];
  /** heads that it reads most strongly */
  heads: Connected[];
  /** features with the most similar decoders */
  similar: Connected[];
}

const nothing = (): Connections => ({
  raised: [],
  lowered: [],
  logits: { low: 0, high: 0, counts: [] },
  excited: [],
  inhibited: [],
  inputs: [],
  inhibitors: [],
  outputs: [],
  heads: [],
  similar: [],
});

/** Returns the connections of every feature of a model's coders, `[coders][F]`. */
export async function connections(
  model: HookedModel,
  coders: readonly Coder[],
  options: ConnectionOptions,
): Promise<Connections[][]> {
  const { runtime } = model;
  const found = coders.map(({ config: { features: F } }) => Array.from({ length: F }, nothing));
  const { W_E } = await model.weights.embedding();
  const lens = await logitLens(model);
  for (const [c, coder] of coders.entries()) {
    const written = decoders(coder);
    await eachProductRow(runtime, lens.rows(written), lens.tokens, (f, all) => {
      const logits = all.subarray(0, options.vocabulary);
      found[c][f].raised = extremes(logits, options.tokens);
      found[c][f].lowered = extremes(logits, options.tokens, -1);
      found[c][f].logits = histogram(logits, options.bins);
    });
    const read = await encoders(model, coder);
    await eachProductRow(runtime, read, W_E, (f, all) => {
      const values = all.subarray(0, options.vocabulary);
      found[c][f].excited = extremes(values, options.tokens);
      found[c][f].inhibited = extremes(values, options.tokens, -1);
    });
    for (const [s, source] of coders.slice(0, c).entries()) {
      if (source.config.layer >= coder.config.layer) continue;
      const written = decoders(source, coder.config.layer);
      await addInputs(runtime, read, written, source.config.layer, found[c], options.inputs);
      await addOutputs(runtime, written, read, coder.config.layer, found[s], options.inputs);
    }
    await addHeads(model, coder, read, found[c], options.inputs);
  }
  await addSimilar(runtime, coders, found, options.similar);
  return found;
}

/** The final LayerNorm and the unembedding, as a product. */
async function logitLens(model: HookedModel) {
  const { W_U, ln_f_w } = await model.weights.unembedding();
  const [V, d] = W_U.shape, mean = new Float64Array(d);
  for (let t = 0; t < V; t++) for (let i = 0; i < d; i++) mean[i] += W_U.data[t * d + i] / V;
  const centred = W_U.data.map((w, at) => w - mean[at % d]);
  return {
    tokens: tensor(centred, [V, d]),
    rows(written: F32): F32 {
      const out = isRms(model.config)
        ? tensor(written.data.slice(), written.shape)
        : centredRows(written);
      if (ln_f_w) {
        for (let at = 0; at < out.data.length; at++) {
          out.data[at] *= ln_f_w.data[at % d];
        }
      }
      return out;
    },
  };
}

function centredRows({ data, shape: [rows, d] }: F32): F32 {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += data[r * d + i];
    for (let i = 0; i < d; i++) out[r * d + i] = data[r * d + i] - sum / d;
  }
  return tensor(out, [rows, d]);
}

/** Returns what each feature writes, summed over the layers before `before` that it writes to, `[F, d]`. */
function decoders(coder: Coder, before = Infinity): F32 {
  const { features: F, dOut, layer, decoderLayers = [layer] } = coder.config;
  const out = new Float32Array(F * dOut);
  for (const to of decoderLayers) {
    if (to >= before || !writesTo(coder, to)) continue;
    for (let f = 0; f < F; f++) {
      const row = decoderRow(coder, f, to);
      for (let i = 0; i < dOut; i++) out[f * dOut + i] += row[i];
    }
  }
  return tensor(out, [F, dOut]);
}

/** Returns how each feature reads the stream, without the LayerNorm's scale, `[F, d]`. */
async function encoders(model: HookedModel, { config, weights }: Coder): Promise<F32> {
  const { features: F, dIn, inputHook, inputConvention } = config, d = model.config.dModel;
  const none = { model, ln1: [], ln2: [], lnFinal: new Float32Array(0) };
  const { scale: _, ...reading } = await readingAt(none, inputHook, inputConvention);
  const out = new Float32Array(F * d);
  for (let f = 0; f < F; f++) {
    const row = weights.W_enc.data.subarray(f * dIn, (f + 1) * dIn);
    readStream(reading, row, 0, out.subarray(f * d, (f + 1) * d));
  }
  return tensor(out, [F, d]);
}

/** Keeps the k most extreme of two lists. */
const merged = (a: readonly Connected[], b: readonly Connected[], k: number, sign: number) =>
  [...a, ...b].sort((x, y) => sign * (y.value - x.value)).slice(0, k);

async function addInputs(
  cache: ProgramCache,
  read: F32,
  written: F32,
  layer: number,
  into: Connections[],
  k: number,
): Promise<void> {
  const of = (entries: Entry[]) => entries.map((entry) => ({ layer, ...entry }));
  await eachProductRow(cache, read, written, (f, values) => {
    const feature = into[f];
    const positive = extremes(values, k).filter(({ value }) => value > 0);
    const negative = extremes(values, k, -1).filter(({ value }) => value < 0);
    feature.inputs = merged(feature.inputs, of(positive), k, 1);
    feature.inhibitors = merged(feature.inhibitors, of(negative), k, -1);
  });
}

async function addOutputs(
  cache: ProgramCache,
  written: F32,
  read: F32,
  layer: number,
  into: Connections[],
  k: number,
): Promise<void> {
  await eachProductRow(cache, written, read, (f, values) => {
    const found = extremes(values, k).filter(({ value }) => value > 0)
      .map((entry) => ({ layer, ...entry }));
    into[f].outputs = merged(into[f].outputs, found, k, 1);
  });
}

async function addHeads(
  model: HookedModel,
  coder: Coder,
  read: F32,
  into: Connections[],
  k: number,
): Promise<void> {
  const { nHeads: H, dHead: e, dModel: d } = model.config;
  for (let layer = 0; layer < attentionsBelow(model, coder); layer++) {
    const { values, outputs } = await layerOv(model, layer);
    // ‖Σ_i w_i v_i‖² = wᵀ G w with G = V Vᵀ of each head
    const grams = Array.from({ length: H }, (_, h) => {
      const gram = new Float64Array(e * e);
      for (let i = 0; i < e; i++) {
        for (let j = 0; j < e; j++) {
          const [a, b] = [values[h * e + i], values[h * e + j]];
          for (let x = 0; x < d; x++) gram[i * e + j] += a[x] * b[x];
        }
      }
      return gram;
    });
    await eachProductRow(model.runtime, read, tensor(outputs, [H * e, d]), (f, w) => {
      const heads = grams.map((gram, index) => {
        let square = 0;
        for (let i = 0; i < e; i++) {
          let inner = 0;
          for (let j = 0; j < e; j++) inner += gram[i * e + j] * w[index * e + j];
          square += inner * w[index * e + i];
        }
        return { layer, index, value: Math.sqrt(Math.max(0, square)) };
      });
      into[f].heads = merged(into[f].heads, heads, k, 1);
    });
  }
}

async function addSimilar(
  cache: ProgramCache,
  coders: readonly Coder[],
  into: Connections[][],
  k: number,
): Promise<void> {
  const units = coders.map((coder) => unitRows(decoders(coder)));
  for (const [a, rows] of units.entries()) {
    for (const [b, others] of units.entries()) {
      if (rows.shape[1] !== others.shape[1]) continue;
      const { layer } = coders[b].config;
      await eachProductRow(cache, rows, others, (f, cosines) => {
        const found = extremes(cosines, k, 1, (g) => a === b && f === g);
        const list = found.map(({ index, value }) => ({ layer, index, value }));
        into[a][f].similar = merged(into[a][f].similar, list, k, 1);
      });
    }
  }
}

function unitRows({ data, shape: [rows, d] }: F32): F32 {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    let square = 0;
    for (let i = r * d; i < (r + 1) * d; i++) square += data[i] ** 2;
    const by = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = r * d; i < (r + 1) * d; i++) out[i] = data[i] * by;
  }
  return tensor(out, [rows, d]);
}

function histogram(values: Float32Array, bins: number): Connections["logits"] {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const counts = new Array<number>(bins).fill(0), width = (high - low) / bins || 1;
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  return { low, high, counts };
}
