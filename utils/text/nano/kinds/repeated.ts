/**
 * Arbitrary sequences that repeat themselves. Only attention to the token after the previous occurrence predicts them,
 * which is what induction and duplicate-token heads are measured by.
 */
import { integer, pick, type Rng } from "../../random.ts";
import { mark, sentence } from "../labels.ts";
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
  const words = Array.from({ length }, (_, index) => mark(pick(rng, WORDS), "item", { index }))
    .join(" ");
  const copies = Array.from({ length: integer(rng, 2, length < 6 ? 4 : 2) }, () => words);
  return `${sentence("repetition")}${pick(rng, ["List:", "We say", "They say"])} ${
    copies.join(pick(rng, [" ", ", ", ". "]))
  }`;
}

/**
 * Draws `period` uniform token ids and repeats them, two to four times in all. Id 0 (end of text) is never among them.
 * @param vocabSize one more than the largest id
 */
export function repeatedIds(rng: Rng, vocabSize: number): { ids: number[]; period: number } {
  const period = integer(rng, 4, 32);
  const once = Array.from({ length: period }, () => integer(rng, 1, vocabSize - 1));
  const copies = period > 16 ? 2 : integer(rng, 2, 4);
  return { ids: Array.from({ length: copies }, () => once).flat(), period };
}
