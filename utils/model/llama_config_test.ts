import { assertEquals, assertThrows } from "@std/assert";
import { parseModelConfig } from "./config.ts";
import { rotaryFrequencies } from "./blocks/sequence.ts";

const SIZES = {
  hidden_size: 64,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  intermediate_size: 96,
  vocab_size: 50,
};
const parse = (json: Record<string, unknown>) => parseModelConfig({ ...SIZES, ...json }, "x.json");

Deno.test("Absent keys take the defaults of the family", () => {
  const llama = parse({ model_type: "llama" });
  assertEquals([llama.dHead, llama.llama!.nKvHeads, llama.layerNormEps], [16, 4, 1e-6]);
  assertEquals(llama.llama!.local, [false, false, false, false]);
  const gemma2 = parse({ architectures: ["Gemma2ForCausalLM"] });
  assertEquals([gemma2.dHead, gemma2.tied, gemma2.activation], [256, true, "gelu_tanh"]);
  assertEquals(gemma2.llama!.local, [true, false, true, false]);
  assertEquals([gemma2.llama!.scoreCap, gemma2.llama!.logitCap, gemma2.llama!.window], [
    50,
    30,
    4096,
  ]);
  assertEquals(gemma2.llama!.embedScale, 8);
  const gemma3 = parse({ model_type: "gemma3_text", sliding_window_pattern: 2 });
  assertEquals(gemma3.llama!.local, [true, false, true, false]);
  assertEquals([gemma3.rotaryBase, gemma3.llama!.localRotaryBase], [1e6, 1e4]);
});

Deno.test("Windows follow layer_types, or Qwen's max_window_layers if use_sliding_window is set", () => {
  const qwen = { model_type: "qwen2", num_key_value_heads: 2, sliding_window: 8 };
  assertEquals(parse(qwen).llama!.window, undefined);
  const windows = { ...qwen, use_sliding_window: true, max_window_layers: 3 };
  assertEquals(parse(windows).llama!.local, [false, false, false, true]);
  const types = ["sliding_attention", "full_attention", "full_attention", "full_attention"];
  assertEquals(parse({ ...windows, layer_types: types }).llama!.local, [true, false, false, false]);
});

Deno.test("Linear scaling divides all rotary frequencies, Llama 3's only the long wavelengths", () => {
  const plain = rotaryFrequencies(parse({ model_type: "llama" }));
  const linear = { rope_scaling: { rope_type: "linear", factor: 4 } };
  const scaled = rotaryFrequencies(parse({ model_type: "llama", ...linear }));
  assertEquals(scaled, plain.map((f) => f / 4));
  const llama3 = rotaryFrequencies(parse({
    model_type: "llama",
    rope_scaling: {
      rope_type: "llama3",
      factor: 4,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    },
  }));
  assertEquals([llama3[0], llama3.at(-1)], [plain[0], plain.at(-1)! / 4]);
});

Deno.test("Settings that the blocks do not implement are refused by name", () => {
  const refuse = (json: Record<string, unknown>, ...parts: string[]) => {
    const { message } = assertThrows(() => parse(json), Error);
    for (const part of ["x.json", ...parts]) assertEquals(message.includes(part), true, message);
  };
  refuse(
    { model_type: "llama", rope_scaling: { type: "yarn", factor: 2 } },
    "rope_scaling",
    "yarn",
  );
  refuse({ model_type: "llama", mlp_bias: true }, "mlp_bias");
  refuse({ model_type: "llama", hidden_act: "relu" }, "hidden_act", "relu");
  refuse({ model_type: "llama", num_key_value_heads: 3 }, "num_key_value_heads", "3");
  refuse({ model_type: "llama", partial_rotary_factor: 0.5 }, "partial_rotary_factor");
  refuse({ model_type: "llama", quantization_config: { bits: 4 } }, "quantization_config");
  refuse({ model_type: "gemma3_text", use_bidirectional_attention: true }, "bidirectional");
  refuse({ model_type: "gemma3" }, "gemma3", "gemma3_text");
  refuse(
    { model_type: "mistral", num_key_value_heads: 2, layer_types: ["full_attention"] },
    "layer_types",
  );
});
