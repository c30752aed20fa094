/**
 * The coder: a sparse dictionary of features that imitates a part of a model. One internal form for every architecture and
 * file format:
 *
 *     pre = W_enc·x + b_enc,   a = activation(pre),   ŷ = a·W_dec + b_dec (+ W_skip·x)
 *
 *  - A **transcoder** reads the input of an MLP and gives its output. An **SAE** gives back what it reads.
 *  - A **cross-layer** coder reads one layer and writes to that layer and later ones; a set of them, one per layer, makes
 *    `ŷ_j = b_dec[j] + Σ_{i ≤ j} a_i·W_dec[i][j − i]`.
 *  - All weights are float32, row-major, features first. An input bias `c` (`pre = W_enc·(x − c) + b_enc`) is part of
 *    `b_enc`: `b_enc − W_enc·c`.
 *
 * Sources: Dunefsky, Chlenski & Nanda (2406.11944) for transcoders, Paulo et al. (2501.18823) for skip transcoders,
 * Rajamanoharan et al. (2407.14435) for JumpReLU, Bussmann et al. (2412.06410) for BatchTopK, Ameisen et al. (2025) for
 * cross-layer transcoders.
 */
import type { F32 } from "../onnx/mod.ts";

/** What a coder imitates. */
export type CoderKind = "transcoder" | "sae" | "cross_layer";

/**
 * How features are chosen from their pre-activations.
 *
 *  - `relu`: the positive ones.
 *  - `topk`: the `k` largest of each row. With `signed`, negative ones among them keep their value (circuit-tracer);
 *    otherwise they count as 0 (SAELens, sparsify).
 *  - `batchtopk`: trained with `k` per row on average; outside training those above the one saved `threshold`.
 *  - `jumprelu`: those above the feature's own threshold, the tensor `threshold`.
 */
export type Activation =
  | { name: "relu" }
  | { name: "topk"; k: number; signed?: boolean }
  | { name: "batchtopk"; k: number; threshold: number }
  | { name: "jumprelu" };

/**
 * The model whose values a coder reads and gives.
 *
 *  - `raw`: the model with its weights as stored.
 *  - `folded`: the model after TransformerLens' default processing. LayerNorms have neither gain nor bias, and writing
 *    weights are centred, so the residual stream and the outputs of MLPs have mean 0 over the model's dimensions.
 *
 * The two differ at `mlp.hook_in` (gain and bias), at every point of the residual stream (its mean) and at `attn.hook_v` and
 * `attn.hook_z` (value biases), not at `ln2.hook_normalized`, which TransformerLens takes before gain and bias.
 */
export type InputConvention = "raw" | "folded";

/** Everything to know of a coder except its weights. Plain data. */
export interface CoderConfig {
  /** what the coder imitates */
  kind: CoderKind;
  /** how features are chosen */
  activation: Activation;
  /** width of the input d_in */
  dIn: number;
  /** width of the output d_out */
  dOut: number;
  /** number of features F */
  features: number;
  /** whether there is a linear path from input to output */
  skip: boolean;
  /** layer that the coder reads, counted from 0 */
  layer: number;
  /** hook point that the coder reads, TransformerLens' full name, e.g. `blocks.3.ln2.hook_normalized` */
  inputHook: string;
  /** hook point that the coder gives, e.g. `blocks.3.hook_mlp_out`; the input hook of an SAE */
  outputHook: string;
  /** head, counted from 0, if the hook points have one value per head and the coder is for one of them */
  head?: number;
  /** the model whose values the coder reads and gives */
  inputConvention: InputConvention;
  /** layers that a cross-layer coder writes to, `layer` first; absent for other kinds */
  decoderLayers?: number[];
  /** whatever else a file says about the coder, kept as it is */
  metadata: Record<string, unknown>;
}

/** Weights of a coder. */
export interface CoderWeights {
  /** encoder, `[F, d_in]` */
  W_enc: F32;
  /** bias of the features, `[F]` */
  b_enc: F32;
  /** decoder, `[F, d_out]`; `[F, layers, d_out]` for a cross-layer coder */
  W_dec: F32;
  /** bias of the output, `[d_out]`; of the output at `layer` for a cross-layer coder */
  b_dec: F32;
  /** linear path, `[d_out, d_in]`, if `skip` */
  W_skip?: F32;
  /** thresholds of the features, `[F]`, for JumpReLU */
  threshold?: F32;
}

/** Name of a coder's weight. */
export type CoderWeight = keyof CoderWeights;

/** A coder. */
export interface Coder {
  /** everything except the weights */
  config: CoderConfig;
  /** the weights, in the shapes of {@link coderShapes} */
  weights: CoderWeights;
}

/** Returns the shape of every weight that a coder of this configuration has. */
export function coderShapes(config: CoderConfig): Partial<Record<CoderWeight, number[]>> {
  const { features: F, dIn, dOut, decoderLayers, kind } = config;
  return {
    W_enc: [F, dIn],
    b_enc: [F],
    W_dec: kind === "cross_layer" ? [F, decoderLayers?.length ?? 0, dOut] : [F, dOut],
    b_dec: [dOut],
    ...(config.skip ? { W_skip: [dOut, dIn] } : {}),
    ...(config.activation.name === "jumprelu" ? { threshold: [F] } : {}),
  };
}

/** Returns a coder's name in messages: kind, hook points and number of features. */
export function coderName({ kind, inputHook, outputHook, head, features }: CoderConfig): string {
  const hooks = inputHook === outputHook ? inputHook : `${inputHook} → ${outputHook}`;
  return `${kind} ${hooks}${head === undefined ? "" : ` head ${head}`} (${features} features)`;
}

/**
 * Checks that a coder's settings agree with each other and with the shapes of its weights.
 * @param where file or other source that messages begin with
 * @throws Error naming the setting or weight, what was found and what was expected.
 */
export function checkCoder({ config, weights }: Coder, where = coderName(config)): void {
  checkConfig(config, where);
  const shapes = coderShapes(config);
  const names: CoderWeight[] = ["W_enc", "b_enc", "W_dec", "b_dec", "W_skip", "threshold"];
  for (const name of names) {
    const [expected, found] = [shapes[name], weights[name]?.shape];
    if (String(expected) === String(found)) continue;
    const shape = (s?: number[]) => s ? `shape [${s.join(", ")}]` : "no such weight";
    throw new Error(`${where}: weight ${name}: found ${shape(found)}, expected ${shape(expected)}`);
  }
}

function checkConfig(config: CoderConfig, where: string): void {
  const refuse = (key: string, found: unknown, expected: string): never => {
    throw new Error(`${where}: ${key} is ${JSON.stringify(found)}; expected ${expected}`);
  };
  for (const key of ["dIn", "dOut", "features"] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 1) {
      refuse(key, config[key], "a positive integer");
    }
  }
  const { activation, features, kind, layer, decoderLayers } = config;
  if (activation.name === "topk" || activation.name === "batchtopk") {
    const { k } = activation;
    const most = activation.name === "topk" ? features : Infinity;
    if (!(k > 0 && k <= most) || activation.name === "topk" && !Number.isInteger(k)) {
      refuse("k", k, `a positive number of features, at most ${features}`);
    }
  }
  if (activation.name === "batchtopk" && !Number.isFinite(activation.threshold)) {
    refuse("threshold", activation.threshold, "a finite number");
  }
  if (kind === "sae" && (config.dIn !== config.dOut || config.inputHook !== config.outputHook)) {
    refuse("kind", kind, "one hook point and one width, since an SAE gives back what it reads");
  }
  if ((kind === "cross_layer") !== (decoderLayers !== undefined)) {
    refuse("decoderLayers", decoderLayers, "a list of layers for cross-layer coders only");
  }
  if (decoderLayers && !decoderLayers.every((to, i) => to === layer + i)) {
    refuse("decoderLayers", decoderLayers, `consecutive layers from ${layer} on`);
  }
}
