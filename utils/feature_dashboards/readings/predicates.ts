/**
 * Predicates of tokens that rules are made of. A kind of predicate has at most one value per token:
 *
 *     token, previous, before_previous   token id at t, t − 1, t − 2
 *     class, previous_class              what the token looks like: `capitalised`, `word`, `continuation`, `digits`, `punctuation`
 *     position, document                 position in the row; after the last end-of-text token
 *     seen                               the token is in the document before: `before`, or `first`
 *     after_seen                         token id that followed the token when it was last in the document
 *
 * And of generated text what its generator says: `kind`, `sentence`, `role`, `number`, `index`, `part`, `place` (position in the
 * sentence), and `next_role`, the role of the token that comes next.
 */
import type { TokenLabel } from "../../text/mod.ts";
import type { DashboardText, TextSample } from "../pass/mod.ts";

/** Kind and value of a predicate; a token's value is its id. */
export type Predicate = [kind: string, value: number | string];

/** Predicates of all tokens of a sample. */
export interface PredicateTable {
  /** the predicates by number */
  predicates: Predicate[];
  /** by kind, the number of each token's predicate; −1 where it has none, `[kinds][tokens]` */
  columns: Int32Array[];
  /** column of each predicate */
  column: Uint8Array;
  /** tokens of each predicate in the fit half, ascending */
  fit: Uint32Array[];
  /** the same in the held-out half */
  heldOut: Uint32Array[];
}

type Values = Partial<Record<string, number | string>>;

/** Returns a table from the values of each token. */
function table(
  kinds: readonly string[],
  sample: TextSample,
  each: (add: (token: number, values: Values) => void) => void,
): PredicateTable {
  const predicates: Predicate[] = [], column: number[] = [];
  const known = kinds.map(() => new Map<number | string, number>());
  const columns = kinds.map(() => new Int32Array(sample.tokens).fill(-1));
  each((token, values) => {
    for (const [k, kind] of kinds.entries()) {
      const value = values[kind];
      if (value === undefined) continue;
      let id = known[k].get(value);
      if (id === undefined) {
        known[k].set(value, id = predicates.length);
        predicates.push([kind, value]);
        column.push(k);
      }
      columns[k][token] = id;
    }
  });
  const half = (which: number) => {
    const counts = new Uint32Array(predicates.length);
    const visit = (use: (id: number, t: number) => void) => {
      for (const ids of columns) {
        ids.forEach((id, t) => {
          if (id >= 0 && sample.heldOut[t] === which) use(id, t);
        });
      }
    };
    visit((id) => counts[id]++);
    const lists = Array.from(counts, (count) => new Uint32Array(count));
    counts.fill(0);
    visit((id, t) => lists[id][counts[id]++] = t);
    return lists;
  };
  return { predicates, columns, column: Uint8Array.from(column), fit: half(0), heldOut: half(1) };
}

/** Kinds of predicates of text. */
export const TEXT_KINDS = [
  "token",
  "previous",
  "before_previous",
  "class",
  "previous_class",
  "position",
  "document",
  "seen",
  "after_seen",
];

/** Returns what a token looks like; undefined for one that fits no class. */
export function tokenClass(text: string): string | undefined {
  const bare = text.startsWith(" ") ? text.slice(1) : text;
  if (/^\p{N}+$/u.test(bare)) return "digits";
  if (/^[\p{P}\p{S}]+$/u.test(bare)) return "punctuation";
  if (/^\p{Lu}[\p{L}\p{M}’']*$/u.test(bare)) return "capitalised";
  if (/^[\p{L}\p{M}’']+$/u.test(bare)) return text.startsWith(" ") ? "word" : "continuation";
}

/** Returns the predicates of text. @param vocabulary text of each token */
export function textPredicates(
  { eosId }: DashboardText,
  sample: TextSample,
  vocabulary: readonly string[],
): PredicateTable {
  const classes = vocabulary.map(tokenClass);
  return table(TEXT_KINDS, sample, (add) => {
    for (const { tokens, numbers } of sample.rows) {
      const followers = new Map<number, number>();
      let start = 0;
      for (let p = 0; p < tokens.length; p++) {
        const token = tokens[p];
        if (token === eosId) {
          start = p + 1;
          followers.clear();
        }
        const inside = p > start;
        const seen = followers.has(token) || inside && tokens[p - 1] === token;
        if (numbers[p] >= 0) {
          const after = inside && tokens[p - 1] === token ? token : followers.get(token);
          add(numbers[p], {
            token,
            previous: p > 0 ? tokens[p - 1] : undefined,
            before_previous: p > 1 ? tokens[p - 2] : undefined,
            class: classes[token],
            previous_class: p > 0 ? classes[tokens[p - 1]] : undefined,
            position: p,
            document: p - start,
            seen: seen ? "before" : "first",
            after_seen: after,
          });
        }
        if (inside) followers.set(tokens[p - 1], token);
      }
    }
  });
}

/** Kinds of predicates that a generator's labels give. */
export const LABEL_KINDS = [
  "kind",
  "sentence",
  "role",
  "number",
  "index",
  "part",
  "place",
  "next_role",
];

/** Returns the predicates of the generator's labels; undefined for text without a generator. */
export function labelPredicates(
  { labels, batches }: DashboardText,
  sample: TextSample,
): PredicateTable | undefined {
  if (!labels) return undefined;
  return table(LABEL_KINDS, sample, (add) => {
    let batch = -1, here: readonly TokenLabel[] = [];
    for (const { batch: b, place, tokens, numbers } of sample.rows) {
      if (b !== batch) {
        here = labels(b);
        batch = b;
      }
      const first = batches[b].prompts.slice(0, place).reduce((sum, row) => sum + row.length, 0);
      for (let p = 0; p < tokens.length; p++) {
        if (numbers[p] < 0) continue;
        const { kind, sentence, role, number, index, part, position } = here[first + p];
        const next = p + 1 < tokens.length ? here[first + p + 1] : undefined;
        add(numbers[p], {
          kind,
          sentence: `${kind}/${sentence}`,
          role,
          number,
          index,
          part,
          place: position,
          next_role: next?.role ?? (next?.kind === "end_of_text" ? "end_of_text" : undefined),
        });
      }
    }
  });
}
