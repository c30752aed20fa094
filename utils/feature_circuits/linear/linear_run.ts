/**
 * The linearised run: one prompt through the model with its transcoders, and everything that stays frozen in its attribution
 * graph.
 *
 *  1. One pass of the model keeps attention patterns, LayerNorm scales, embeddings and MLP outputs.
 *  2. Every coder reads its hook point; its non-zero activations are the active features, in the order (layer, position,
 *     feature).
 *  3. What the coders do not give of an MLP's output is the error: `error = MLP output − ŷ`. The model's values are therefore
 *     those of the model itself.
 *
 * With patterns, scales, activations and errors frozen, the model between features is linear: the residual stream carries
 * decoder rows through values and output weights of attention, the linear part of LayerNorm, and linear paths of coders. This
 * is the local replacement model of circuit-tracer (Ameisen et al., 2025), with every bias kept.
 *
 * A norm after attention is frozen too. Coders give the MLP's output after the norm that may follow it, so this norm is part of
 * what they imitate. Logits are those before a cap.
 *
 * An ignored position has neither features nor errors, as circuit-tracer treats position 0; its MLP output, less the decoder's
 * bias and the linear path, is one constant.
 */
import type { F32 } from "../../onnx/mod.ts";
import { hasBlockHook, type HookedModel, hookNames } from "../../model/mod.ts";
import { type Coder, coderName, runCoders, splitHook } from "../../transcoders/mod.ts";

/** Options of {@link linearRun}. */
export interface LinearRunOptions {
  /** positions without features and errors; circuit-tracer ignores position 0. Default: none */
  ignore?: readonly number[];
}

/** Active features of a prompt, in the order (layer, position, feature). */
export interface ActiveFeatures {
  /** number of active features K */
  count: number;
  /** layer, position and feature of each, `[K, 3]` */
  places: Int32Array;
  /** activation of each, `[K]` */
  activations: Float32Array;
  /** pre-activation of each, in double precision, `[K]` */
  preActivations: Float64Array;
}

/** What one prompt's graph is computed from; see the header. n is the number of positions. */
export interface LinearRun {
  /** the model */
  model: HookedModel;
  /** one coder per layer, in the order of the layers */
  coders: readonly Coder[];
  /** token ids of the prompt */
  tokens: readonly number[];
  /** positions without features and errors */
  ignored: readonly number[];
  /** attention patterns of each layer, `[1, H, n, n]` (query, key) */
  patterns: F32[];
  /** LayerNorm scales before attention, of each layer, `[n]`; 1 without a norm */
  ln1: Float32Array[];
  /** scales of the norm after attention, of each layer, `[n]`, in models that have it */
  ln1Post?: Float32Array[];
  /** LayerNorm scales before the MLP, of each layer, `[n]`; 1 without a norm */
  ln2: Float32Array[];
  /** scales of the final LayerNorm, `[n]` */
  lnFinal: Float32Array;
  /** token embeddings, `[n, d]` */
  embedding: Float32Array;
  /** position embeddings, `[n, d]`, where the model has them */
  positionEmbedding?: Float32Array;
  /** active features */
  features: ActiveFeatures;
  /** error vectors of each layer, `[n, d]`; 0 at ignored positions */
  errors: Float32Array[];
  /** constant outputs of each layer at ignored positions, `[n, d]`; 0 elsewhere */
  ignoredOutputs: Float32Array[];
  /** residual stream at each stage (`reading.ts`), `[n, d]`; empty between attention and MLP of parallel blocks */
  streams: Float32Array[];
}

/**
 * Runs a prompt and keeps what its attribution graph needs; see the header.
 * @param coders one transcoder, or cross-layer coder, per layer of the model, in the order of the layers
 * @throws Error naming a coder that does not fit, a layer without a coder, or a position that the prompt does not have.
 */
export async function linearRun(
  model: HookedModel,
  coders: readonly Coder[],
  tokens: readonly number[],
  { ignore = [] }: LinearRunOptions = {},
): Promise<LinearRun> {
  checkCoders(model, coders);
  const wrong = ignore.find((p) => !(Number.isInteger(p) && p >= 0 && p < tokens.length));
  if (wrong !== undefined) {
    throw new Error(`ignored position ${wrong}: the prompt has positions 0 … ${tokens.length - 1}`);
  }
  const { config } = model;
  const all = (point: string) => hookNames(config, point);
  const outer = ["hook_embed", "ln_final.hook_scale"];
  if (config.architecture === "gpt2") outer.push("hook_pos_embed");
  const inner = [
    "attn.hook_pattern",
    "ln1.hook_scale",
    "ln1_post.hook_scale",
    "ln2.hook_scale",
    "hook_mlp_out",
    "hook_resid_pre",
    "hook_resid_mid",
  ].filter((point) => hasBlockHook(config, point));
  const { hooks, residual } = await model.run([tokens], {
    read: [...outer, ...inner.flatMap(all)],
  });
  const read = (name: string) => hooks.get(name)!;
  const scales = (point: string) =>
    all(point).map((name) => hooks.get(name)?.data ?? new Float32Array(tokens.length).fill(1));
  const runs = await runCoders(model, coders, [tokens]);

  const [n, d] = [tokens.length, config.dModel];
  const errors: Float32Array[] = [], ignoredOutputs: Float32Array[] = [];
  for (const [layer, name] of all("hook_mlp_out").entries()) {
    const out = read(name).data, made = runs[layer].output.data;
    const error = out.map((x, i) => x - made[i]);
    const constant = new Float32Array(n * d);
    for (const p of ignore) {
      // No feature writes here, so the constant is the output less what remains of the coder without features.
      const decoded = decodedAt(coders, runs.map((run) => run.activations), layer, p);
      for (let i = 0; i < d; i++) {
        constant[p * d + i] = error[p * d + i] + decoded[i];
        error[p * d + i] = 0;
      }
    }
    errors.push(error);
    ignoredOutputs.push(constant);
  }
  return {
    model,
    coders,
    tokens,
    ignored: ignore,
    patterns: all("attn.hook_pattern").map(read),
    ln1: scales("ln1.hook_scale"),
    ...(config.llama?.postNorm && { ln1Post: scales("ln1_post.hook_scale") }),
    ln2: scales("ln2.hook_scale"),
    lnFinal: read("ln_final.hook_scale").data,
    embedding: read("hook_embed").data,
    positionEmbedding: hooks.get("hook_pos_embed")?.data,
    features: activeFeatures(coders, runs, n, ignore),
    errors,
    ignoredOutputs,
    streams: Array.from({ length: 2 * config.nLayers + 1 }, (_, stage) => {
      if (stage === 2 * config.nLayers) return residual.data;
      const point = stage % 2 === 0 ? "hook_resid_pre" : "hook_resid_mid";
      return hooks.get(all(point)[Math.floor(stage / 2)])?.data ?? new Float32Array(0);
    }),
  };
}

function checkCoders({ config }: HookedModel, coders: readonly Coder[]): void {
  if (coders.length !== config.nLayers) {
    throw new Error(
      `an attribution graph needs one coder per layer: found ${coders.length} coders, the model has ${config.nLayers} layers`,
    );
  }
  for (const [layer, { config: coder }] of coders.entries()) {
    if (coder.layer !== layer || splitHook(coder.outputHook)?.point !== "hook_mlp_out") {
      throw new Error(
        `expected a coder that gives blocks.${layer}.hook_mlp_out, found ${coderName(coder)}`,
      );
    }
  }
}

/** Returns what the features of one position write to a layer's MLP output, in double precision, `[d]`. */
function decodedAt(
  coders: readonly Coder[],
  activations: readonly F32[],
  layer: number,
  position: number,
): Float64Array {
  const out = new Float64Array(coders[layer].config.dOut);
  for (let from = 0; from <= layer; from++) {
    if (!writesTo(coders[from], layer)) continue;
    const { features: F } = coders[from].config;
    for (let f = 0; f < F; f++) {
      const a = activations[from].data[position * F + f];
      if (a === 0) continue;
      const row = decoderRow(coders[from], f, layer);
      for (let i = 0; i < out.length; i++) out[i] += a * row[i];
    }
  }
  return out;
}

/** Tells whether a coder writes to a layer's MLP output. */
export function writesTo({ config: { layer, decoderLayers } }: Coder, to: number): boolean {
  return decoderLayers ? decoderLayers.includes(to) : layer === to;
}

/** Returns the vector that a feature with activation 1 writes to a layer's MLP output, `[d]`. */
export function decoderRow({ config, weights }: Coder, feature: number, to: number): Float32Array {
  const { dOut, layer, decoderLayers } = config;
  const row = decoderLayers ? feature * decoderLayers.length + (to - layer) : feature;
  return weights.W_dec.data.subarray(row * dOut, (row + 1) * dOut);
}

function activeFeatures(
  coders: readonly Coder[],
  runs: readonly { activations: F32; input: F32 }[],
  n: number,
  ignore: readonly number[],
): ActiveFeatures {
  const places: number[] = [], activations: number[] = [], pre: number[] = [];
  for (const [layer, { config: { features: F, dIn }, weights }] of coders.entries()) {
    const { activations: { data }, input } = runs[layer];
    for (let p = 0; p < n; p++) {
      if (ignore.includes(p)) continue;
      const x = input.data.subarray(p * dIn, (p + 1) * dIn);
      for (let f = 0; f < F; f++) {
        const a = data[p * F + f];
        if (a === 0) continue;
        places.push(layer, p, f);
        activations.push(a);
        let value = weights.b_enc.data[f];
        const at = f * dIn;
        for (let i = 0; i < dIn; i++) value += weights.W_enc.data[at + i] * x[i];
        pre.push(value);
      }
    }
  }
  return {
    count: activations.length,
    places: Int32Array.from(places),
    activations: Float32Array.from(activations),
    preActivations: Float64Array.from(pre),
  };
}
