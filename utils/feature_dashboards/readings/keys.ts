/**
 * What a token's firing may depend on, as a key per token of the sample:
 *
 *     token        the current token
 *     previous     the token before it
 *     bigram       both
 *     position     position in the row
 *     document     position after the last end-of-text token
 *
 * A key's tokens are counted in the fit half, and in each block of the held-out half.
 */
import type { DashboardText, TextSample } from "../pass/mod.ts";

/** Names of the keys. */
export const KEY_NAMES = ["token", "previous", "bigram", "position", "document"] as const;
/** Name of a key. */
export type KeyName = typeof KEY_NAMES[number];

/** One key of all tokens, with its counts. */
export interface Keys {
  /** key of each token, `[tokens]` */
  of: Int32Array;
  /** number of keys */
  size: number;
  /** tokens of each key in the fit half, `[size]` */
  fit: Uint32Array;
  /** tokens of each key in each block, `[size, blocks]` */
  held: Uint32Array;
  /** the different numbers in `fit`, ascending */
  counts: Uint32Array;
  /** tokens of the fit half by their key's number in `fit`, `[counts]` */
  fitByCount: Float64Array;
  /** tokens in each block by their key's number in `fit`, `[counts, blocks]` */
  heldByCount: Float64Array;
}

/** Returns every key of a sample. */
export function sampleKeys({ eosId }: DashboardText, sample: TextSample): Record<KeyName, Keys> {
  const ids: Record<
    KeyName,
    (tokens: readonly number[], p: number, start: number) => number | string
  > = {
    token: (tokens, p) => tokens[p],
    previous: (tokens, p) => p > 0 ? tokens[p - 1] : -1,
    bigram: (tokens, p) => `${p > 0 ? tokens[p - 1] : -1} ${tokens[p]}`,
    position: (_, p) => p,
    document: (_, p, start) => p - start,
  };
  const all = {} as Record<KeyName, Keys>;
  for (const name of KEY_NAMES) {
    const known = new Map<number | string, number>(), of = new Int32Array(sample.tokens);
    for (const { tokens, numbers } of sample.rows) {
      let start = 0;
      for (let p = 0; p < tokens.length; p++) {
        if (tokens[p] === eosId) start = p + 1;
        if (numbers[p] < 0) continue;
        const id = ids[name](tokens, p, start);
        let key = known.get(id);
        if (key === undefined) known.set(id, key = known.size);
        of[numbers[p]] = key;
      }
    }
    all[name] = counted(of, known.size, sample);
  }
  return all;
}

/** Returns a key with its counts. */
export function counted(of: Int32Array, size: number, sample: TextSample): Keys {
  const { blocks, heldOut, block } = sample;
  const fit = new Uint32Array(size), held = new Uint32Array(size * blocks);
  of.forEach((key, t) => {
    if (heldOut[t]) held[key * blocks + block[t]]++;
    else fit[key]++;
  });
  const counts = Uint32Array.from(new Set(fit)).sort();
  const place = new Map(Array.from(counts, (count, i) => [count, i]));
  const fitByCount = new Float64Array(counts.length);
  const heldByCount = new Float64Array(counts.length * blocks);
  fit.forEach((count, key) => {
    const i = place.get(count)!, at = i * blocks;
    fitByCount[i] += count;
    for (let b = 0; b < blocks; b++) heldByCount[at + b] += held[key * blocks + b];
  });
  return { of, size, fit, held, counts, fitByCount, heldByCount };
}
