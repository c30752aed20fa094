/**
 * How certain scores and circuits are, by resampling prompts (Efron's bootstrap; Méloux et al., 2025, ask for it).
 *
 * 1. Draw N of the N prompts with replacement, B times, with Python's random numbers; all edges share the draws.
 * 2. Each draw has mean scores s̄_b = (1/N) Σ_n count_b(n) s_n.
 * 3. The interval of an edge is between the (1 ± level)/2 quantiles of its B means (linear between order statistics).
 * 4. The stability of a circuit is the mean over draws of the Jaccard similarity between its edges and those of the
 *    circuit chosen from s̄_b in the same way.
 */
import { percentileInterval, PythonRandom, resampledIndices } from "../../base/mod.ts";
import { maskJaccard } from "../graph/mod.ts";

/** The scores of every prompt. */
export interface PromptScores {
  /** number of prompts, N */
  nPrompts: number;
  /** row-major `[nPrompts, cells]`, cells = nForward · nBackward */
  scores: Float32Array;
}

/** How prompts are resampled. */
export interface ResamplingOptions {
  /** number of draws, B */
  resamples?: number;
  /** seed of the draws; default 0 */
  seed?: number;
}

/** How score intervals are computed. */
export interface IntervalOptions extends ResamplingOptions {
  /** share of the resampled means inside the interval; default 0.95 */
  level?: number;
}

/**
 * Returns the means over all prompts, `[cells]`, added up in double precision.
 * @throws Error if the scores are not a whole number of cells per prompt.
 */
export function meanScores(prompts: PromptScores): Float32Array {
  return weightedMean(prompts, new Uint16Array(prompts.nPrompts).fill(1));
}

/**
 * Returns the intervals [low, high] of the mean scores of some cells, from 1000 draws by default.
 *
 * @param cells indices into a prompt's scores, usually the edges of the circuit
 * @throws Error if the scores are not a whole number of cells per prompt.
 */
export function scoreIntervals(
  prompts: PromptScores,
  cells: ArrayLike<number>,
  { resamples = 1000, seed = 0, level = 0.95 }: IntervalOptions = {},
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
    return percentileInterval(means, level);
  });
}

/**
 * Returns the mean Jaccard similarity between the circuit chosen from all prompts and the circuits chosen from resampled
 * prompts (100 draws by default); a pair of empty circuits counts 1.
 *
 * @param select chooses a mask `[cells]` from mean scores `[cells]`
 * @throws Error if the scores are not a whole number of cells per prompt.
 */
export function circuitStability(
  prompts: PromptScores,
  select: (scores: Float32Array) => Uint8Array,
  { resamples = 100, seed = 0 }: ResamplingOptions = {},
): number {
  const circuit = select(meanScores(prompts));
  let total = 0;
  for (const counts of drawCounts(prompts.nPrompts, resamples, seed)) {
    total += maskJaccard(circuit, select(weightedMean(prompts, counts)));
  }
  return total / resamples;
}

/** Returns how often each prompt is drawn: `resamples` arrays of counts that add up to `nPrompts`. */
export function drawCounts(nPrompts: number, resamples: number, seed: number): Uint16Array[] {
  const random = new PythonRandom(seed);
  return Array.from(resampledIndices(nPrompts, resamples, (n) => random.randbelow(n)), (drawn) => {
    const counts = new Uint16Array(nPrompts);
    for (const n of drawn) counts[n]++;
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
