import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { parseModelConfig, readModelConfig } from "./config.ts";

const reference = (name: string): string =>
  fromFileUrl(new URL(`../../tests/reference/${name}/model`, import.meta.url));

const pythia = {
  model_type: "gpt_neox",
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  vocab_size: 50304,
  max_position_embeddings: 2048,
  hidden_act: "gelu",
  layer_norm_eps: 1e-5,
  tie_word_embeddings: false,
  use_parallel_residual: true,
};

Deno.test("readModelConfig() reads the GPT-NeoX and GPT-2 reference models", async () => {
  assertEquals(await readModelConfig(reference("neox")), {
    architecture: "gpt_neox",
    nLayers: 3,
    nHeads: 4,
    dModel: 32,
    dHead: 8,
    dMlp: 128,
    vocabSize: 96,
    maxPositions: 64,
    parallel: true,
    rotaryDims: 2,
    rotaryBase: 10000,
    layerNormEps: 1e-5,
    activation: "gelu",
    tied: false,
  });
  assertEquals(await readModelConfig(reference("gpt2")), {
    architecture: "gpt2",
    nLayers: 3,
    nHeads: 4,
    dModel: 32,
    dHead: 8,
    dMlp: 128,
    vocabSize: 96,
    maxPositions: 64,
    parallel: false,
    rotaryDims: 0,
    rotaryBase: 10000,
    layerNormEps: 1e-5,
    activation: "gelu_tanh",
    tied: true,
  });
});

Deno.test("parseModelConfig() reads rotary settings under old and new names", () => {
  const old = parseModelConfig({ ...pythia, rotary_pct: 0.5, rotary_emb_base: 500 }, "config.json");
  const new_ = parseModelConfig(
    {
      ...pythia,
      rope_parameters: { rope_type: "default", rope_theta: 500, partial_rotary_factor: 0.5 },
    },
    "config.json",
  );
  assertEquals(old, new_);
  assertEquals([old.rotaryDims, old.rotaryBase], [32, 500]);

  const silent = parseModelConfig(pythia, "config.json");
  assertEquals([silent.rotaryDims, silent.rotaryBase], [16, 10000], "defaults of GPTNeoXConfig");
});

Deno.test("parseModelConfig() names the file, the key and the unsupported value", () => {
  const refuse = (change: Record<string, unknown>, ...parts: string[]) => {
    const error = assertThrows(() => parseModelConfig({ ...pythia, ...change }, "x/config.json"));
    for (const part of ["x/config.json", ...parts]) {
      assertEquals((error as Error).message.includes(part), true, (error as Error).message);
    }
  };
  refuse({ model_type: "bloom" }, "bloom", "gpt_neox");
  refuse({ hidden_size: undefined }, "hidden_size");
  refuse({ num_attention_heads: -1 }, "num_attention_heads", "-1");
  refuse({ num_hidden_layers: 1e9 }, "num_hidden_layers", "1000000000");
  refuse({ num_attention_heads: 7 }, "7 heads", "768");
  refuse({ hidden_act: "silu" }, "hidden_act", "silu");
  refuse({ rope_scaling: { type: "linear", factor: 2 } }, "rope_scaling");
  refuse({ rope_parameters: { rope_type: "yarn" } }, "rope_type", "yarn");
  refuse({ attention_bias: false }, "attention_bias");
  refuse({ rotary_pct: 0.05 }, "3 rotary dimensions");
});

Deno.test("parseModelConfig() refuses GPT-2 variants that compute differently", () => {
  const gpt2 = { model_type: "gpt2", n_embd: 32, n_head: 4, n_layer: 2, vocab_size: 96 };
  assertEquals(parseModelConfig(gpt2, "config.json").dMlp, 128);
  assertThrows(
    () => parseModelConfig({ ...gpt2, scale_attn_by_inverse_layer_idx: true }, "config.json"),
    Error,
    "scale_attn_by_inverse_layer_idx",
  );
});

Deno.test("readModelConfig() names a missing file", async () => {
  await assertRejects(() => readModelConfig(reference("nowhere")), Error, "config.json is missing");
});
