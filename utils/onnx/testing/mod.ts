/** What the tests of several files share. */
import { sizeOf } from "../dtype.ts";

/** Returns numbers between `low` and `high` for a tensor of a shape, the same ones for the same seed. */
export function random(shape: number[], [low, high]: [number, number], seed: number): Float64Array {
  let state = seed * 2654435761 >>> 0;
  return Float64Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + (high - low) * (state / 2 ** 32);
  });
}
