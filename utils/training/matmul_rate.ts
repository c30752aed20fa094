/**
 * The rate of matrix products alone, as the yardstick of training: every product of a training step with a weight matrix,
 * forward (x·Wᵀ) and both backward (g·W and gᵀ·x), at the model's shapes, in one graph with nothing else in it. That is
 * 6 operations per weight and row. Of every product only one element leaves the graph, as handing results over costs time
 * that is not the products'.
 *
 * It is timed now and then between training steps, so that both rates are those of the same process on the same machine
 * under the same load.
 */
import type { ModelConfig } from "../model/config.ts";
import {
  type Feeds,
  firstElement,
  gemm,
  Graph,
  Session,
  type SessionOptions,
  tensor,
  type Value,
} from "../onnx/mod.ts";
import { parameterLayout } from "./parameters.ts";

export class MatmulBenchmark {
  /** milliseconds of each run */
  readonly times: number[] = [];

  private constructor(
    private readonly session: Session,
    private readonly feeds: Feeds,
  ) {}

  /** @param rows rows of every activation matrix: tokens in a training step */
  static async compile(
    config: ModelConfig,
    rows: number,
    options: SessionOptions = {},
  ): Promise<MatmulBenchmark> {
    const layout = parameterLayout(config);
    const g = new Graph();
    const outputs: Record<string, Value> = {};
    const feeds: Feeds = {};
    const input = (name: string, shape: number[]): Value => {
      if (feeds[name]) return g.inputs.get(name)!;
      const size = shape.reduce((a, b) => a * b, 1);
      feeds[name] = tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape);
      return g.input(name, shape);
    };
    for (const { name, unit, shape } of layout.parameters) {
      if (shape.length !== 2 || unit === "embed") continue;
      const [out, into] = shape;
      const w = input(name, shape);
      const x = input(`x${into}`, [rows, into]);
      const d = input(`g${out}`, [rows, out]);
      outputs[`${name} forward`] = firstElement(gemm(x, w, false, true));
      outputs[`${name} data`] = firstElement(gemm(d, w));
      outputs[`${name} weight`] = firstElement(gemm(d, x, true, false));
    }
    const session = await Session.compile(outputs, {}, options);
    await session.run(feeds);
    return new MatmulBenchmark(session, feeds);
  }

  /** Times one run. */
  async sample(): Promise<void> {
    const started = performance.now();
    await this.session.run(this.feeds);
    this.times.push(performance.now() - started);
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** The middle value; the mean of the two middle ones of an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
