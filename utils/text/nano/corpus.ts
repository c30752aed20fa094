/**
 * The training text of `pythia-nano`: an endless, seeded stream of short English-like documents.
 *
 * 1. Draw a kind by weight and a document of that kind.
 * 2. Throw it away if it holds anything that the evaluation prompts could be (`held_out.ts`).
 * 3. Each text belongs to one split by its hash, 1 in 16 to validation; throw it away if it belongs to the other one.
 */
import { isHeldOut } from "./held_out.ts";
import {
  agreement,
  filler,
  morePeople,
  ordered,
  repeatedWords,
  tagQuestion,
  twoPeople,
  yearSpan,
} from "./kinds/mod.ts";
import { hashText, type Rng, rngFor, weightedIndex } from "../random.ts";

/** Training text, or text of the same kinds that training never sees. */
export type Split = "train" | "validation";

/** One kind of document: its share of the documents and how one is drawn. */
export interface Kind {
  name: string;
  /** Documents of this kind in 100. */
  weight: number;
  generate(rng: Rng): string;
}

/** The mix, in documents. */
export const KINDS: readonly Kind[] = [
  { name: "two_people", weight: 34, generate: twoPeople },
  { name: "more_people", weight: 8, generate: morePeople },
  { name: "year_spans", weight: 14, generate: yearSpan },
  { name: "agreement", weight: 20, generate: agreement },
  { name: "tag_questions", weight: 8, generate: tagQuestion },
  { name: "ordered", weight: 7, generate: ordered },
  { name: "repeated", weight: 4, generate: repeatedWords },
  { name: "filler", weight: 5, generate: filler },
];
const WEIGHTS = KINDS.map((kind) => kind.weight);

const VALIDATION_SHARE = 16;

/** The split that a text belongs to, by its hash alone. */
export function splitOf(text: string): Split {
  return hashText(text) % VALIDATION_SHARE === 0 ? "validation" : "train";
}

/** One document of the split, with the name of its kind. Never contains a prompt of the tasks. */
export function generateDocument(
  rng: Rng,
  split: Split = "train",
): { kind: string; text: string } {
  while (true) {
    const kind = KINDS[weightedIndex(rng, WEIGHTS)];
    const text = kind.generate(rng);
    if (splitOf(text) === split && !isHeldOut(text)) return { kind: kind.name, text };
  }
}

/** The endless stream of a seed and split. */
export function* documents(
  seed: number,
  split: Split = "train",
): Generator<{ kind: string; text: string }> {
  const rng = rngFor(seed, split === "train" ? 0 : 1);
  while (true) yield generateDocument(rng, split);
}
