/**
 * Reads the shape of a Llama-style model from `config.json`: Llama, Mistral, Qwen 2 and 3, Gemma 2 and 3, OLMo 1 and 2.
 *
 * 1. A table lists what each family does that the others do not: norms, biases, windows, scales.
 * 2. Absent keys take the defaults of the family's class in `transformers`.
 * 3. Settings that change the arithmetic in a way the blocks do not implement are refused by name.
 */
import { z } from "zod";
import type { LlamaFamily, LlamaTraits, RotaryScaling } from "./llama_traits.ts";

const size = z.number().int().positive();
const count = size.max(1000);
const positive = z.number().positive();
const only = <T extends boolean | null>(value: T, reason: string) =>
  z.literal(value, { error: `only ${value} is supported: ${reason}` }).optional();
const activation = z.enum(["silu", "gelu_pytorch_tanh"]);

const rope = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: positive.optional(),
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: positive.optional(),
  partial_rotary_factor: z.literal(1, { error: "only whole heads rotate in this family" })
    .optional(),
});
type Rope = z.infer<typeof rope>;

const schema = z.object({
  hidden_size: size,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: size.nullish(),
  intermediate_size: size,
  vocab_size: size,
  max_position_embeddings: size.optional(),
  hidden_act: activation.optional(),
  hidden_activation: activation.nullish(),
  rms_norm_eps: positive.optional(),
  tie_word_embeddings: z.boolean().optional(),
  attention_bias: z.boolean().default(false),
  mlp_bias: only(false, "the MLPs of this family do not have biases"),
  clip_qkv: positive.nullish(),
  query_pre_attn_scalar: positive.default(256),
  attn_logit_softcapping: positive.nullish(),
  final_logit_softcapping: positive.nullish(),
  sliding_window: size.nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.number().int().min(0).default(28),
  sliding_window_pattern: size.default(6),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
  rope_theta: positive.optional(),
  rope_local_base_freq: positive.default(10000),
  rope_scaling: rope.nullish(),
  rope_parameters: z.union([
    z.object({ full_attention: rope, sliding_attention: rope }),
    rope,
  ]).nullish(),
  partial_rotary_factor: rope.shape.partial_rotary_factor,
  use_bidirectional_attention: only(false, "attention is causal"),
  use_mrope: only(false, "rotary positions have one axis"),
  quantization_config: z.null({ error: "quantised checkpoints are not supported" }).optional(),
});
type Raw = z.infer<typeof schema>;

/** What a family does, and its defaults. */
interface Family {
  kvHeads?: number;
  headDim?: number;
  eps: number;
  theta: number;
  tied: boolean;
  positions: number;
  activation: "silu" | "gelu_pytorch_tanh";
  traits: Partial<LlamaTraits>;
  /** local layers and their window, where `layer_types` does not list them */
  windows?: (raw: Raw, layer: number) => boolean;
}

const PLAIN = { eps: 1e-6, theta: 10000, tied: false, activation: "silu" } as const;
const QWEN = {
  ...PLAIN,
  kvHeads: 32,
  positions: 32768,
  windows: (raw: Raw, layer: number) => raw.use_sliding_window && layer >= raw.max_window_layers,
};
const GEMMA = {
  ...PLAIN,
  kvHeads: 4,
  headDim: 256,
  tied: true,
  activation: "gelu_pytorch_tanh",
} as const;

const FAMILIES: Record<LlamaFamily, Family> = {
  llama: { ...PLAIN, positions: 2048, traits: {} },
  mistral: { ...PLAIN, kvHeads: 8, positions: 131072, traits: {}, windows: () => true },
  qwen2: { ...QWEN, traits: { biases: "qkv" } },
  qwen3: { ...QWEN, headDim: 128, traits: { qkNorm: "head" } },
  gemma2: {
    ...GEMMA,
    positions: 8192,
    traits: { postNorm: true, gainOffset: 1 },
    windows: (_, layer) => layer % 2 === 0,
  },
  gemma3_text: {
    ...GEMMA,
    theta: 1e6,
    positions: 131072,
    traits: { postNorm: true, gainOffset: 1, qkNorm: "head" },
    windows: (raw, layer) => (layer + 1) % raw.sliding_window_pattern !== 0,
  },
  olmo: { ...PLAIN, eps: 1e-5, positions: 2048, traits: { norm: "layer", gains: false } },
  olmo2: {
    ...PLAIN,
    eps: 1e-5,
    positions: 2048,
    traits: { preNorm: false, postNorm: true, qkNorm: "all" },
  },
};

/**
 * Reads the shape of a Llama-style model.
 * @param parsed checks the content against a schema
 * @throws Error naming the file, the key, what was expected and what was found
 */
export function llamaConfig(
  family: LlamaFamily,
  parsed: <T>(schema: z.ZodType<T>) => T,
  file: string,
) {
  const raw = parsed(schema);
  const known = FAMILIES[family];
  const gemma = family.startsWith("gemma");
  const { hidden_size: dModel, num_attention_heads: nHeads, num_hidden_layers: nLayers } = raw;
  const nKvHeads = raw.num_key_value_heads ?? known.kvHeads ?? nHeads;
  const dHead = raw.head_dim ?? known.headDim ?? dModel / nHeads;
  if (nHeads % nKvHeads !== 0) {
    throw new Error(
      `${file}: num_key_value_heads: ${nKvHeads} key/value heads do not divide ${nHeads} heads evenly`,
    );
  }
  if (!Number.isInteger(dHead) || dHead % 2 !== 0) {
    throw new Error(`${file}: heads have ${dHead} dimensions; expected an even number`);
  }
  const { base, scaling, localBase } = rotary(raw, family, file);
  const traits: LlamaTraits = {
    nKvHeads,
    norm: "rms",
    preNorm: true,
    postNorm: false,
    gains: true,
    gainOffset: 0,
    biases: raw.attention_bias && family !== "mistral" ? "all" : "none",
    scoreScale: (gemma ? raw.query_pre_attn_scalar : dHead) ** -0.5,
    embedScale: gemma ? Math.sqrt(dModel) : 1,
    ...known.traits,
    ...windows(raw, family, file),
    ...(scaling && { rotaryScaling: scaling }),
    ...(localBase !== undefined && { localRotaryBase: localBase }),
    ...(family === "olmo" && raw.clip_qkv && { clip: raw.clip_qkv }),
    ...caps(raw, family),
  };
  return {
    architecture: family,
    nLayers,
    nHeads,
    dModel,
    dHead,
    dMlp: raw.intermediate_size,
    vocabSize: raw.vocab_size,
    maxPositions: raw.max_position_embeddings ?? known.positions,
    parallel: false,
    rotaryDims: dHead,
    rotaryBase: base,
    layerNormEps: traits.norm === "layer" ? 1e-5 : raw.rms_norm_eps ?? known.eps,
    activation: activationOf(raw, family) === "silu" ? "silu" as const : "gelu_tanh" as const,
    tied: raw.tie_word_embeddings ?? known.tied,
    llama: traits,
  };
}

/** Gemma reads `hidden_activation` and ignores `hidden_act`. */
function activationOf(raw: Raw, family: LlamaFamily) {
  const named = family.startsWith("gemma") ? raw.hidden_activation : raw.hidden_act;
  return named ?? FAMILIES[family].activation;
}

function caps(raw: Raw, family: LlamaFamily): Partial<LlamaTraits> {
  if (!family.startsWith("gemma")) return {};
  const [scores, logits] = family === "gemma2" ? [50, 30] : [undefined, undefined];
  const of = (value: number | null | undefined, absent: number | undefined) =>
    value === undefined ? absent : value ?? undefined;
  const scoreCap = of(raw.attn_logit_softcapping, scores);
  const logitCap = of(raw.final_logit_softcapping, logits);
  return { ...(scoreCap && { scoreCap }), ...(logitCap && { logitCap }) };
}

function windows(raw: Raw, family: LlamaFamily, file: string) {
  const { nLayers, rule } = { nLayers: raw.num_hidden_layers, rule: FAMILIES[family].windows };
  const none = { local: new Array<boolean>(nLayers).fill(false) };
  const window = raw.sliding_window === undefined ? 4096 : raw.sliding_window;
  if (!rule || window === null) return none;
  if (raw.layer_types && raw.layer_types.length !== nLayers) {
    throw new Error(
      `${file}: layer_types: expected one per layer, that is ${nLayers}, found ${raw.layer_types.length}`,
    );
  }
  const local = raw.layer_types?.map((type) => type === "sliding_attention") ??
    none.local.map((_, layer) => rule(raw, layer));
  return local.includes(true) ? { local, window } : none;
}

function rotary(raw: Raw, family: LlamaFamily, file: string) {
  const given = raw.rope_parameters;
  const [full, sliding] = given && "full_attention" in given
    ? [given.full_attention, given.sliding_attention]
    : [given ?? raw.rope_scaling ?? {}, undefined];
  const base = full.rope_theta ?? raw.rope_theta ?? FAMILIES[family].theta;
  const localBase = family === "gemma3_text"
    ? sliding?.rope_theta ?? raw.rope_local_base_freq
    : undefined;
  if (sliding && scalingOf(sliding, file)) {
    throw new Error(`${file}: rope_parameters.sliding_attention: scaling is not supported`);
  }
  return { base, scaling: scalingOf(full, file), localBase };
}

function scalingOf(given: Rope, file: string): RotaryScaling | undefined {
  const type = given.rope_type ?? given.type ?? "default";
  const number = (key: keyof Rope): number => {
    const value = given[key];
    if (typeof value === "number") return value;
    throw new Error(`${file}: rope_scaling.${key}: expected a number, found nothing`);
  };
  if (type === "default") return undefined;
  if (type === "linear") return { type, factor: number("factor") };
  if (type === "llama3") {
    return {
      type,
      factor: number("factor"),
      low: number("low_freq_factor"),
      high: number("high_freq_factor"),
      original: number("original_max_position_embeddings"),
    };
  }
  throw new Error(
    `${file}: rope_scaling: rotary embeddings of type "${type}" are not supported; expected default, linear or llama3`,
  );
}
