/**
 * Writes a checkpoint folder that Hugging Face's `GPTNeoXForCausalLM` reads: `config.json`, `model.safetensors` in float16,
 * `tokenizer.json` and `tokenizer_config.json`.
 *
 * `config.json` is written last, because a folder without it does not count as a checkpoint.
 */
import { join } from "@std/path";
import { writeFileAtomic, writeJsonAtomic } from "../base/mod.ts";
import type { ModelConfig } from "../model/mod.ts";
import { type TensorToWrite, writeSafetensors } from "../tensor_files/mod.ts";
import type { TokenizerFiles } from "../text/mod.ts";
import { viewOf } from "../training/mod.ts";
import { modelParameters } from "./parameters.ts";

/** Returns the `config.json` of a GPT-NeoX model, under the keys of the `transformers` class. */
export function neoxConfigJson(config: ModelConfig, eosId = 0): Record<string, unknown> {
  return {
    architectures: ["GPTNeoXForCausalLM"],
    model_type: "gpt_neox",
    torch_dtype: "float16",
    hidden_size: config.dModel,
    num_hidden_layers: config.nLayers,
    num_attention_heads: config.nHeads,
    intermediate_size: config.dMlp,
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositions,
    rotary_pct: config.rotaryDims / config.dHead,
    rotary_emb_base: config.rotaryBase,
    use_parallel_residual: config.parallel,
    hidden_act: config.activation === "gelu_tanh" ? "gelu_new" : config.activation,
    layer_norm_eps: config.layerNormEps,
    tie_word_embeddings: config.tied,
    attention_bias: true,
    attention_dropout: 0,
    hidden_dropout: 0,
    bos_token_id: eosId,
    eos_token_id: eosId,
    use_cache: true,
  };
}

/**
 * Writes the checkpoint, each file atomically. The same weights always give the same bytes.
 * @throws Error naming the file that cannot be written.
 */
export async function writeCheckpoint(
  dir: string,
  config: ModelConfig,
  weights: Float32Array<ArrayBuffer>,
  { tokenizer, config: tokenizerConfig }: TokenizerFiles,
): Promise<void> {
  const tensors: Record<string, TensorToWrite> = {};
  for (const p of modelParameters(config)) {
    tensors[p.name] = { dtype: "F16", shape: [...p.shape], data: viewOf(weights, p) };
  }
  await writeSafetensors(join(dir, "model.safetensors"), tensors);
  await writeFileAtomic(join(dir, "tokenizer.json"), JSON.stringify(tokenizer) + "\n");
  await writeJsonAtomic(join(dir, "tokenizer_config.json"), tokenizerConfig);
  await writeJsonAtomic(join(dir, "config.json"), neoxConfigJson(config));
}
