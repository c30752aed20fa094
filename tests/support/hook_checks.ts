/** Compares hook values and metrics of a model with the oracle, for prompts padded into one batch. */
import { assert } from "@std/assert";
import type { Tensor } from "../../utils/onnx/mod.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import { BLOCK_HOOKS, parseHookName } from "../../utils/model/blocks/hook_names.ts";
import type { Readout } from "../../utils/model/blocks/embedding.ts";
import { smallConfig } from "./random_model.ts";
import type { OracleRun } from "../oracle/oracle_transformer.ts";

/** Small models of every architecture that blocks support. */
export const ARCHITECTURES: Record<string, ModelConfig> = {
  "GPT-NeoX": smallConfig("gpt_neox"),
  "GPT-NeoX sequential": smallConfig("gpt_neox", { parallel: false, activation: "relu" }),
  "GPT-NeoX sequential tied": smallConfig("gpt_neox", {
    parallel: false,
    tied: true,
    rotaryDims: 4,
    activation: "gelu_tanh",
  }),
  "GPT-2": smallConfig("gpt2"),
};

const HEAD_INPUTS = ["hook_q_input", "hook_k_input", "hook_v_input"];

/**
 * Returns all hook points of a model at one layer and outside the blocks, in two sets that can be used together. They are
 * two because the shared LayerNorm does not exist if heads read copies of the residual stream.
 */
export function hookSets(config: ModelConfig, layer: number): [string[], string[]] {
  const exists = (name: string) => {
    try {
      return parseHookName(name, config) !== undefined;
    } catch {
      return false;
    }
  };
  const inside = (points: string[]) => points.map((p) => `blocks.${layer}.${p}`);
  const shared = Object.keys(BLOCK_HOOKS).filter((p) => !HEAD_INPUTS.includes(p));
  const outer = ["hook_embed", "hook_pos_embed", "ln_final.hook_scale", "ln_final.hook_normalized"];
  return [[...inside(shared), ...outer].filter(exists), inside(HEAD_INPUTS)];
}

/** Returns the row-major index in the padded batch of element `flat` of an unpadded value of batch item `b`. */
export function paddedIndex(padded: readonly number[], b: number, shape: number[], flat: number) {
  const index: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return [b, ...index].reduce((at, i, axis) => at * padded[axis] + i, 0);
}

/** Fails unless all values of batch item `b` equal the oracle's within `tolerance` of its largest finite value. */
export function assertLikeOracle(
  found: Tensor<Float32Array>,
  b: number,
  expected: { shape: number[]; data: Float64Array },
  name: string,
  tolerance = 5e-6,
) {
  const finite = expected.data.filter(Number.isFinite);
  const scale = finite.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-3);
  expected.data.forEach((x, i) => {
    const ours = found.data[paddedIndex(found.shape, b, expected.shape, i)];
    const same = Number.isFinite(x) ? Math.abs(ours - x) <= tolerance * scale : ours === x;
    assert(
      same,
      `${name}, prompt ${b}, element ${i}: expected ${x} as the oracle has, found ${ours}`,
    );
  });
}

/** Computes the metric of batch item `b` from the oracle's logits. */
export function oracleMetric(run: OracleRun, b: number, position: number, r: Readout, V: number) {
  const row = run.logits.subarray(position * V, (position + 1) * V);
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  const f = (x: number) => r.kind === "logits" ? x : Math.exp(x) / total;
  let value = 0;
  for (let j = b * r.width; j < (b + 1) * r.width; j++) value += r.weights[j] * f(row[r.ids[j]]);
  return value;
}
