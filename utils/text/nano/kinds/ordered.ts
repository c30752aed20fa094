/** Runs through ordered lists: numbers, number words, ordinals, days, months, letters, numerals, years. */
import { chance, integer, pick, type Rng, weightedIndex } from "../../random.ts";
import { mark, sentence } from "../labels.ts";
import { ORDERED_LISTS, type OrderedList } from "../words/mod.ts";

/** A run of 3 to 12 neighbouring words; a cyclic list continues with its first word. */
function run(rng: Rng, list: OrderedList, most = 12): string[] {
  const size = list.words.length;
  const length = integer(rng, 3, Math.min(most, size));
  const start = integer(rng, 0, list.cyclic ? size - 1 : size - length);
  return Array.from({ length }, (_, i) => item(list.words[(start + i) % size], i));
}

const item = (word: string, index: number) => mark(word, "item", { index });

const LEADS = ["In order:", "The list:", "They are", "Count:", "We say"] as const;

/** "In order: Tuesday, Wednesday, Thursday." */
function enumeration(rng: Rng): string {
  const words = run(rng, pick(rng, ORDERED_LISTS));
  return `${pick(rng, LEADS)} ${words.join(pick(rng, [", ", ", then ", " "]))}.`;
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
  const letters = chance(rng, 0.25);
  const length = integer(rng, 4, letters ? 14 : 20);
  const start = letters ? 65 + integer(rng, 0, 26 - length) : integer(rng, 1, 99 - length);
  const items = Array.from(
    { length },
    (_, i) => item(letters ? String.fromCharCode(start + i) : String(start + i), i),
  );
  return `${pick(rng, LEADS)} ${items.join(",")}`;
}

/** Neighbouring years: "The years 1731, 1732, 1733." */
function years(rng: Rng): string {
  const length = integer(rng, 3, 8);
  const start = integer(rng, 11, 19) * 100 + integer(rng, 0, 99 - length);
  return `The years ${Array.from({ length }, (_, i) => item(String(start + i), i)).join(", ")}.`;
}

const KINDS = [
  { name: "enumeration", write: enumeration },
  { name: "successor", write: successors },
  { name: "tight_list", write: tight },
  { name: "years", write: years },
];

/** One document about an ordered list. */
export function ordered(rng: Rng): string {
  const { name, write } = KINDS[weightedIndex(rng, [6, 5, 6, 2])];
  return sentence(name) + write(rng);
}
