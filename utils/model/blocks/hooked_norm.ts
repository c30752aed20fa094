/**
 * Applies layer normalisation, with its two hook points:
 *
 *   scale = √(variance + ε),  normalized = (x − mean)/scale · weight + bias
 *
 * ONNX's fused operator does not accept a scale, and its scale cannot be differentiated. If the plan splices, patches,
 * freezes or differentiates `hook_scale`, the graph contains the written-out formula; otherwise it contains the fused
 * operator. A LayerNorm with frozen scale is linear. An RMSNorm has neither mean nor bias:
 *
 *   scale = √(mean(x²) + ε),  normalized = x/scale · weight
 */
import { add, div, mean, mul, reciprocal, sqrt, sub, type Value } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { HookPoints } from "./hooks.ts";
import { isRms, normalise } from "./norms.ts";

/** Applies a model's norm over the last axis, with hook points `{name}.hook_scale` and `{name}.hook_normalized`. */
export function hookedNorm(
  x: Value,
  weight: Value,
  bias: Value,
  config: ModelConfig,
  name: string,
  hooks: HookPoints,
): Value {
  const scalePoint = `${name}.hook_scale`;
  if (hooks.changes(scalePoint)) {
    const centred = isRms(config) ? x : sub(x, mean(x, [-1], true));
    const variance = mean(mul(centred, centred), [-1], true);
    const scale = hooks.at(scalePoint, sqrt(add(variance, config.layerNormEps)));
    const scaled = mul(div(centred, scale), weight);
    return hooks.at(`${name}.hook_normalized`, isRms(config) ? scaled : add(scaled, bias));
  }
  const norm = normalise(x, weight, bias, config);
  if (norm.mean) hooks.save(`${name}.mean`, norm.mean);
  hooks.save(`${name}.inverse`, norm.inverseScale);
  if (hooks.uses(scalePoint)) hooks.at(scalePoint, reciprocal(norm.inverseScale));
  return hooks.at(`${name}.hook_normalized`, norm.output);
}
