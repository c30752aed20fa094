/** Small seeded random models for tests; the weights are large enough that every part matters. */
import { type Tensor, tensor } from "../../utils/onnx/mod.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import {
  unitNames,
  unitTensors,
  type WeightSource,
} from "../../utils/model/weights/weight_source.ts";
import type { OracleWeights } from "../oracle/oracle_transformer.ts";

/** Returns a source of uniform numbers in [−1, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Returns a configuration with two layers and three heads of four dimensions; GPT-NeoX rotates half of them. */
export function smallConfig(
  architecture: ModelConfig["architecture"],
  changes: Partial<ModelConfig> = {},
): ModelConfig {
  const neox = architecture === "gpt_neox";
  return {
    architecture,
    nLayers: 2,
    nHeads: 3,
    dModel: 12,
    dHead: 4,
    dMlp: 20,
    vocabSize: 17,
    maxPositions: 16,
    parallel: neox,
    rotaryDims: neox ? 2 : 0,
    rotaryBase: 100,
    layerNormEps: 1e-5,
    activation: neox ? "gelu" : "gelu_tanh",
    tied: !neox,
    ...changes,
  };
}

/** Makes random weights of a model, as a source for a HookedModel and as plain arrays for the oracle. */
export function randomModel(config: ModelConfig, seed = 1) {
  const next = uniform(seed);
  const stored = new Map<string, Tensor<Float32Array>>();
  const weights: OracleWeights = {};
  const units: Record<string, Record<string, Tensor<Float32Array>>> = {};
  let loads = 0;
  for (const unit of unitNames(config)) {
    units[unit] = {};
    for (const [feed, [name, shape]] of Object.entries(unitTensors(config, unit))) {
      if (!stored.has(name)) {
        const length = shape.reduce((a, b) => a * b, 1);
        const centre = feed.startsWith("ln") && feed.endsWith("_w") ? 1 : 0;
        const scale = shape.length === 1 ? 0.3 : unit === "embed" ? 1 : 0.6;
        const data = Float32Array.from({ length }, () => centre + scale * next());
        stored.set(name, tensor(data, shape));
      }
      units[unit][feed] = stored.get(name)!;
      weights[`${unit}.${feed}`] = stored.get(name)!.data;
    }
  }
  const source: WeightSource = {
    config,
    units: unitNames(config),
    load(unit) {
      loads++;
      return Promise.resolve(units[unit]);
    },
    close() {},
  };
  return { source, weights, loads: () => loads };
}

/** Returns a random prompt. */
export function randomTokens(length: number, vocabSize: number, seed = 1): number[] {
  const next = uniform(seed + 1000);
  return Array.from({ length }, () => Math.floor((next() + 1) / 2 * vocabSize));
}
