/**
 * Loads a model's weights as units in the order of use: `embed`, the layers `0 … L−1`, `unembed`. Each unit holds the
 * tensors of one graph under that graph's feed names, in the stored layout.
 *
 *  embed    W_E `[V, d]`, and W_pos `[positions, d]` for GPT-2
 *  layer    see `block_weights.ts`
 *  unembed  ln_f_w, ln_f_b `[d]`, W_U `[V, d]`, and b_U `[V]` after a LayerNorm bias has been folded in
 *
 * Llama-style checkpoints store q, k and v apart; a unit joins them. Gains and biases that they do not store are filled in
 * (`llama_units.ts`).
 */
import { tensor } from "../../onnx/mod.ts";
import { blockWeightShapes, type WeightUnit } from "../blocks/mod.ts";
import type { CheckpointFiles } from "../files/mod.ts";
import type { ModelConfig } from "../config.ts";
import { llamaUnit, loadLlamaUnit, type UnitPart } from "./llama_units.ts";

/** Loads the weights of one model unit by unit. */
export interface WeightSource {
  /** Shape of the model. */
  config: ModelConfig;
  /** Unit names in the order of use. */
  units: string[];
  /** Loads the tensors of a unit, by feed name. */
  load(unit: string): Promise<WeightUnit>;
  /** Closes the underlying files. */
  close(): void;
}

/** Returns the unit names of a model, in the order of use. */
export function unitNames(config: ModelConfig): string[] {
  return ["embed", ...Array.from({ length: config.nLayers }, (_, l) => String(l)), "unembed"];
}

/** Returns the tensors of a unit: feed name → [checkpoint tensor name, shape]. */
export function unitTensors(config: ModelConfig, unit: string): Record<string, [string, number[]]> {
  const { dModel: d, vocabSize: V } = config;
  if (config.llama) return storedTensors(llamaUnit(config, unit));
  const neox = config.architecture === "gpt_neox";
  if (unit === "embed") {
    return neox ? { W_E: ["gpt_neox.embed_in.weight", [V, d]] } : {
      W_E: ["transformer.wte.weight", [V, d]],
      W_pos: ["transformer.wpe.weight", [config.maxPositions, d]],
    };
  }
  if (unit === "unembed") {
    const norm = neox ? "gpt_neox.final_layer_norm" : "transformer.ln_f";
    const embedding = neox ? "gpt_neox.embed_in.weight" : "transformer.wte.weight";
    const head = config.tied ? embedding : neox ? "embed_out.weight" : "lm_head.weight";
    return {
      ln_f_w: [`${norm}.weight`, [d]],
      ln_f_b: [`${norm}.bias`, [d]],
      W_U: [head, [V, d]],
    };
  }
  const names = neox
    ? [
      "input_layernorm",
      "attention.query_key_value",
      "attention.dense",
      "post_attention_layernorm",
      "mlp.dense_h_to_4h",
      "mlp.dense_4h_to_h",
    ]
    : ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"];
  const prefix = neox ? `gpt_neox.layers.${unit}` : `transformer.h.${unit}`;
  const shapes = blockWeightShapes(config);
  const feeds = ["ln1", "qkv", "o", "ln2", "in", "out"] as const;
  return Object.fromEntries(feeds.flatMap((feed, i) => [
    [`${feed}_w`, [`${prefix}.${names[i]}.weight`, shapes[`${feed}_w`]]],
    [`${feed}_b`, [`${prefix}.${names[i]}.bias`, shapes[`${feed}_b`]]],
  ]));
}

/** Returns name and shape of the tensors of a Llama-style unit; a joined tensor takes the name of its first part. */
function storedTensors(parts: Record<string, UnitPart>): Record<string, [string, number[]]> {
  return Object.fromEntries(
    Object.entries(parts).map(([feed, { names, shape }]) => [feed, [names[0] ?? feed, shape]]),
  );
}

/** Makes a source over the files of a checkpoint. Reads each tensor when its unit is loaded. */
export function checkpointSource(files: CheckpointFiles, config: ModelConfig): WeightSource {
  return {
    config,
    units: unitNames(config),
    async load(unit) {
      if (config.llama) return await loadLlamaUnit(files, llamaUnit(config, unit));
      const tensors = Object.entries(unitTensors(config, unit));
      const loaded = await Promise.all(
        tensors.map(async ([feed, [name, shape]]) =>
          [feed, tensor(await files.read(name, shape), shape)] as const
        ),
      );
      return Object.fromEntries(loaded);
    },
    close: () => files.close(),
  };
}

/** Makes a source of seeded random weights at the scale of an initialised model, for benchmarks. Stores nothing. */
export function randomSource(config: ModelConfig, seed = 1): WeightSource {
  return {
    config,
    units: unitNames(config),
    load(unit) {
      const tensors = Object.entries(unitTensors(config, unit));
      return Promise.resolve(
        Object.fromEntries(
          tensors.map((
            [feed, [name, shape]],
          ) => [feed, tensor(randomTensor(feed, name, shape, seed), shape)]),
        ),
      );
    },
    close() {},
  };
}

function randomTensor(feed: string, name: string, shape: number[], seed: number): Float32Array {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  if (feed.startsWith("ln")) return data.fill(feed.endsWith("_w") ? 1 : 0);
  if (feed.endsWith("_b")) return data;
  let state = [...name].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 16777619), seed) >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 2 ** 32 - 0.5) * 0.07;
  }
  return data;
}
