/** Runs through ordered lists: numbers, number words, ordinals, days, months, letters, numerals, years. */
import { chance, integer, pick, type Rng, weightedIndex } from "../../random.ts";
import { ORDERED_LISTS, type OrderedList } from "../words/mod.ts";

/** A run of 3 to 12 neighbouring words; a cyclic list goes on with its first word. */
function run(rng: Rng, list: OrderedList): string[] {
  const size = list.words.length;
  const length = integer(rng, 3, Math.min(12, size));
  const start = integer(rng, 0, list.cyclic ? size - 1 : size - length);
  return Array.from({ length }, (_, i) => list.words[(start + i) % size]);
}

const LEADS = ["In order:", "The list:", "They are", "Count:", "We say"] as const;

/** "In order: Tuesday, Wednesday, Thursday." */
function enumeration(rng: Rng): string {
  const words = run(rng, pick(rng, ORDERED_LISTS));
  return `${pick(rng, LEADS)} ${words.join(chance(rng, 0.5) ? ", " : " ")}.`;
}

/** "After Tuesday comes Wednesday, and after Wednesday comes Thursday." */
function successors(rng: Rng): string {
  const [a, b, c] = run(rng, pick(rng, ORDERED_LISTS));
  return pick(rng, [
    `After ${a} comes ${b}.`,
    `After ${a} comes ${b}, and after ${b} comes ${c}.`,
    `The next one after ${a} is ${b}.`,
    `From ${a} to ${b}, then from ${b} to ${c}.`,
  ]);
}

/** Neighbouring numbers or letters without spaces: "The list: 41,42,43". */
function tight(rng: Rng): string {
  const length = integer(rng, 4, 14);
  if (chance(rng, 0.25)) {
    const start = 65 + integer(rng, 0, 26 - length);
    const letters = Array.from({ length }, (_, i) => String.fromCharCode(start + i));
    return `${pick(rng, LEADS)} ${letters.join(",")}`;
  }
  const start = integer(rng, 1, 99 - length);
  return `${pick(rng, LEADS)} ${Array.from({ length }, (_, i) => start + i).join(",")}`;
}

/** Neighbouring years: "The years 1731, 1732, 1733." */
function years(rng: Rng): string {
  const length = integer(rng, 3, 8);
  const start = integer(rng, 11, 19) * 100 + integer(rng, 0, 99 - length);
  return `The years ${Array.from({ length }, (_, i) => start + i).join(", ")}.`;
}

const KINDS = [enumeration, successors, tight, years];

/** One document about an ordered list. */
export function ordered(rng: Rng): string {
  return KINDS[weightedIndex(rng, [6, 3, 3, 2])](rng);
}
