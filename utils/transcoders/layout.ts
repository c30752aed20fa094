/**
 * Changes of layout between files and the internal form: transposition, and biases that files subtract from the input.
 *
 *     W·(x − c) + b = W·x + (b − W·c)
 *
 * Sums run in double precision, so a folded bias is rounded once.
 */
import { type F32, tensor } from "../onnx/mod.ts";

/** Rows and columns per tile: both fit the first-level cache. */
const TILE = 32;

/** Returns the transposed matrix. */
export function transposed({ data, shape: [m, n] }: F32): F32 {
  const out = new Float32Array(m * n);
  for (let i0 = 0; i0 < m; i0 += TILE) {
    for (let j0 = 0; j0 < n; j0 += TILE) {
      const [iEnd, jEnd] = [Math.min(i0 + TILE, m), Math.min(j0 + TILE, n)];
      for (let i = i0; i < iEnd; i++) {
        for (let j = j0; j < jEnd; j++) out[j * m + i] = data[i * n + j];
      }
    }
  }
  return tensor(out, [n, m]);
}

/** Returns `b + sign · W·c` for a matrix `[rows, n]`, a vector `[n]` and a bias `[rows]`. */
export function shiftedBias(b: F32, W: F32, c: ArrayLike<number>, sign: 1 | -1): F32 {
  const [rows, n] = W.shape;
  const out = new Float32Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += W.data[i * n + j] * c[j];
    out[i] = b.data[i] + sign * sum;
  }
  return tensor(out, [rows]);
}

/** Returns a matrix `[rows, n]` with each column multiplied by a factor. */
export function scaledColumns({ data, shape }: F32, factors: ArrayLike<number>): F32 {
  const n = shape[1];
  return tensor(data.map((x, i) => x * factors[i % n]), [...shape]);
}

/** Returns a matrix `[rows, n]` with each row multiplied by a factor. */
export function scaledRows({ data, shape }: F32, factors: ArrayLike<number>): F32 {
  const n = shape[1];
  return tensor(data.map((x, i) => x * factors[Math.floor(i / n)]), [...shape]);
}

/** Returns the Euclidean norm of each row of a matrix. */
export function rowNorms({ data, shape: [rows, n] }: F32): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += data[i * n + j] ** 2;
    return Math.sqrt(sum);
  });
}

/** Returns a vector of `n` equal numbers. */
export const constantVector = (n: number, value: number): F32 =>
  tensor(new Float32Array(n).fill(value), [n]);
