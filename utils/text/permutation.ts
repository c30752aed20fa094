/**
 * Computes a seeded permutation of 0 … n−1 element by element, so shuffling needs no memory and elements can be computed in
 * any order: a Feistel network (Luby & Rackoff 1988) over the next power of four, walked until it lands below n.
 */
import { mix } from "./random.ts";

const ROUNDS = 4;

/** Returns the element at place `i` of the permutation that `key` names. */
export function permuted(i: number, n: number, ...key: number[]): number {
  let bits = 1;
  while (4 ** bits < n) bits++;
  const half = 2 ** bits;
  let x = i;
  do {
    let left = Math.floor(x / half), right = x % half;
    for (let round = 0; round < ROUNDS; round++) {
      const next = ((left ^ mix(...key, round, right)) >>> 0) % half;
      [left, right] = [right, next];
    }
    x = left * half + right;
  } while (x >= n);
  return x;
}
