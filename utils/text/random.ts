/**
 * Makes seeded draws for the corpus. Each row of a batch has its own generator. Its state is a hash of the numbers
 * that name the row, so any row can be drawn without drawing the ones before it.
 *
 * Generator: xoroshiro128+ (Blackman & Vigna 2018), from pure-rand; bounded integers without modulo bias.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** A generator whose draws advance its own state. */
export type Rng = RandomGenerator;

/** Mixes integers to 32 bits: each is added to the state, which then passes the finaliser of MurmurHash3. */
export function mix(...numbers: number[]): number {
  let hash = 0x9e3779b9;
  for (const number of numbers) {
    hash = (hash + (number | 0)) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash | 0;
}

/** Returns the 32-bit FNV-1a hash of the UTF-16 code units of `text`, as an unsigned integer. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Makes the generator that these integers name: the same numbers give the same draws. */
export function rngFor(...numbers: number[]): Rng {
  return xoroshiro128plus(mix(...numbers));
}

/** Returns a uniform integer in `low … high`, both included. */
export function integer(rng: Rng, low: number, high: number): number {
  return uniformInt(rng, low, high);
}

/** Returns true with the given probability (resolution 1/65536). */
export function chance(rng: Rng, probability: number): boolean {
  return uniformInt(rng, 0, 65535) < probability * 65536;
}

/** Returns one element, all equally likely. */
export function pick<T>(rng: Rng, list: readonly T[]): T {
  return list[uniformInt(rng, 0, list.length - 1)];
}

/** Returns `count` distinct elements in random order. */
export function pickDistinct<T>(rng: Rng, list: readonly T[], count: number): T[] {
  if (count > list.length) {
    throw new Error(`cannot draw ${count} distinct elements from a list of ${list.length}`);
  }
  const chosen: T[] = [];
  while (chosen.length < count) {
    const candidate = pick(rng, list);
    if (!chosen.includes(candidate)) chosen.push(candidate);
  }
  return chosen;
}

/** Draws an index in proportion to non-negative integer weights. */
export function weightedIndex(rng: Rng, weights: readonly number[]): number {
  let rest = uniformInt(rng, 0, weights.reduce((sum, weight) => sum + weight, 0) - 1);
  for (let i = 0; i < weights.length; i++) {
    if (rest < weights[i]) return i;
    rest -= weights[i];
  }
  throw new Error("weights must be non-negative integers with a positive sum");
}
