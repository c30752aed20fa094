/**
 * What the clean and the corrupted prompt of a pair share at the front.
 *
 * Attention is causal, so before the first position at which the two differ both runs are equal. The keys and values of
 * this prefix are computed once; only the suffix, from there to the read-out, runs again (identity 1: shared prefix).
 * Positions after the read-out are never computed.
 */
import type { HookedModel, Past } from "../model/mod.ts";

/** The tokens of a pair, of equal length up to the read-out, and the position of the read-out. */
export interface PairTokens {
  /** token ids of the clean prompt */
  clean: readonly number[];
  /** token ids of the corrupted prompt */
  corrupted: readonly number[];
  /** index of the token whose logits are read */
  position: number;
}

/** Returns the first position at which two token lists differ, or `end` if they are equal up to there. */
export function firstDifference(a: readonly number[], b: readonly number[], end: number): number {
  for (let p = 0; p < end; p++) if (a[p] !== b[p]) return p;
  return end;
}

/** Returns how many tokens a pair shares at the front; the read-out is never among them. */
export function sharedLength({ clean, corrupted, position }: PairTokens): number {
  return firstDifference(clean, corrupted, position);
}

/** Splits a prompt into its tokens before `start` and those from `start` to the read-out, both included. */
export function splitPrompt(
  tokens: readonly number[],
  start: number,
  position: number,
): { prefix: number[]; suffix: number[] } {
  return { prefix: tokens.slice(0, start), suffix: tokens.slice(start, position + 1) };
}

/** Returns the keys and values of prefixes of equal length; undefined if they are empty. */
export async function prefixPast(
  model: HookedModel,
  prefixes: readonly (readonly number[])[],
): Promise<Past | undefined> {
  if (prefixes[0].length === 0) return undefined;
  return (await model.run(prefixes, { keysValues: true })).past;
}
