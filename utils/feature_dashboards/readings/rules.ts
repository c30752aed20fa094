/**
 * The best short rule for when a feature fires: one predicate, or two together.
 *
 *  1. On the fit half, F1 of every predicate that holds at a firing: `2·both / (firings + tokens of the predicate)`.
 *  2. For the {@link BEAM} predicates of largest F1, and as many of largest recall, every second predicate of another kind. A
 *     pair can not pass `2·both / (firings + both)`, so pairs that can not beat the best one are not counted.
 *  3. The pair wins if its F1 is larger than the single's by {@link GAIN}.
 *  4. Precision, recall and F1 are those of the held-out half.
 */
import type { Score } from "./intervals.ts";
import type { BlockBootstrap } from "./intervals.ts";
import type { Halves } from "./halves.ts";
import type { Predicate, PredicateTable } from "./predicates.ts";
import type { TextSample } from "../pass/mod.ts";

/** Predicates that pairs start from, by F1 and by recall. */
const BEAM = 6;
/** Least F1 that a second predicate must add. */
const GAIN = 0.01;

/** A rule, measured on the held-out half. */
export interface Rule {
  /** one or two predicates that hold together */
  predicates: Predicate[];
  /** share of the rule's tokens at which the feature fires; 0 where the rule holds nowhere */
  precision: number;
  /** share of the firings at which the rule holds */
  recall: number;
  /** harmonic mean of both, and its interval */
  f1: Score;
}

/** Finds rules from one table of predicates. */
export class RuleFinder {
  readonly #counts: Uint32Array;
  readonly #pairs = new Map<number, number>();

  /** Takes the predicates of the sample's tokens. */
  constructor(private readonly table: PredicateTable, private readonly sample: TextSample) {
    this.#counts = new Uint32Array(table.predicates.length);
  }

  /** Returns the best rule of a feature; undefined where no predicate holds at a firing. */
  best(halves: Halves, bootstrap: BlockBootstrap): Rule | undefined {
    const rule = this.#fitted(halves.fit.tokens);
    return rule && this.#measured(rule, halves.heldOut.tokens, bootstrap);
  }

  /** Counts the predicates of tokens, except those of one column, and hands each to `use`. */
  #count(tokens: ArrayLike<number>, except: number, use: (id: number, both: number) => void): void {
    const { columns } = this.table, counts = this.#counts, touched: number[] = [];
    for (let k = 0; k < columns.length; k++) {
      if (k === except) continue;
      const ids = columns[k];
      for (let i = 0; i < tokens.length; i++) {
        const id = ids[tokens[i]];
        if (id >= 0 && counts[id]++ === 0) touched.push(id);
      }
    }
    for (const id of touched) {
      use(id, counts[id]);
      counts[id] = 0;
    }
  }

  #fitted(fired: Uint32Array): number[] | undefined {
    const { fit, columns, column } = this.table, n = fired.length;
    const singles: { id: number; both: number; f1: number }[] = [];
    this.#count(fired, -1, (id, both) => {
      singles.push({ id, both, f1: 2 * both / (n + fit[id].length) });
    });
    if (singles.length === 0) return undefined;
    singles.sort((a, b) => b.f1 - a.f1 || a.id - b.id);
    const [single] = singles;
    const byRecall = [...singles].sort((a, b) => b.both - a.both || a.id - b.id);
    const starts = new Set([...singles.slice(0, BEAM), ...byRecall.slice(0, BEAM)]);
    let best = single.f1 + GAIN, pair: number[] | undefined;
    for (const { id, both } of starts) {
      if (2 * both / (n + both) <= best) continue;
      const ids = columns[column[id]];
      const here = fired.filter((t) => ids[t] === id);
      const seconds: { id: number; both: number }[] = [];
      this.#count(here, column[id], (second, together) => {
        if (2 * together / (n + together) > best) seconds.push({ id: second, both: together });
      });
      seconds.sort((a, b) => b.both - a.both || a.id - b.id);
      for (const { id: second, both: together } of seconds) {
        if (2 * together / (n + together) <= best) break;
        const f1 = 2 * together / (n + this.#together(id, second));
        if (f1 <= best) continue;
        best = f1;
        pair = column[id] < column[second] ? [id, second] : [second, id];
      }
    }
    return pair ?? [single.id];
  }

  /** Returns the number of tokens of the fit half at which two predicates hold. */
  #together(a: number, b: number): number {
    const key = Math.min(a, b) * this.#counts.length + Math.max(a, b);
    let count = this.#pairs.get(key);
    if (count === undefined) {
      count = holding(this.table, this.table.fit, [a, b]).length;
      this.#pairs.set(key, count);
    }
    return count;
  }

  #measured(ids: readonly number[], fired: Uint32Array, bootstrap: BlockBootstrap): Rule {
    const { columns, column, predicates, heldOut } = this.table, { block, blocks } = this.sample;
    const both = new Float64Array(blocks), either = new Float64Array(blocks);
    let hits = 0;
    for (const t of fired) {
      either[block[t]]++;
      if (!ids.every((id) => columns[column[id]][t] === id)) continue;
      both[block[t]]++;
      hits++;
    }
    const held = holding(this.table, heldOut, ids);
    for (const t of held) either[block[t]]++;
    const f1 = bootstrap.score([both, either], ([hit, sum]) => 2 * hit / sum);
    return {
      predicates: ids.map((id) => predicates[id]),
      precision: held.length === 0 ? 0 : hits / held.length,
      recall: hits / fired.length,
      f1: f1!,
    };
  }
}

/** Returns the tokens of a half at which all predicates hold. */
function holding(
  { columns, column }: PredicateTable,
  half: readonly Uint32Array[],
  ids: readonly number[],
): Uint32Array {
  const [rarest] = [...ids].sort((a, b) => half[a].length - half[b].length);
  const others = ids.filter((id) => id !== rarest);
  return half[rarest].filter((t) => others.every((id) => columns[column[id]][t] === id));
}
