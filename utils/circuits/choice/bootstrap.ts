/**
 * How sure scores and circuits are, by resampling prompts (Efron's bootstrap; asked for circuits by Méloux et al., 2025).
 *
 * 1. Draw N of the N prompts with replacement, B times; the same draws for every edge.
 * 2. Each draw has mean scores s̄_b = (1/N) Σ_n count_b(n) s_n.
 * 3. The interval of an edge is between the (1 ± level)/2 quantiles of its B means (linear between order statistics).
 * 4. The stability of a circuit is the mean over draws of the Jaccard similarity between its edges and those of the
 *    circuit chosen from s̄_b in the same way.
 */
import { PythonRandom } from "../../base/python_random.ts";

/** Scores of each prompt, row-major `[nPrompts, cells]`, cells = nForward · nBackward. */
export interface PromptScores {
  nPrompts: number;
  scores: Float32Array;
}

export interface BootstrapOptions {
  /** B */
  resamples?: number;
  seed?: number;
}

/** Means over all prompts, `[cells]`, summed in double precision. */
export function meanScores(prompts: PromptScores): Float32Array {
  return weightedMean(prompts, new Uint16Array(prompts.nPrompts).fill(1));
}

/**
 * Intervals of the mean scores of some cells, `[low, high]` each.
 *
 * @param cells indices into a prompt's scores, usually the edges of the circuit
 * @throws Error if the scores are not a whole number of cells per prompt.
 */
export function scoreIntervals(
  prompts: PromptScores,
  cells: ArrayLike<number>,
  { resamples = 1000, seed = 0, level = 0.95 }: BootstrapOptions & { level?: number } = {},
): [number, number][] {
  const { nPrompts, scores } = prompts;
  const width = cellCount(prompts);
  const draws = drawCounts(nPrompts, resamples, seed);
  const means = new Float64Array(resamples);
  return Array.from(cells, (cell) => {
    draws.forEach((counts, b) => {
      let sum = 0;
      for (let n = 0; n < nPrompts; n++) sum += counts[n] * scores[n * width + cell];
      means[b] = sum / nPrompts;
    });
    means.sort();
    return [quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2)];
  });
}

/**
 * Mean Jaccard similarity between the circuit chosen from all prompts and those chosen from resampled ones; 1 where both
 * are empty.
 *
 * @param select chooses a mask `[cells]` from mean scores `[cells]`
 */
export function circuitStability(
  prompts: PromptScores,
  select: (scores: Float32Array) => Uint8Array,
  { resamples = 100, seed = 0 }: BootstrapOptions = {},
): number {
  const circuit = select(meanScores(prompts));
  let total = 0;
  for (const counts of drawCounts(prompts.nPrompts, resamples, seed)) {
    total += maskJaccard(circuit, select(weightedMean(prompts, counts)));
  }
  return total / resamples;
}

/** How often each prompt was drawn: `resamples` arrays of counts that sum to `nPrompts`. */
export function drawCounts(nPrompts: number, resamples: number, seed: number): Uint16Array[] {
  const random = new PythonRandom(seed);
  return Array.from({ length: resamples }, () => {
    const counts = new Uint16Array(nPrompts);
    for (let n = 0; n < nPrompts; n++) counts[random.randbelow(nPrompts)]++;
    return counts;
  });
}

function weightedMean(prompts: PromptScores, counts: Uint16Array): Float32Array {
  const { nPrompts, scores } = prompts;
  const width = cellCount(prompts);
  const sums = new Float64Array(width);
  for (let n = 0; n < nPrompts; n++) {
    const count = counts[n];
    if (count === 0) continue;
    const row = scores.subarray(n * width, (n + 1) * width);
    for (let cell = 0; cell < width; cell++) sums[cell] += count * row[cell];
  }
  return Float32Array.from(sums, (sum) => sum / nPrompts);
}

function maskJaccard(a: Uint8Array, b: Uint8Array): number {
  let common = 0, union = 0;
  for (let i = 0; i < a.length; i++) {
    common += a[i] & b[i];
    union += a[i] | b[i];
  }
  return union === 0 ? 1 : common / union;
}

/** Quantile of sorted values, linear between neighbours (NumPy's default). */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1), below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

function cellCount({ nPrompts, scores }: PromptScores): number {
  const cells = scores.length / nPrompts;
  if (!Number.isInteger(cells)) {
    throw new Error(
      `expected scores [${nPrompts} prompts, cells], found ${scores.length} values, ` +
        `not divisible by ${nPrompts}`,
    );
  }
  return cells;
}
