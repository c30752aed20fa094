/** Products of many rows with a matrix, some rows at a time, and the extreme entries of each row. */
import {
  defineProgram,
  type F32,
  gemm,
  Graph,
  type ProgramCache,
  Session,
  type SessionOptions,
  tensor,
} from "../../onnx/mod.ts";

/** Largest number of entries that a product holds at once. */
const MOST_ENTRIES = 1 << 24;

/** `a` `[R, d]`, `b` `[k, d]` → `y = a·bᵀ` `[R, k]`. */
const productProgram = defineProgram(
  "dashboard product",
  (d: number, options: SessionOptions) => {
    const g = new Graph();
    const y = gemm(g.input("a", ["R", d]), g.input("b", ["k", d]), false, true);
    return Session.compile({ y }, {}, options);
  },
);

/**
 * Hands every row of `a·bᵀ` to `use`, in order.
 * @param a `[R, d]`
 * @param b `[k, d]`
 * @param use takes the row's number and its `k` entries, which are valid during the call
 */
export async function eachProductRow(
  cache: ProgramCache,
  a: F32,
  b: F32,
  use: (row: number, entries: Float32Array) => void,
): Promise<void> {
  const [rows, d] = a.shape, k = b.shape[0];
  const session = await productProgram(cache, d);
  const step = Math.max(1, Math.floor(MOST_ENTRIES / k));
  for (let from = 0; from < rows; from += step) {
    const n = Math.min(step, rows - from);
    const part = tensor(a.data.slice(from * d, (from + n) * d), [n, d]);
    const { y } = await session.run({ a: part, b });
    for (let r = 0; r < n; r++) {
      use(from + r, y.data.subarray(r * k, (r + 1) * k) as Float32Array);
    }
  }
}

/** An entry of a row. */
export interface Entry {
  /** its place */
  index: number;
  /** its value */
  value: number;
}

/**
 * Returns the k largest entries of a row, the largest first.
 * @param sign −1 for the smallest instead, the smallest first
 * @param skip leaves out the places for which it is true
 */
export function extremes(
  row: ArrayLike<number>,
  k: number,
  sign: 1 | -1 = 1,
  skip?: (index: number) => boolean,
): Entry[] {
  const found: Entry[] = [];
  let least = -Infinity;
  for (let index = 0; index < row.length; index++) {
    const value = sign * row[index];
    if (value <= least && found.length === k || skip?.(index)) continue;
    let at = found.length;
    while (at > 0 && sign * found[at - 1].value < value) at--;
    found.splice(at, 0, { index, value: row[index] });
    if (found.length > k) found.pop();
    least = sign * found.at(-1)!.value;
  }
  return found;
}
