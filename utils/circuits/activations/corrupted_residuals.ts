/**
 * Computes the residual stream that a destination would read if every source before it were corrupted.
 *
 * It is the clean stream plus the corrupted-minus-clean differences of those sources. Biases and position embeddings do
 * not belong to a source and stay as they are.
 */
import { type F32, tensor } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { BatchActivations, Intervention } from "./activations.ts";
import { layerRows } from "../graph/mod.ts";
import { sourceDifferences } from "./source_differences.ts";

/** Holds residual streams at every destination. */
export interface Residuals {
  /** before each layer and after the last: L + 1 tensors `[N, P, d]` */
  pre: F32[];
  /** between attention and MLP of each layer, `[N, P, d]`; empty in parallel models */
  mid: F32[];
}

/** Returns the corrupted residual streams. Under `patching` they are those of the corrupted run itself. */
export async function corruptedResiduals(
  model: HookedModel,
  activations: BatchActivations,
  intervention: Intervention,
): Promise<Residuals> {
  if (intervention === "patching") return activations.corruptedRun;
  const { nLayers, parallel } = model.config;
  const D = await sourceDifferences(model, activations);
  const [N, rows, P, d] = D.shape;
  const width = P * d;
  const change = new Float64Array(N * width);
  const addRows = (first: number, count: number) => {
    for (let n = 0; n < N; n++) {
      for (let u = first; u < first + count; u++) {
        const at = (n * rows + u) * width;
        for (let i = 0; i < width; i++) change[n * width + i] += D.data[at + i];
      }
    }
  };
  const moved = (stream: F32): F32 =>
    tensor(stream.data.map((x, i) => x + change[i]), stream.shape);
  const result: Residuals = { pre: [], mid: [] };
  addRows(0, 1);
  for (let l = 0; l < nLayers; l++) {
    result.pre.push(moved(activations.residuals[l]));
    const { heads, mlp } = layerRows(model.config, l);
    addRows(heads, mlp - heads);
    if (!parallel) result.mid.push(moved(activations.mids[l]));
    addRows(mlp, 1);
  }
  result.pre.push(moved(activations.residuals[nLayers]));
  return result;
}
