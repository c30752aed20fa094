/**
 * Reads the shape of a model from a Hugging Face `config.json`.
 *
 * 1. The architecture decides which keys hold the sizes (GPT-NeoX: `hidden_size`…, GPT-2: `n_embd`…). Llama-style families
 *    are read by `llama_config.ts`.
 * 2. Optional keys take the defaults of the `transformers` classes GPTNeoXConfig and GPT2Config. Sizes have no default,
 *    because a guessed size hides a damaged file.
 * 3. Rotary settings are read under their new name (`rope_parameters`), or else under the old names.
 * 4. Settings that change the arithmetic in a way the blocks do not implement are refused by name.
 */
import { z } from "zod";
import { join } from "@std/path";
import { readJson, shortJson } from "../base/mod.ts";
import { llamaConfig } from "./llama_config.ts";
import { LLAMA_FAMILIES, type LlamaFamily, type LlamaTraits } from "./llama_traits.ts";

/** Describes the sizes and variants of one transformer: everything that the graph builder needs. */
export interface ModelConfig {
  /** Family of the model; decides tensor names and stored layout. */
  architecture: "gpt_neox" | "gpt2" | LlamaFamily;
  /** Number of layers L. */
  nLayers: number;
  /** Heads per layer H. */
  nHeads: number;
  /** Width d of the residual stream. */
  dModel: number;
  /** Width of a head: d/H, or as a Llama-style model states it. */
  dHead: number;
  /** Width of the MLP's hidden layer. */
  dMlp: number;
  /** Rows of the unembedding, including padding of the vocabulary. */
  vocabSize: number;
  /** Longest context in tokens. */
  maxPositions: number;
  /** Whether attention and MLP read the same residual stream. */
  parallel: boolean;
  /** Rotated dimensions of each head; 0 for learned positions. */
  rotaryDims: number;
  /** Base θ of the rotary frequencies. */
  rotaryBase: number;
  /** ε that LayerNorm adds to the variance. */
  layerNormEps: number;
  /** Non-linearity of the MLP. */
  activation: "gelu" | "gelu_tanh" | "relu" | "silu";
  /** Whether the unembedding is the transposed embedding. */
  tied: boolean;
  /** What Llama-style blocks do differently; absent in GPT-NeoX and GPT-2. */
  llama?: LlamaTraits;
}

const ACTIVATIONS: Record<string, ModelConfig["activation"]> = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  relu: "relu",
};

const size = z.number().int().positive();
/** Layer or head count. Above any real model; low enough to reject a corrupt value before looping over it. */
const count = size.max(1000);
const activation = z.string().refine((name) => Object.hasOwn(ACTIVATIONS, name), {
  error: `expected one of ${Object.keys(ACTIVATIONS).join(", ")}`,
});
const absentOr = <T extends boolean>(value: T, reason: string) =>
  z.literal(value, { error: `only ${value} is supported: ${reason}` }).optional();

const neoxSchema = z.object({
  hidden_size: size,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: size,
  vocab_size: size,
  max_position_embeddings: size.default(2048),
  use_parallel_residual: z.boolean().default(true),
  hidden_act: activation.default("gelu"),
  layer_norm_eps: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: absentOr(true, "the attention projections have biases"),
  rotary_pct: z.number().min(0).max(1).optional(),
  rotary_emb_base: z.number().positive().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().min(0).max(1).optional(),
  rope_scaling: z.null({ error: "scaled rotary embeddings are not supported" }).optional(),
  rope_parameters: z.object({
    rope_type: z.literal("default", { error: "only the default rotary embedding is supported" })
      .optional(),
    rope_theta: z.number().positive().optional(),
    partial_rotary_factor: z.number().min(0).max(1).optional(),
  }).nullish(),
});

const gpt2Schema = z.object({
  n_embd: size,
  n_layer: count,
  n_head: count,
  n_inner: size.nullish(),
  n_positions: size.default(1024),
  vocab_size: size,
  activation_function: activation.default("gelu_new"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: absentOr(true, "scores are divided by sqrt(d_head)"),
  scale_attn_by_inverse_layer_idx: absentOr(false, "scores are not scaled by layer"),
  add_cross_attention: absentOr(false, "there is no encoder"),
});

/**
 * Reads the model's shape from the parsed content of `config.json`.
 * @param file path that error messages name
 * @throws Error naming the file, the key, what was expected and what was found
 */
export function parseModelConfig(json: unknown, file: string): ModelConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error(`${file}: expected a JSON object with the model's configuration`);
  }
  const architecture = architectureOf(json as Record<string, unknown>, file);
  if (architecture === "gpt_neox") return neoxConfig(parsed(neoxSchema, json, file), file);
  if (architecture === "gpt2") return gpt2Config(parsed(gpt2Schema, json, file), file);
  return llamaConfig(architecture, (schema) => parsed(schema, json, file), file);
}

/**
 * Reads `dir/config.json`.
 * @throws Error naming the file if it is missing, is not JSON or describes an unsupported model
 */
export async function readModelConfig(dir: string): Promise<ModelConfig> {
  const file = join(dir, "config.json");
  const json = await readJson(file);
  if (json === undefined) {
    throw new Error(
      `${file} is missing: expected a folder with config.json and weights in Hugging Face layout`,
    );
  }
  return parseModelConfig(json, file);
}

/** Architectures by the name of their class in `transformers`. */
const CLASSES: Record<string, ModelConfig["architecture"]> = {
  GPTNeoXForCausalLM: "gpt_neox",
  GPT2LMHeadModel: "gpt2",
  LlamaForCausalLM: "llama",
  MistralForCausalLM: "mistral",
  Qwen2ForCausalLM: "qwen2",
  Qwen3ForCausalLM: "qwen3",
  Gemma2ForCausalLM: "gemma2",
  Gemma3ForCausalLM: "gemma3_text",
  OlmoForCausalLM: "olmo",
  Olmo2ForCausalLM: "olmo2",
};

function architectureOf(json: Record<string, unknown>, file: string): ModelConfig["architecture"] {
  const known = ["gpt_neox", "gpt2", ...LLAMA_FAMILIES] as const;
  const type = json.model_type;
  const found = known.find((name) => name === type);
  if (found) return found;
  const classes = Array.isArray(json.architectures) ? json.architectures : [];
  const name = classes.find((name) => typeof name === "string" && Object.hasOwn(CLASSES, name));
  if (type === undefined && name) return CLASSES[name];
  throw new Error(
    `${file}: model_type is ${type === undefined ? "missing" : shortJson(type)}; expected one of ${
      known.join(", ")
    } (Pythia is "gpt_neox")`,
  );
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const found = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      json,
    );
    return `${issue.path.join(".")}: ${issue.message} (found ${
      found === undefined ? "nothing" : shortJson(found)
    })`;
  });
  throw new Error(`${file}: ${problems.join("; ")}`);
}

function headWidth(dModel: number, nHeads: number, file: string): number {
  if (dModel % nHeads === 0) return dModel / nHeads;
  throw new Error(`${file}: ${nHeads} heads do not divide the residual width ${dModel} evenly`);
}

function neoxConfig(raw: z.infer<typeof neoxSchema>, file: string): ModelConfig {
  const dHead = headWidth(raw.hidden_size, raw.num_attention_heads, file);
  const fraction = raw.rope_parameters?.partial_rotary_factor ?? raw.rotary_pct ??
    raw.partial_rotary_factor ?? 0.25;
  const rotaryDims = Math.floor(dHead * fraction);
  if (rotaryDims % 2 !== 0) {
    throw new Error(
      `${file}: ${fraction} of ${dHead} head dimensions gives ${rotaryDims} rotary dimensions; expected an even number`,
    );
  }
  return {
    architecture: "gpt_neox",
    nLayers: raw.num_hidden_layers,
    nHeads: raw.num_attention_heads,
    dModel: raw.hidden_size,
    dHead,
    dMlp: raw.intermediate_size,
    vocabSize: raw.vocab_size,
    maxPositions: raw.max_position_embeddings,
    parallel: raw.use_parallel_residual,
    rotaryDims,
    rotaryBase: raw.rope_parameters?.rope_theta ?? raw.rotary_emb_base ?? raw.rope_theta ?? 10000,
    layerNormEps: raw.layer_norm_eps,
    activation: ACTIVATIONS[raw.hidden_act],
    tied: raw.tie_word_embeddings,
  };
}

function gpt2Config(raw: z.infer<typeof gpt2Schema>, file: string): ModelConfig {
  return {
    architecture: "gpt2",
    nLayers: raw.n_layer,
    nHeads: raw.n_head,
    dModel: raw.n_embd,
    dHead: headWidth(raw.n_embd, raw.n_head, file),
    dMlp: raw.n_inner ?? 4 * raw.n_embd,
    vocabSize: raw.vocab_size,
    maxPositions: raw.n_positions,
    parallel: false,
    rotaryDims: 0,
    rotaryBase: 10000,
    layerNormEps: raw.layer_norm_epsilon,
    activation: ACTIVATIONS[raw.activation_function],
    tied: raw.tie_word_embeddings,
  };
}
