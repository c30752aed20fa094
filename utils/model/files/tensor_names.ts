/**
 * Lists the tensors that a checkpoint must hold, under the names of Hugging Face `transformers`, and checks for them.
 *
 * Shapes are as stored: `[out, in]` in GPT-NeoX's `Linear`, `[in, out]` in GPT-2's `Conv1D`. GPT-NeoX orders its fused
 * `query_key_value` by head (q, k, v of head 0, then of head 1, …). GPT-2's fused `c_attn` holds all queries, then all
 * keys, then all values.
 */
import type { ModelConfig } from "../config.ts";
import type { LlamaTraits } from "../llama_traits.ts";
import { type CheckpointFiles, checkShape } from "../../tensor_files/mod.ts";

const CONSTANT_BUFFERS =
  /(^|\.)(attention\.(bias|masked_bias)|attn\.(bias|masked_bias)|rotary_emb\.inv_freq)$/;

/**
 * Tells whether a tensor is a buffer that older checkpoints store although it is not a parameter: a causal mask, the
 * value of a masked score (−1e9, which overflows in float16) or rotary frequencies.
 */
export function isConstantBuffer(name: string): boolean {
  return CONSTANT_BUFFERS.test(name);
}

/** Output heads that repeat the embedding in a tied model. */
const TIED_HEADS = new Set(["lm_head.weight", "embed_out.weight"]);

/** Returns the name and stored shape of every tensor that a model of this configuration needs. */
export function expectedTensors(config: ModelConfig): Map<string, number[]> {
  if (config.llama) return new Map(llamaTensors(config, config.llama));
  return new Map(config.architecture === "gpt_neox" ? neoxTensors(config) : gpt2Tensors(config));
}

function* neoxTensors(config: ModelConfig): Generator<[string, number[]]> {
  const { dModel: d, dMlp: m, vocabSize: v } = config;
  yield ["gpt_neox.embed_in.weight", [v, d]];
  for (let l = 0; l < config.nLayers; l++) {
    const layer = `gpt_neox.layers.${l}`;
    yield* weightAndBias(`${layer}.input_layernorm`, [d], d);
    yield* weightAndBias(`${layer}.attention.query_key_value`, [3 * d, d], 3 * d);
    yield* weightAndBias(`${layer}.attention.dense`, [d, d], d);
    yield* weightAndBias(`${layer}.post_attention_layernorm`, [d], d);
    yield* weightAndBias(`${layer}.mlp.dense_h_to_4h`, [m, d], m);
    yield* weightAndBias(`${layer}.mlp.dense_4h_to_h`, [d, m], d);
  }
  yield* weightAndBias("gpt_neox.final_layer_norm", [d], d);
  if (!config.tied) yield ["embed_out.weight", [v, d]];
}

function* gpt2Tensors(config: ModelConfig): Generator<[string, number[]]> {
  const { dModel: d, dMlp: m, vocabSize: v } = config;
  yield ["transformer.wte.weight", [v, d]];
  yield ["transformer.wpe.weight", [config.maxPositions, d]];
  for (let l = 0; l < config.nLayers; l++) {
    const layer = `transformer.h.${l}`;
    yield* weightAndBias(`${layer}.ln_1`, [d], d);
    yield* weightAndBias(`${layer}.attn.c_attn`, [d, 3 * d], 3 * d);
    yield* weightAndBias(`${layer}.attn.c_proj`, [d, d], d);
    yield* weightAndBias(`${layer}.ln_2`, [d], d);
    yield* weightAndBias(`${layer}.mlp.c_fc`, [d, m], m);
    yield* weightAndBias(`${layer}.mlp.c_proj`, [m, d], d);
  }
  yield* weightAndBias("transformer.ln_f", [d], d);
  if (!config.tied) yield ["lm_head.weight", [v, d]];
}

/** The norms of a Llama-style layer by the feed that holds the gain; each family stores some of them. */
export function llamaNorms({ preNorm, postNorm, gains }: LlamaTraits): Record<string, string> {
  if (!gains) return {};
  const post = { ln1_post: "post_attention_layernorm", ln2_post: "post_feedforward_layernorm" };
  if (!postNorm) return { ln1: "input_layernorm", ln2: "post_attention_layernorm" };
  return preNorm ? { ln1: "input_layernorm", ln2: "pre_feedforward_layernorm", ...post } : post;
}

function* llamaTensors(config: ModelConfig, traits: LlamaTraits): Generator<[string, number[]]> {
  const { dModel: d, dHead: e, dMlp: m, nHeads: H, vocabSize: v } = config;
  const { nKvHeads: K, qkNorm, biases, gains } = traits;
  yield ["model.embed_tokens.weight", [v, d]];
  for (let l = 0; l < config.nLayers; l++) {
    const layer = `model.layers.${l}`, attention = `${layer}.self_attn`;
    for (const [letter, heads] of [["q", H], ["k", K], ["v", K]] as const) {
      yield [`${attention}.${letter}_proj.weight`, [heads * e, d]];
      if (biases !== "none") yield [`${attention}.${letter}_proj.bias`, [heads * e]];
      if (qkNorm && letter !== "v") {
        yield [`${attention}.${letter}_norm.weight`, [qkNorm === "all" ? heads * e : e]];
      }
    }
    yield [`${attention}.o_proj.weight`, [d, H * e]];
    if (biases === "all") yield [`${attention}.o_proj.bias`, [d]];
    for (const norm of Object.values(llamaNorms(traits))) yield [`${layer}.${norm}.weight`, [d]];
    yield [`${layer}.mlp.gate_proj.weight`, [m, d]];
    yield [`${layer}.mlp.up_proj.weight`, [m, d]];
    yield [`${layer}.mlp.down_proj.weight`, [d, m]];
  }
  if (gains) yield ["model.norm.weight", [d]];
  if (!config.tied) yield ["lm_head.weight", [v, d]];
}

function* weightAndBias(
  name: string,
  weight: number[],
  bias: number,
): Generator<[string, number[]]> {
  yield [`${name}.weight`, weight];
  yield [`${name}.bias`, [bias]];
}

/**
 * Verifies that a checkpoint holds every expected tensor in the expected shape, and no tensor that the model would not
 * use. Ignores the constant buffers of older checkpoints and the repeated head of a tied model. Reads no data.
 * @throws Error naming the folder or file, the tensor, what was found and what was expected
 */
export function checkCheckpoint(files: CheckpointFiles, config: ModelConfig): void {
  const used = new Set<string>();
  for (const [name, shape] of expectedTensors(config)) {
    const info = files.info(name);
    checkShape(info, shape);
    if (!/^B?F\d/.test(info.dtype)) {
      throw new Error(
        `${info.file}: tensor ${info.name} has dtype ${info.dtype}; expected weights in floating point ` +
          `(quantised checkpoints are not supported)`,
      );
    }
    used.add(info.name);
  }
  const unknown = files.names().filter((name) =>
    !used.has(name) && !isConstantBuffer(name) && !(config.tied && TIED_HEADS.has(name))
  );
  if (unknown.length > 0) {
    throw new Error(
      `${files.dir}: ${unknown.length} tensors that a ${config.architecture} model of ${config.nLayers} layers ` +
        `does not use: ${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ", …" : ""}; ` +
        `check that config.json belongs to these weights`,
    );
  }
}
