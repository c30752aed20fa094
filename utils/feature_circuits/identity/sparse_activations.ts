/** Activations of one layer's features on tokens of text, without the zeros. */
import type { F32 } from "../../onnx/mod.ts";

/** Non-zero activations, token by token. */
export interface SparseActivations {
  /** number of features */
  features: number;
  /** where each token's entries start, and their end, `[tokens + 1]` */
  starts: number[];
  /** feature of each entry */
  ids: number[];
  /** activation of each entry */
  values: number[];
}

/** Returns a layer's activations before any token. */
export function noActivations(features: number): SparseActivations {
  return { features, starts: [0], ids: [], values: [] };
}

/** Adds the tokens `[…, F]` that count. @param counted 1 for each token that counts */
export function addTokens(to: SparseActivations, { data }: F32, counted: Uint8Array): void {
  const F = to.features;
  counted.forEach((counts, t) => {
    if (!counts) return;
    for (let f = 0; f < F; f++) {
      const a = data[t * F + f];
      if (a === 0) continue;
      to.ids.push(f);
      to.values.push(a);
    }
    to.starts.push(to.ids.length);
  });
}

/** Mean and standard deviation of each feature's activation over all tokens. */
export interface ActivationMoments {
  mean: Float64Array;
  deviation: Float64Array;
}

/** Returns the moments of each feature; a silent one has deviation 0. */
export function momentsOf({ features, starts, ids, values }: SparseActivations): ActivationMoments {
  const tokens = starts.length - 1;
  const mean = new Float64Array(features), square = new Float64Array(features);
  ids.forEach((f, i) => {
    mean[f] += values[i] / tokens;
    square[f] += values[i] ** 2 / tokens;
  });
  const deviation = square.map((s, f) => Math.sqrt(Math.max(0, s - mean[f] ** 2)));
  return { mean, deviation };
}

/**
 * Returns Pearson's correlation of every feature of `a` with every feature of `b` over the same tokens, `[F_a, F_b]`; 0 where
 * one of them is silent.
 * @throws Error if the numbers of tokens differ.
 */
export function correlations(a: SparseActivations, b: SparseActivations): Float64Array {
  const tokens = a.starts.length - 1;
  if (b.starts.length - 1 !== tokens) {
    throw new Error(`correlations: ${tokens} and ${b.starts.length - 1} tokens; expected the same`);
  }
  const out = new Float64Array(a.features * b.features);
  for (let t = 0; t < tokens; t++) {
    for (let i = a.starts[t]; i < a.starts[t + 1]; i++) {
      const row = a.ids[i] * b.features, value = a.values[i] / tokens;
      for (let j = b.starts[t]; j < b.starts[t + 1]; j++) {
        out[row + b.ids[j]] += value * b.values[j];
      }
    }
  }
  const ma = momentsOf(a), mb = momentsOf(b);
  for (let i = 0; i < a.features; i++) {
    for (let j = 0; j < b.features; j++) {
      const scale = ma.deviation[i] * mb.deviation[j], at = i * b.features + j;
      out[at] = scale === 0 ? 0 : (out[at] - ma.mean[i] * mb.mean[j]) / scale;
    }
  }
  return out;
}
