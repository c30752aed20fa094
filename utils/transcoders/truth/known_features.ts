/**
 * Activations whose features are known: sums of random directions, each switched on at random.
 *
 *     x = Σ_i a_i d_i + noise,   ‖d_i‖ = 1
 *
 *  - **Frequencies.** Feature i is on in a fraction p_i = min(1, c / (i + 1)^s) of the rows (Zipf); c makes the mean number
 *    of active features what is asked for.
 *  - **Hierarchy.** The first features form trees, roots first, then all their children, then all of theirs. A child is on
 *    only where its parent is, with probability p_child / p_parent, so its frequency is still p_child.
 *  - **Correlated pairs.** Of the features outside the trees the first 2·count form pairs of equal frequency. The second of
 *    a pair copies the first with probability ρ and is drawn by itself otherwise, so their correlation is ρ.
 *  - **Strength.** a_i = max(0.1, 1 + 0.25 z) with z normal where feature i is on, else 0.
 *
 * A batch is a pure function of the settings and its number. Source: SynthSAEBench (2602.14687), scaled down.
 */
import { PythonRandom } from "../../base/mod.ts";
import { type F32, type Tensor, tensor } from "../../onnx/mod.ts";
import { normal, unitRows } from "../random_rows.ts";

/** What determines the activations. */
export interface KnownFeatureSettings {
  /** number of features n */
  features: number;
  /** width d of the activations; may be less than the number of features */
  width: number;
  /** mean number of active features per row */
  meanActive: number;
  /** exponent s of the frequencies; default 0.5 */
  zipf?: number;
  /** trees of features: their number, children per node, and levels below the roots; default none */
  hierarchy?: { roots: number; branching: number; depth: number };
  /** pairs of correlated features; default none */
  pairs?: { count: number; correlation: number };
  /** standard deviation of normal noise in each dimension; default 0 */
  noise?: number;
  /** seed of directions and draws */
  seed: number;
}

/** Rows of activations, and what they are made of. */
export interface KnownRows {
  /** `[rows, d]` */
  x: Tensor<Float32Array<ArrayBuffer>>;
  /** strength of each feature, `[rows, n]` */
  strengths: F32;
}

/** Activations of known features. */
export interface KnownFeatures {
  /** directions, `[n, d]` */
  directions: F32;
  /** fraction of rows in which each feature is on, `[n]` */
  frequencies: Float64Array;
  /** parent of each feature, −1 for those without */
  parents: Int32Array;
  /** Returns the rows of a batch; the same for the same number. */
  rows(step: number, count: number): KnownRows;
}

/**
 * Returns activations of known features.
 * @throws Error naming the setting that asks for more than there is.
 */
export function knownFeatures(settings: KnownFeatureSettings): KnownFeatures {
  const { features: n, width, meanActive, zipf = 0.5, pairs, noise = 0, seed } = settings;
  const parents = parentsOf(settings);
  const inTrees = parents.findLastIndex((parent) => parent >= 0) + 1 || 0;
  const paired = 2 * (pairs?.count ?? 0);
  if (inTrees + paired > n) {
    throw new Error(
      `known features: trees of ${inTrees} and pairs of ${paired} need more than ${n} features`,
    );
  }
  if (!(meanActive > 0 && meanActive < n)) {
    throw new Error(`known features: meanActive is ${meanActive}; expected between 0 and ${n}`);
  }
  const frequencies = zipfFrequencies(n, zipf, meanActive);
  for (let i = inTrees; i < inTrees + paired; i += 2) {
    frequencies[i] = frequencies[i + 1] = (frequencies[i] + frequencies[i + 1]) / 2;
  }
  const directions = unitRows(n, width, new PythonRandom(seed));
  return {
    directions,
    frequencies,
    parents,
    rows(step, count) {
      const random = new PythonRandom(1 + seed * 2 ** 24 + step);
      const on: number[][] = [];
      for (let i = 0; i < n; i++) {
        const parent = parents[i];
        if (parent >= 0) {
          const chance = frequencies[i] / frequencies[parent];
          on.push(on[parent].filter(() => random.random() < chance));
          continue;
        }
        const drawn = rowsWhere(frequencies[i], count, random);
        const second = i >= inTrees && i < inTrees + paired && (i - inTrees) % 2 === 1;
        on.push(second ? mixed(on[i - 1], drawn, pairs!.correlation, random) : drawn);
      }
      const strengths = new Float32Array(count * n), x = new Float32Array(count * width);
      on.forEach((rows, i) =>
        rows.forEach((row) => {
          const strength = Math.max(0.1, 1 + 0.25 * normal(random));
          strengths[row * n + i] = strength;
          for (let j = 0; j < width; j++) {
            x[row * width + j] += strength * directions.data[i * width + j];
          }
        })
      );
      if (noise > 0) x.forEach((value, i) => x[i] = value + noise * normal(random));
      return { x: tensor(x, [count, width]), strengths: tensor(strengths, [count, n]) };
    },
  };
}

/** Returns the parent of every feature: trees level by level, then features without. */
function parentsOf({ features, hierarchy }: KnownFeatureSettings): Int32Array {
  const parents = new Int32Array(features).fill(-1);
  if (!hierarchy) return parents;
  const { roots, branching, depth } = hierarchy;
  let above = 0, level = roots;
  for (let d = 0; d < depth; d++) {
    const from = above + level;
    if (from + level * branching > features) {
      throw new Error(
        `known features: trees need at least ${
          from + level * branching
        } features, found ${features}`,
      );
    }
    for (let i = 0; i < level * branching; i++) {
      parents[from + i] = above + Math.floor(i / branching);
    }
    above = from;
    level *= branching;
  }
  return parents;
}

/** Returns `min(1, c / (i + 1)^s)` with the c that makes them add up to `total`, by bisection. */
function zipfFrequencies(n: number, s: number, total: number): Float64Array {
  const at = (c: number) =>
    Float64Array.from({ length: n }, (_, i) => Math.min(1, c / (i + 1) ** s));
  let [low, high] = [0, n ** Math.max(s, 0) + 1];
  for (let i = 0; i < 100; i++) {
    const c = (low + high) / 2;
    if (at(c).reduce((sum, p) => sum + p, 0) < total) low = c;
    else high = c;
  }
  return at(high);
}

/** Draws the rows in which a feature is on, by the gaps between them (geometric). */
function rowsWhere(p: number, count: number, random: PythonRandom): number[] {
  if (p >= 1) return Array.from({ length: count }, (_, row) => row);
  const rows: number[] = [];
  const log = Math.log1p(-p);
  for (let row = -1;;) {
    row += 1 + Math.floor(Math.log1p(-random.random()) / log);
    if (row >= count) return rows;
    rows.push(row);
  }
}

/** Returns the rows of the second of a pair: those of the first with probability ρ, else its own. */
function mixed(
  first: readonly number[],
  own: readonly number[],
  correlation: number,
  random: PythonRandom,
): number[] {
  const [a, b] = [new Set(first), new Set(own)];
  return [...a.union(b)].sort((x, y) => x - y)
    .filter((row) => (random.random() < correlation ? a : b).has(row));
}
