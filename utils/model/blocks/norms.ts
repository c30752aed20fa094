/** Normalises the residual stream as a model's configuration says: LayerNorm, or division by the root mean square. */
import { layerNorm, rmsNorm, type Value } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";

/** A normalised value and its statistics, each with last axis 1. */
export interface Norm {
  /** normalised value */
  output: Value;
  /** mean over the last axis; absent where the norm does not subtract it */
  mean?: Value;
  /** 1/σ, where σ is what the norm divides by */
  inverseScale: Value;
}

/** Whether norms divide by the root mean square and do not subtract the mean. */
export const isRms = ({ llama }: ModelConfig): boolean => llama?.norm === "rms";

/** Applies a model's norm over the last axis; the bias of an RMSNorm is not used. */
export function normalise(x: Value, weight: Value, bias: Value, config: ModelConfig): Norm {
  return isRms(config)
    ? rmsNorm(x, weight, config.layerNormEps)
    : layerNorm(x, weight, bias, config.layerNormEps);
}

/** Returns what attention and MLP compute from: the normalised residual stream, or the stream itself (OLMo 2). */
export function normalisedInput(
  x: Value,
  weight: Value,
  bias: Value,
  config: ModelConfig,
): Value {
  return config.llama?.preNorm === false ? x : normalise(x, weight, bias, config).output;
}
