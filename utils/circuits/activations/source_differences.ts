/**
 * Computes D, the corrupted-minus-clean output of every source in the residual stream, `[N, nForward, P, d]`.
 *
 * Row 0 is the input. Each layer adds its heads, (z' − z)·W_O, and then its MLP. Where a norm follows attention, a head's
 * output is its share of what is added, gain/scale · (z·W_O + b_O/H), with the scale of its own run: the norm scales the bias
 * too, so the H heads divide it among them. The rows of one prompt are contiguous, and so are the sources before a destination.
 */
import {
  add,
  concat,
  defineProgram,
  div,
  free,
  Graph,
  mul,
  Session,
  type SessionOptions,
  sub,
  type Tensor,
  tensor,
  transpose,
  unsqueeze,
} from "../../onnx/mod.ts";
import {
  declareWeights,
  headResults,
  type HookedModel,
  type ModelConfig,
} from "../../model/mod.ts";
import { circuitShape, layerRows, nForward } from "../graph/mod.ts";
import type { SourceOutputs } from "./source_outputs.ts";

/** Maps z, z' and both MLP outputs of one layer to its rows of D, `[N, H+1, P, d]`. */
const layerProgram = defineProgram(
  "source differences",
  (config: ModelConfig, options: SessionOptions) => {
    const g = new Graph();
    const z = (name: string) => g.input(name, ["batch", "pos", config.nHeads, config.dHead]);
    const m = (name: string) => g.input(name, ["batch", "pos", config.dModel]);
    const w = declareWeights(g, config, 0);
    const ofRun = (run: string) => {
      const value = z(`${run}_z`);
      if (!config.llama?.postNorm) return { value };
      const scale = unsqueeze(g.input(`${run}_scale`, ["batch", "pos", 1]), 2);
      return { value: div(value, scale), bias: div(div(w.o_b, config.nHeads), scale) };
    };
    const [from, to] = ["clean", "corrupted"].map(ofRun);
    const results = headResults(sub(to.value, from.value), w.o_w, config);
    const heads = w.ln1_post_w
      ? mul(add(results, sub(to.bias!, from.bias!)), w.ln1_post_w)
      : results;
    const mlp = unsqueeze(sub(m("corrupted_mlp"), m("clean_mlp")), 2);
    const rows = transpose(concat([heads, mlp], 2), [0, 2, 1, 3]);
    return Session.compile({ rows }, {}, options);
  },
);

/**
 * Returns D of a batch, `[N, nForward, P, d]`. The outputs of a layer may still be missing when the call is made, if a task
 * that shares the weights computes them before (`shared_sweeps.ts`).
 */
export async function sourceDifferences(
  model: HookedModel,
  { clean, corrupted }: { clean: SourceOutputs; corrupted: SourceOutputs },
): Promise<Tensor<Float32Array>> {
  const session = await layerProgram(model.runtime, model.config);
  const { dModel } = model.config;
  const [N, P] = clean.input.shape;
  const rows = nForward(circuitShape(model.config));
  const D = new Float32Array(N * rows * P * dModel);
  const width = P * dModel;
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < width; i++) {
      D[n * rows * width + i] = corrupted.input.data[n * width + i] -
        clean.input.data[n * width + i];
    }
  }
  for await (const { layer: l, feeds } of model.weights.layers()) {
    const { rows: ofLayer } = await session.run({
      clean_z: clean.z[l],
      corrupted_z: corrupted.z[l],
      clean_mlp: clean.mlp[l],
      corrupted_mlp: corrupted.mlp[l],
      ...(clean.scale && { clean_scale: clean.scale[l] }),
      ...(corrupted.scale && { corrupted_scale: corrupted.scale[l] }),
      ...feeds,
    });
    const { heads, end } = layerRows(model.config, l);
    const block = (end - heads) * width;
    for (let n = 0; n < N; n++) {
      D.set(ofLayer.data.subarray(n * block, (n + 1) * block), (n * rows + heads) * width);
    }
    free(ofLayer);
  }
  return tensor(D, [N, rows, P, dModel]);
}
