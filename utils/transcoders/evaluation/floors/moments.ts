/**
 * Sums over rows of inputs x and targets y, and the best linear map between them:
 *
 *     A = C_yx (C_xx + λI)⁻¹,   b = ȳ − A x̄,   λ = 1e-6 · tr C_xx / d
 *
 * A program multiplies the rows of a batch; its products are summed in double precision. Both sides are taken from the mean
 * of the first batch, so that the covariances lose no digits to the means.
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import {
  defineProgram,
  type F32,
  gemm,
  Graph,
  mul,
  type ProgramCache,
  Session,
  type SessionOptions,
  sub,
  sum,
  tensor,
} from "../../../onnx/mod.ts";

/** Share of the mean variance that is added to every variance of the input. */
const RIDGE = 1e-6;

const momentProgram = defineProgram(
  "moments of coder points",
  (dIn: number, dOut: number, options: SessionOptions) => {
    const g = new Graph();
    const weight = g.input("weight", ["rows", 1]);
    const x = mul(sub(g.input("x", ["rows", dIn]), g.input("cx", [dIn])), weight);
    const y = mul(sub(g.input("y", ["rows", dOut]), g.input("cy", [dOut])), weight);
    const outputs = {
      xx: gemm(x, x, true),
      xy: gemm(x, y, true),
      x: sum(x, [0]),
      y: sum(y, [0]),
    };
    return Session.compile(outputs, {}, options);
  },
);

/** Adds up the moments of two vectors of each row. */
export class Moments {
  #rows = 0;
  #shift?: { cx: Float32Array<ArrayBuffer>; cy: Float32Array<ArrayBuffer> };
  readonly #xx: Float64Array;
  readonly #xy: Float64Array;
  readonly #x: Float64Array;
  readonly #y: Float64Array;

  /** Takes the widths of both vectors. */
  constructor(
    private readonly cache: ProgramCache,
    private readonly dIn: number,
    private readonly dOut: number,
  ) {
    this.#xx = new Float64Array(dIn * dIn);
    this.#xy = new Float64Array(dIn * dOut);
    this.#x = new Float64Array(dIn);
    this.#y = new Float64Array(dOut);
  }

  /**
   * Adds a batch.
   * @param x `[…, d_in]`
   * @param y `[…, d_out]`
   * @param counted 1 for the rows that count, else 0
   */
  async add(x: F32, y: F32, counted: Uint8Array): Promise<void> {
    const { dIn, dOut } = this;
    const rows = counted.length;
    this.#shift ??= { cx: meanRow(x, dIn, counted), cy: meanRow(y, dOut, counted) };
    const session = await momentProgram(this.cache, dIn, dOut);
    const found = await session.run({
      x: tensor(x.data, [rows, dIn]),
      y: tensor(y.data, [rows, dOut]),
      cx: tensor(this.#shift.cx, [dIn]),
      cy: tensor(this.#shift.cy, [dOut]),
      weight: tensor(Float32Array.from(counted), [rows, 1]),
    });
    this.#rows += counted.reduce((total, one) => total + one, 0);
    found.xx.data.forEach((value, i) => this.#xx[i] += value);
    found.xy.data.forEach((value, i) => this.#xy[i] += value);
    found.x.data.forEach((value, i) => this.#x[i] += value);
    found.y.data.forEach((value, i) => this.#y[i] += value);
  }

  /** Number of rows that count. */
  get rows(): number {
    return this.#rows;
  }

  /** Returns the mean of x, `[d_in]`. @throws Error if no row counts */
  meanInput(): Float64Array {
    const { cx } = this.#shifts();
    return this.#x.map((value, i) => value / this.#rows + cx[i]);
  }

  /** Returns the mean of y, `[d_out]`. @throws Error if no row counts */
  meanTarget(): Float64Array {
    const { cy } = this.#shifts();
    return this.#y.map((value, j) => value / this.#rows + cy[j]);
  }

  /** Returns A `[d_out, d_in]` and b `[d_out]` of the best linear map from x to y. @throws Error if no row counts */
  linearMap(): { A: F32; b: F32 } {
    const { dIn, dOut } = this;
    const [mx, my] = [this.meanInput(), this.meanTarget()];
    const n = this.#rows;
    const xx = new Matrix(dIn, dIn), xy = new Matrix(dIn, dOut);
    let trace = 0;
    for (let i = 0; i < dIn; i++) {
      for (let j = 0; j < dIn; j++) {
        xx.set(i, j, this.#xx[i * dIn + j] / n - this.#x[i] * this.#x[j] / n ** 2);
      }
      for (let j = 0; j < dOut; j++) {
        xy.set(i, j, this.#xy[i * dOut + j] / n - this.#x[i] * this.#y[j] / n ** 2);
      }
      trace += xx.get(i, i);
    }
    const solved = ridgeSolution(xx, xy, trace / dIn || 1);
    const A = new Float32Array(dOut * dIn), b = new Float32Array(dOut);
    for (let j = 0; j < dOut; j++) {
      let shift = my[j];
      for (let i = 0; i < dIn; i++) {
        A[j * dIn + i] = solved.get(i, j);
        shift -= solved.get(i, j) * mx[i];
      }
      b[j] = shift;
    }
    return { A: tensor(A, [dOut, dIn]), b: tensor(b, [dOut]) };
  }

  /**
   * Returns the best factor α and offset b of `y ≈ α x + b`, for vectors of one width; α is 0 where x does not vary.
   * @throws Error if the widths differ or no row counts
   */
  scale(): { factor: number; offset: Float64Array } {
    const { dIn, dOut } = this;
    if (dIn !== dOut) throw new Error(`a factor needs equal widths, found ${dIn} and ${dOut}`);
    const [mx, my] = [this.meanInput(), this.meanTarget()];
    let together = 0, variance = 0;
    for (let i = 0; i < dIn; i++) {
      together += this.#xy[i * dIn + i] - this.#x[i] * this.#y[i] / this.#rows;
      variance += this.#xx[i * dIn + i] - this.#x[i] ** 2 / this.#rows;
    }
    const factor = variance > 0 ? together / variance : 0;
    return { factor, offset: my.map((value, i) => value - factor * mx[i]) };
  }

  #shifts() {
    if (!this.#shift || this.#rows === 0) {
      throw new Error("a fit needs at least one position that counts");
    }
    return this.#shift;
  }
}

/**
 * Solves `(C + λI) X = B` for a covariance C. Where the rows span fewer dimensions than they have, rounding can leave C with
 * negative eigenvalues below −λ; λ then grows tenfold until the matrix is positive definite.
 */
function ridgeSolution(C: Matrix, B: Matrix, variance: number): Matrix {
  for (let ridge = RIDGE * variance;; ridge *= 10) {
    if (!(ridge < Infinity)) {
      throw new Error("a fit of a linear map needs finite activations, found NaN or infinity");
    }
    const solver = new CholeskyDecomposition(Matrix.add(C, Matrix.eye(C.rows).mul(ridge)));
    if (solver.isPositiveDefinite()) return solver.solve(B);
  }
}

/** Returns the mean of the rows that count, zeros if none does. */
function meanRow({ data }: F32, width: number, counted: Uint8Array): Float32Array<ArrayBuffer> {
  const mean = new Float64Array(width);
  let rows = 0;
  counted.forEach((one, row) => {
    if (one === 0) return;
    rows++;
    for (let j = 0; j < width; j++) mean[j] += data[row * width + j];
  });
  return Float32Array.from(mean, (total) => rows > 0 ? total / rows : 0);
}
