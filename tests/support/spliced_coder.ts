/** A small transcoder spliced into random models, and prompts to run them on. */
import { randomModel, randomTokens, uniform } from "./random_model.ts";
import { add, detach, linear, relu, sub, type Tensor, tensor } from "../../utils/onnx/mod.ts";
import type { Readout } from "../../utils/model/blocks/embedding.ts";
import { defineSplice } from "../../utils/model/blocks/splice.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import { HookedModel, type ModelOptions } from "../../utils/model/hooked_model.ts";
import { Runtime } from "../../utils/model/runtime.ts";

/** Read-out position of each of two prompts. */
export const POSITIONS = [4, 6];
/** A metric of two prompts. */
export const READOUT: Readout = {
  kind: "logits",
  ids: Int32Array.of(3, 5, 8, 0),
  weights: Float32Array.of(1, -1, 0.5, -2),
  width: 2,
};

/** A random model, two prompts, and the release of all sessions at the end of the test. */
export function setup(config: ModelConfig, options: ModelOptions = {}) {
  const { source, weights } = randomModel(config, 3);
  const prompts = [randomTokens(5, config.vocabSize, 1), randomTokens(7, config.vocabSize, 2)];
  const model = HookedModel.fromSource(source, {
    ...options,
    runtime: new Runtime({ threads: 1 }),
  });
  return { model, source, weights, prompts, [Symbol.asyncDispose]: () => model.runtime.close() };
}

export const FEATURES = 9;

/** A small transcoder of the MLP, `relu(x·A)·B`, with or without the error that it makes. */
export const coder = defineSplice("coder", ({ d, error }: { d: number; error: boolean }) => ({
  weights: { A: [d, FEATURES], B: [FEATURES, d] },
  reads: ["hook_mlp_in"],
  points: ["hook_acts"],
  at: {
    hook_mlp_out: (computed, { weights, read, at, save }) => {
      const acts = relu(linear(read("hook_mlp_in"), weights.A, false));
      save("acts", acts);
      const made = linear(at("hook_acts", acts), weights.B, false);
      return error ? add(made, detach(sub(computed, made))) : made;
    },
  },
}));

/** Random weights of {@link coder}. */
export function coderWeights({ dModel: d }: ModelConfig): Record<"A" | "B", Tensor<Float32Array>> {
  const next = uniform(21);
  const random = (...shape: number[]) =>
    tensor(Float32Array.from({ length: shape[0] * shape[1] }, next), shape);
  return { A: random(d, FEATURES), B: random(FEATURES, d) };
}
