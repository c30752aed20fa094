/** A feature's firings on the sample, in two halves: those to fit a reading on, and those that it is measured on. */
import type { Firings } from "../pass/mod.ts";
import type { TextSample } from "../pass/mod.ts";

/** Firings in one half. */
export interface Half {
  /** number of each token of the sample */
  tokens: Uint32Array;
  /** activation there */
  values: Float32Array;
}

/** Firings in both halves. */
export interface Halves {
  /** to fit a reading on */
  fit: Half;
  /** to measure it on */
  heldOut: Half;
}

/** Returns the firings of a feature in both halves. */
export function halvesOf(
  { starts, tokens, values }: Firings,
  f: number,
  sample: TextSample,
): Halves {
  const [from, to] = [starts[f], starts[f + 1]];
  let held = 0;
  for (let i = from; i < to; i++) held += sample.heldOut[tokens[i]];
  const make = (n: number): Half => ({ tokens: new Uint32Array(n), values: new Float32Array(n) });
  const halves = [make(to - from - held), make(held)], next = [0, 0];
  for (let i = from; i < to; i++) {
    const h = sample.heldOut[tokens[i]], at = next[h]++;
    halves[h].tokens[at] = tokens[i];
    halves[h].values[at] = values[i];
  }
  return { fit: halves[0], heldOut: halves[1] };
}
