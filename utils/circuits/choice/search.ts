/**
 * Finds the smallest circuit whose faithfulness F(n) passes a threshold τ, and the curve of F on the way.
 *
 * F is not monotone in the number of edges, and each value costs a run of the model. So the search asks the evaluator for
 * many sizes at once wherever it is certain, or almost certain, to need them.
 *
 * - `adaptive` (the paper's): steps up from `start`, halves the step while F > 0.75 τ, and goes back to larger steps when
 *   F is below that or falls. At the first n with F > τ it searches within the last step (below) and completes the curve
 *   in double steps up to `end`. If no n passes, it evaluates and chooses `end`.
 * - within the last step: bisects. At every midpoint within 10 % of τ it also looks at up to five neighbours on either
 *   side, and continues below the first smaller one that passes.
 * - `linear`: evaluates every step from `start` to below `end` and chooses the first n with F > τ, else `end`.
 * - `binary`: bisects the whole range for F ≥ τ, else chooses `end`; correct only where F is monotone.
 */

/** Evaluates F at some sizes and returns its values in the same order. */
export type Evaluate = (sizes: number[]) => Promise<number[]>;

/** The algorithm of a search; see the header. */
export type SearchType = "adaptive" | "linear" | "binary";

/** Where to search, and for what. */
export interface SearchRange {
  /** τ, 0.8 in the paper */
  threshold: number;
  /** smallest size to try, a whole number of edges */
  start: number;
  /** largest size to try; at most the number of edges of the graph */
  end: number;
  /** distance between sizes, before the search makes it smaller */
  step: number;
}

/** What a search found. */
export interface SearchResult {
  /** the chosen number of edges */
  size: number;
  /** whether F(size) passed the threshold */
  reached: boolean;
  /** F by size, in the order in which the search looked at the sizes */
  curve: Map<number, number>;
}

const NEAR = 0.1;
const NEIGHBOURS = [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5];

/**
 * Searches for the smallest sufficient circuit; evaluates each size at most once.
 * @throws Error if the range is not valid, or the evaluator returns another number of values.
 * @example
 * ```ts
 * import { searchCircuitSize } from "./search.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const faithfulness = (sizes: number[]) => Promise.resolve(sizes.map((n) => Math.min(1, n / 49)));
 * const range = { threshold: 0.8, start: 10, end: 100, step: 10 };
 * const { size, reached } = await searchCircuitSize("adaptive", faithfulness, range);
 * assertEquals([size, reached], [40, true]);
 * ```
 */
export async function searchCircuitSize(
  type: SearchType,
  evaluate: Evaluate,
  range: SearchRange,
): Promise<SearchResult> {
  checkRange(range);
  const f = new Memo(evaluate);
  const curve = new Map<number, number>();
  const found = await { adaptive, linear, binary }[type](f, range, curve);
  if (found === undefined) curve.set(range.end, await f.at(range.end));
  return { size: found ?? range.end, reached: found !== undefined, curve };
}

/** Formats the curve as the object of a faithfulness file, NaN as null. (A JavaScript object would sort the sizes.) */
export function formatCurve(curve: ReadonlyMap<number, number>): string {
  const rows = [...curve].map(([size, value]) => `"${size}": ${JSON.stringify(value)}`);
  return `{${rows.join(", ")}}`;
}

async function adaptive(f: Memo, range: SearchRange, curve: Map<number, number>) {
  const { threshold, start, end } = range;
  let step = range.step;
  for (let size = start; size < end; size += step) {
    const score = await f.at(size);
    curve.set(size, score);
    if (score > threshold) {
      const rest = sizesFrom(size + 2 * range.step, end, 2 * range.step);
      const chosen = await searchWithin(f, threshold, Math.max(size - step, 1), size, curve);
      const values = await f.all(rest);
      rest.forEach((n, i) => curve.set(n, values[i]));
      return chosen;
    }
    const falling = score < 0.75 * threshold || score < curve.get(size - step)!;
    if (step < range.step && falling) step = Math.max(range.step, 2 * step);
    if (score > 0.75 * threshold) step = Math.max(1, Math.floor(step / 2));
  }
}

async function searchWithin(
  f: Memo,
  threshold: number,
  first: number,
  last: number,
  curve: Map<number, number>,
): Promise<number> {
  let low = first, high = last, best: number | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const score = await f.at(middle);
    curve.set(middle, score);
    if (score >= threshold) {
      best = middle;
      high = middle - 1;
    } else low = middle + 1;
    if (Math.abs(score - threshold) > NEAR * threshold) continue;

    const neighbours = NEIGHBOURS.map((offset) => middle + offset)
      .filter((n) => n >= first && n <= last);
    const values = await f.all(neighbours);
    for (const [i, n] of neighbours.entries()) {
      curve.set(n, values[i]);
      if (values[i] >= threshold && (best === undefined || n < best)) {
        best = n;
        high = n - 1;
        break;
      }
    }
  }
  return best ?? last;
}

async function linear(f: Memo, range: SearchRange, curve: Map<number, number>) {
  const sizes = sizesFrom(range.start, range.end, range.step);
  const values = await f.all(sizes);
  sizes.forEach((size, i) => curve.set(size, values[i]));
  return sizes.find((size) => curve.get(size)! > range.threshold);
}

async function binary(f: Memo, range: SearchRange, curve: Map<number, number>) {
  let low = range.start, high = range.end, best: number | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const score = await f.at(middle);
    curve.set(middle, score);
    if (score >= range.threshold) {
      best = middle;
      high = middle - 1;
    } else low = middle + 1;
  }
  return best;
}

function sizesFrom(start: number, end: number, step: number): number[] {
  const sizes: number[] = [];
  for (let size = start; size < end; size += step) sizes.push(size);
  return sizes;
}

/** Asks the evaluator only for sizes that it has not evaluated yet. */
class Memo {
  private readonly values = new Map<number, number>();

  constructor(private readonly evaluate: Evaluate) {}

  async at(size: number): Promise<number> {
    return (await this.all([size]))[0];
  }

  async all(sizes: number[]): Promise<number[]> {
    const missing = sizes.filter((size) => !this.values.has(size));
    if (missing.length > 0) {
      const found = await this.evaluate(missing);
      if (found.length !== missing.length) {
        throw new Error(
          `expected ${missing.length} faithfulness values for the sizes ${missing.join(", ")}, ` +
            `found ${found.length}`,
        );
      }
      missing.forEach((size, i) => this.values.set(size, found[i]));
    }
    return sizes.map((size) => this.values.get(size)!);
  }
}

function checkRange({ threshold, start, end, step }: SearchRange): void {
  const whole = [start, end, step].every((n) => Number.isInteger(n) && n >= 1);
  if (!whole || !Number.isFinite(threshold)) {
    throw new Error(
      "expected start, end and step of the search to be whole numbers ≥ 1 and a finite threshold, " +
        `found start ${start}, end ${end}, step ${step}, threshold ${threshold}`,
    );
  }
}
