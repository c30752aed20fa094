/**
 * Arbitrary sequences that repeat themselves. Only attention to the token after the previous occurrence predicts them,
 * which is what induction and duplicate-token heads are measured by.
 */
import { integer, pick, type Rng } from "../../random.ts";
import {
  ALL_NAMES,
  ANIMALS,
  OBJECTS,
  ORDERED_LISTS,
  PERSON_ADJECTIVES,
  PLACES,
  ROLES,
  THING_ADJECTIVES,
} from "../words/mod.ts";

const WORDS: readonly string[] = [
  ...new Set([
    ...ALL_NAMES,
    ...OBJECTS,
    ...PLACES,
    ...ROLES,
    ...ANIMALS,
    ...PERSON_ADJECTIVES,
    ...THING_ADJECTIVES,
    ...ORDERED_LISTS.flatMap((list) => list.words),
  ]),
];

/** Random words, repeated two to four times: "List: coat eleven Ruby, coat eleven Ruby". */
export function repeatedWords(rng: Rng): string {
  const length = integer(rng, 2, 12);
  const words = Array.from({ length }, () => pick(rng, WORDS)).join(" ");
  const copies = Array.from({ length: integer(rng, 2, length < 6 ? 4 : 2) }, () => words);
  return `${pick(rng, ["List:", "We say", "They say"])} ${
    copies.join(pick(rng, [" ", ", ", ". "]))
  }`;
}

/**
 * `length` uniform token ids, repeated, `2 · length` to `4 · length` ids in all. Id 0 (end of text) is never among them.
 * @param vocabSize one more than the largest id
 */
export function repeatedIds(rng: Rng, vocabSize: number): number[] {
  const length = integer(rng, 4, 32);
  const ids = Array.from({ length }, () => integer(rng, 1, vocabSize - 1));
  const copies = length > 16 ? 2 : integer(rng, 2, 4);
  return Array.from({ length: copies }, () => ids).flat();
}
