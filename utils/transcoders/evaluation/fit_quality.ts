/**
 * How well coders give their targets, over any number of batches of rows:
 *
 *     l0    mean number of features per row that are not 0
 *     mse   mean of (ŷ − y)² over rows and dimensions
 *     fvu   Σ‖ŷ − y‖² / Σ‖y − ȳ‖²,  ȳ the mean over all rows; explained variance is 1 − fvu
 *     explained_variance_uncentred   1 − Σ‖ŷ − y‖² / Σ‖y‖²
 *     densities   for each feature, the fraction of rows in which it is not 0
 *
 * A program reduces every batch to a few numbers per row; these are summed in double precision.
 */
import {
  defineProgram,
  equal,
  type F32,
  Graph,
  mul,
  type ProgramCache,
  Session,
  type SessionOptions,
  sub,
  sum,
  tensor,
  type Value,
  where,
} from "../../onnx/mod.ts";

/** Quality of a coder's outputs; see the header. */
export interface FitQuality {
  /** number of rows */
  rows: number;
  /** mean number of active features */
  l0: number;
  /** mean squared error per dimension */
  mse: number;
  /** fraction of variance unexplained, centred */
  fvu: number;
  /** 1 − the fraction of the second moment unexplained */
  explained_variance_uncentred: number;
}

const fitProgram = defineProgram(
  "coder fit",
  (features: number, d: number, options: SessionOptions) => {
    const g = new Graph();
    const y = g.input("y", ["rows", d]);
    const weight = g.input("weight", ["rows", 1]);
    const error = sub(g.input("made", ["rows", d]), y);
    const active = features > 0
      ? where(equal(g.input("a", ["rows", features]), 0), g.constant(0), 1)
      : undefined;
    const outputs: Record<string, Value> = {
      ...active && { active: sum(active, [1]), fired: sum(mul(active, weight), [0]) },
      error: sum(mul(error, error), [1]),
      energy: sum(mul(y, y), [1]),
      sum: sum(mul(y, weight), [0]),
    };
    return Session.compile(outputs, {}, options);
  },
);

/** Adds up batches, and gives their {@link FitQuality}. */
export class FitMeter {
  #rows = 0;
  #active = 0;
  #error = 0;
  #energy = 0;
  readonly #sum: Float64Array;
  readonly #fired: Float64Array;

  /** Takes the coder's number of features, 0 for what does not have features, and the width of its output. */
  constructor(
    private readonly cache: ProgramCache,
    private readonly features: number,
    private readonly dOut: number,
  ) {
    this.#sum = new Float64Array(dOut);
    this.#fired = new Float64Array(features);
  }

  /**
   * Adds a batch.
   * @param activations `[…, F]`; undefined without features
   * @param made outputs ŷ, `[…, d_out]`
   * @param target targets y, `[…, d_out]`
   * @param counted 1 for the rows that count, 0 for padding and other rows to leave out; default: all count
   */
  async add(
    activations: F32 | undefined,
    made: F32,
    target: F32,
    counted?: Uint8Array,
  ): Promise<void> {
    const { features, dOut } = this;
    const rows = target.data.length / dOut;
    const weight = counted ? Float32Array.from(counted) : new Float32Array(rows).fill(1);
    const session = await fitProgram(this.cache, features, dOut);
    const found = await session.run({
      ...(features > 0 ? { a: tensor(activations!.data, [rows, features]) } : {}),
      made: tensor(made.data, [rows, dOut]),
      y: tensor(target.data, [rows, dOut]),
      weight: tensor(weight, [rows, 1]),
    });
    for (let i = 0; i < rows; i++) {
      if (weight[i] === 0) continue;
      this.#rows++;
      this.#active += found.active?.data[i] ?? 0;
      this.#error += found.error.data[i];
      this.#energy += found.energy.data[i];
    }
    found.sum.data.forEach((x, j) => this.#sum[j] += x);
    found.fired?.data.forEach((x, f) => this.#fired[f] += x);
  }

  /** Returns the fraction of rows in which each feature is not 0, `[F]`; see `densityReport()`. */
  densities(): Float64Array {
    return this.#fired.map((fired) => fired / this.#rows);
  }

  /** Returns the quality over all batches so far. @throws Error if there is none */
  quality(): FitQuality {
    const rows = this.#rows;
    if (rows === 0) throw new Error("the quality of a coder needs at least one row");
    const ofMean = this.#sum.reduce((total, x) => total + x * x, 0) / rows;
    return {
      rows,
      l0: this.#active / rows,
      mse: this.#error / (rows * this.dOut),
      fvu: this.#error / (this.#energy - ofMean),
      explained_variance_uncentred: 1 - this.#error / this.#energy,
    };
  }
}
