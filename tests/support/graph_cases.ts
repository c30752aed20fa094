/** Small random models with a random coder in every layer, for attribution graphs. */
import { randomCoder } from "./coder_cases.ts";
import { llamaConfigOf, llamaSource } from "./llama_model.ts";
import { randomModel, randomTokens, smallConfig } from "./random_model.ts";
import { FOLDED, HookedModel, type ModelConfig } from "../../utils/model/mod.ts";
import type { Coder, CoderConfig } from "../../utils/transcoders/mod.ts";

/** A model, its coders, and a prompt. */
export interface GraphCase {
  model: HookedModel;
  coders: Coder[];
  tokens: number[];
}

/** As {@link smallConfig}: three heads of four dimensions, which share a key/value head. */
const SMALL = {
  hidden_size: 12,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  head_dim: 4,
  num_hidden_layers: 3,
};
/** Caps that bend, a window shorter than the prompt in layers 0 and 2, biases. */
const GEMMA_2 = llamaConfigOf("gemma2", {
  ...SMALL,
  attention_bias: true,
  sliding_window: 4,
  final_logit_softcapping: 4,
  attn_logit_softcapping: 2,
});

/** Changes to the coders by name of the case; the hook point has no layer. */
const CASES: Record<string, [Partial<ModelConfig>, string, Partial<CoderConfig>]> = {
  "GPT-NeoX, bare": [{ architecture: "gpt_neox" }, "ln2.hook_normalized", {}],
  "GPT-NeoX, MLP input, linear path": [{ architecture: "gpt_neox" }, "mlp.hook_in", {
    skip: true,
    activation: { name: "topk", k: 4, signed: true },
  }],
  "sequential GPT-NeoX, MLP input": [
    { architecture: "gpt_neox", parallel: false },
    "mlp.hook_in",
    {},
  ],
  "GPT-2, stream": [{ architecture: "gpt2" }, "hook_resid_mid", {}],
  "GPT-2, folded": [{ architecture: "gpt2" }, "ln2.hook_normalized", {
    inputConvention: "folded",
  }],
  "GPT-2, bare, linear path": [{ architecture: "gpt2" }, "ln2.hook_normalized", { skip: true }],
  "GPT-2, before attention": [{ architecture: "gpt2" }, "hook_resid_pre", {}],
  "folded GPT-2, folded MLP input": [{ architecture: "gpt2" }, "mlp.hook_in", {
    inputConvention: "folded",
  }],
  "GPT-NeoX, cross-layer": [{ architecture: "gpt_neox" }, "ln2.hook_normalized", {
    kind: "cross_layer",
  }],
  "Gemma 2, bare, linear path": [GEMMA_2, "ln2.hook_normalized", { skip: true }],
  "folded Gemma 2, folded MLP input": [GEMMA_2, "mlp.hook_in", { inputConvention: "folded" }],
  "OLMo 2, stream": [
    llamaConfigOf("olmo2", { ...SMALL, attention_bias: true }),
    "hook_mlp_in",
    {},
  ],
};

/** Names of the cases. */
export const GRAPH_CASES = Object.keys(CASES);
/** Names of the cases that the oracle transformer computes: GPT-NeoX and GPT-2. */
export const ORACLE_CASES = GRAPH_CASES.filter((name) => !CASES[name][0].llama);

/** Makes a case: three layers, 14 features each, 5 tokens. */
export function graphCase(name: string): GraphCase {
  const [{ architecture, ...changes }, point, coder] = CASES[name];
  const config = smallConfig(architecture!, { nLayers: 3, ...changes });
  const { nLayers: L, dModel } = config;
  const coders = Array.from({ length: L }, (_, layer) =>
    randomCoder({
      layer,
      dIn: dModel,
      dOut: dModel,
      features: 14,
      inputHook: `blocks.${layer}.${point}`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
      ...coder,
      ...(coder.kind === "cross_layer"
        ? { decoderLayers: Array.from({ length: L - layer }, (_, i) => layer + i) }
        : {}),
    }, layer + 1));
  return {
    model: HookedModel.fromSource(config.llama ? llamaSource(config) : randomModel(config).source, {
      processing: name.startsWith("folded") ? FOLDED : undefined,
    }),
    coders,
    tokens: randomTokens(5, config.vocabSize),
  };
}
