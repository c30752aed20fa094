/**
 * Measures the rate of matrix products alone, the yardstick for all code that multiplies by weights: for each weight matrix
 * `[out, in]` the forward product x·Wᵀ and, if asked for, both backward ones, g·W and gᵀ·x. All are in one graph with nothing
 * else in it. Only one element of each product leaves the graph, so that copying results out is not timed.
 *
 * Time it in turn with the code it is compared with, so that both rates come from one process under the same load.
 */
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

/** Which products are timed. */
export interface MatmulRateOptions extends SessionOptions {
  /** also g·W, the gradient at the inputs */
  data?: boolean;
  /** also gᵀ·x, the gradient of the weights */
  weight?: boolean;
  /** one run per set of weights, by name; default: one set of made-up ones */
  weights?: readonly Feeds[];
}

/** Matrix products of given shapes, compiled. */
export class MatmulRate {
  /** milliseconds of each run */
  readonly times: number[] = [];

  private constructor(
    private readonly session: Session,
    private readonly feeds: readonly Feeds[],
    /** floating-point operations of one run */
    readonly flops: number,
  ) {}

  /**
   * Compiles the products and runs them once.
   * @param shapes `[out, in]` of each weight matrix, by name
   * @param rows rows of every activation matrix: tokens
   */
  static async compile(
    shapes: Record<string, readonly number[]>,
    rows: number,
    { data = false, weight = false, weights, ...options }: MatmulRateOptions = {},
  ): Promise<MatmulRate> {
    const g = new Graph();
    const outputs: Record<string, Value> = {};
    const given: Feeds = {};
    const made = (shape: readonly number[]) =>
      tensor(Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i)), [...shape]);
    const activation = (name: string, width: number): Value => {
      given[name] ??= made([rows, width]);
      return g.inputs.get(name) ?? g.input(name, [rows, width]);
    };
    for (const [name, [out, into]] of Object.entries(shapes)) {
      const w = g.input(name, [out, into]);
      const x = activation(`x${into}`, into);
      outputs[`${name} forward`] = firstElement(gemm(x, w, false, true));
      if (!data && !weight) continue;
      const d = activation(`g${out}`, out);
      if (data) outputs[`${name} data`] = firstElement(gemm(d, w));
      if (weight) outputs[`${name} weight`] = firstElement(gemm(d, x, true, false));
    }
    const session = await Session.compile(outputs, {}, options);
    const sets = weights ??
      [Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, made(shape)]))];
    const elements = Object.values(shapes).reduce((sum, [out, into]) => sum + out * into, 0);
    const flops = 2 * (1 + Number(data) + Number(weight)) * rows * elements * sets.length;
    const rate = new MatmulRate(session, sets.map((set) => ({ ...given, ...set })), flops);
    await rate.sample();
    rate.times.length = 0;
    return rate;
  }

  /** Times one run. @returns floating-point operations per second */
  async sample(): Promise<number> {
    const started = performance.now();
    for (const feeds of this.feeds) await this.session.run(feeds);
    const ms = performance.now() - started;
    this.times.push(ms);
    return 1000 * this.flops / ms;
  }

  /** Frees the compiled products. */
  async release(): Promise<void> {
    await this.session.release();
  }
}
