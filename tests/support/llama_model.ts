/** Small seeded random Llama-style models for tests, of every family and with settings that no reference case has. */
import { type Tensor, tensor } from "../../utils/onnx/mod.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import { HookedModel } from "../../utils/model/hooked_model.ts";
import type { LlamaFamily } from "../../utils/model/llama_traits.ts";
import { parseModelConfig } from "../../utils/model/config.ts";
import { llamaUnit } from "../../utils/model/weights/llama_units.ts";
import { unitNames, type WeightSource } from "../../utils/model/weights/weight_source.ts";
import type { Runtime } from "../../utils/model/runtime.ts";
import { uniform } from "./random_model.ts";

/** Returns the configuration of a family: two layers, four query heads of six dimensions, two key/value heads, d = 16. */
export function llamaConfigOf(
  family: LlamaFamily,
  changes: Record<string, unknown> = {},
): ModelConfig {
  return parseModelConfig({
    model_type: family,
    hidden_size: 16,
    intermediate_size: 20,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    ...(family.startsWith("olmo") ? {} : { head_dim: 6 }),
    vocab_size: 17,
    max_position_embeddings: 32,
    ...(family.startsWith("gemma") && { query_pre_attn_scalar: 9, sliding_window: 4 }),
    ...changes,
  }, "config.json");
}

/** Returns a model with random weights, {@link llamaSource}. */
export function llamaModel(config: ModelConfig, runtime: Runtime, seed = 5): HookedModel {
  return HookedModel.fromSource(llamaSource(config, seed), { runtime });
}

/** Returns random weights: gains around 1, biases, and matrices large enough that every part matters. */
export function llamaSource(config: ModelConfig, seed = 5): WeightSource {
  const next = uniform(seed);
  const stored = new Map<string, Tensor<Float32Array>>();
  const units: Record<string, Record<string, Tensor<Float32Array>>> = {};
  for (const unit of unitNames(config)) {
    units[unit] = {};
    for (const [feed, { names, shape, add }] of Object.entries(llamaUnit(config, unit))) {
      const length = shape.reduce((a, b) => a * b, 1);
      const make = () => {
        if (names.length === 0) return tensor(new Float32Array(length).fill(add), shape);
        const centre = /^ln.*_w$|norm_w$/.test(feed) ? 1 : 0;
        const scale = shape.length === 1 ? 0.3 : unit === "embed" ? 1 : 0.5;
        return tensor(Float32Array.from({ length }, () => centre + scale * next()), shape);
      };
      const key = names.join() || `${unit} ${feed}`;
      if (!stored.has(key)) stored.set(key, make());
      units[unit][feed] = stored.get(key)!;
    }
  }
  return {
    config,
    units: unitNames(config),
    load: (unit) => Promise.resolve(units[unit]),
    close() {},
  };
}
