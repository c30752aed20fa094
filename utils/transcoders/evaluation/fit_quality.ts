/**
 * How well coders give their targets, over any number of batches of rows:
 *
 *     l0    mean number of features per row that are not 0
 *     mse   mean of (ŷ − y)² over rows and dimensions
 *     fvu   Σ‖ŷ − y‖² / Σ‖y − ȳ‖²,  ȳ the mean over all rows; explained variance is 1 − fvu
 *     explained_variance_uncentred   1 − Σ‖ŷ − y‖² / Σ‖y‖²
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
    const a = g.input("a", ["rows", features]);
    const y = g.input("y", ["rows", d]);
    const error = sub(g.input("made", ["rows", d]), y);
    const outputs = {
      active: sum(where(equal(a, 0), g.constant(0), 1), [1]),
      error: sum(mul(error, error), [1]),
      energy: sum(mul(y, y), [1]),
      sum: sum(mul(y, g.input("weight", ["rows", 1])), [0]),
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

  /** Takes the coder's number of features and the width of its output. */
  constructor(
    private readonly cache: ProgramCache,
    private readonly features: number,
    private readonly dOut: number,
  ) {
    this.#sum = new Float64Array(dOut);
  }

  /**
   * Adds a batch.
   * @param activations `[…, F]`
   * @param made outputs ŷ, `[…, d_out]`
   * @param target targets y, `[…, d_out]`
   * @param counted 1 for the rows that count, 0 for padding and other rows to leave out; default: all count
   */
  async add(activations: F32, made: F32, target: F32, counted?: Uint8Array): Promise<void> {
    const { features, dOut } = this;
    const rows = target.data.length / dOut;
    const weight = counted ? Float32Array.from(counted) : new Float32Array(rows).fill(1);
    const session = await fitProgram(this.cache, features, dOut);
    const found = await session.run({
      a: tensor(activations.data, [rows, features]),
      made: tensor(made.data, [rows, dOut]),
      y: tensor(target.data, [rows, dOut]),
      weight: tensor(weight, [rows, 1]),
    });
    for (let i = 0; i < rows; i++) {
      if (weight[i] === 0) continue;
      this.#rows++;
      this.#active += found.active.data[i];
      this.#error += found.error.data[i];
      this.#energy += found.energy.data[i];
    }
    found.sum.data.forEach((x, j) => this.#sum[j] += x);
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
