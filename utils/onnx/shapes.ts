/** Shape arithmetic with symbolic dimensions: broadcasting, axes, products. */
import type { Dim, Shape } from "./graph.ts";

/**
 * Broadcasts shapes as NumPy does; a symbol matches itself and 1.
 * @throws Error naming both shapes when they do not fit.
 */
export function broadcast(op: string, ...shapes: Shape[]): Dim[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  const result: Dim[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, i) => {
      const at = i + rank - shape.length;
      if (dim === 1 || dim === result[at]) return;
      if (result[at] !== 1) {
        throw new Error(
          `${op}: shapes ${shapes.map((s) => `[${s.join(", ")}]`).join(" and ")} do not broadcast`,
        );
      }
      result[at] = dim;
    });
  }
  return result;
}

/**
 * Returns an axis as counted from the front.
 * @throws RangeError when the axis is outside the rank.
 */
export function frontAxis(op: string, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (front < 0 || front >= rank) {
    throw new RangeError(`${op}: axis ${axis} of a rank ${rank} value`);
  }
  return front;
}

/** Returns the product of dimensions: a number where all are numbers, otherwise a symbol such as `"batch*pos"`. */
export function productDim(dims: Shape): Dim {
  const symbols = dims.filter((d) => typeof d === "string");
  const number = (dims.filter((d) => typeof d === "number") as number[]).reduce((a, b) => a * b, 1);
  if (symbols.length === 0) return number;
  return [...symbols, ...(number === 1 ? [] : [number])].join("*");
}

/** Returns the sum of dimensions along a concatenated axis, e.g. `"past+pos"`; zeros vanish. */
export function sumDim(dims: Shape): Dim {
  const symbols = dims.filter((d) => typeof d === "string");
  const number = (dims.filter((d) => typeof d === "number") as number[]).reduce((a, b) => a + b, 0);
  if (symbols.length === 0) return number;
  return [...symbols, ...(number === 0 ? [] : [number])].join("+");
}

/** Returns whether two shapes have the same sizes and symbols. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
