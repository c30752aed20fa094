/**
 * The rate of matrix products alone, as the yardstick of training: every product of a training step with a weight matrix,
 * forward (x·Wᵀ) and both backward (g·W and gᵀ·x), at the model's shapes, in one graph with nothing else in it.
 */
import type { ModelConfig } from "../model/config.ts";
import { gemm, Graph, Session, type SessionOptions, tensor, type Value } from "../onnx/mod.ts";
import { parameterLayout } from "./parameters.ts";

/** Rate in GFLOP/s: 6 operations per weight and row over the median time of some runs. */
export async function matmulRate(
  config: ModelConfig,
  rows: number,
  options: SessionOptions = {},
): Promise<number> {
  const matrices = parameterLayout(config).parameters
    .filter((p) => p.shape.length === 2 && p.unit !== "embed");
  const g = new Graph();
  const outputs: Record<string, Value> = {};
  const feeds: Record<string, ReturnType<typeof tensor>> = {};
  const input = (name: string, shape: number[]): Value => {
    if (feeds[name]) return g.inputs.get(name)!;
    const size = shape.reduce((a, b) => a * b, 1);
    feeds[name] = tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape);
    return g.input(name, shape);
  };
  for (const { name, shape: [out, into] } of matrices) {
    const w = input(name, [out, into]);
    const x = input(`x${into}`, [rows, into]);
    const d = input(`g${out}`, [rows, out]);
    outputs[`${name} forward`] = gemm(x, w, false, true);
    outputs[`${name} data`] = gemm(d, w);
    outputs[`${name} weight`] = gemm(d, x, true, false);
  }
  const session = await Session.compile(outputs, {}, options);
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const started = performance.now();
    await session.run(feeds);
    times.push(performance.now() - started);
  }
  await session.release();
  const median = times.sort((a, b) => a - b)[4];
  const weights = matrices.reduce((sum, p) => sum + p.size, 0);
  return 6 * weights * rows / median / 1e6;
}
