/**
 * The training text of `pythia-nano`: an endless, seeded stream of short English-like documents.
 *
 * 1. Draw a kind by weight and a document of that kind.
 * 2. Throw it away if it holds anything that the evaluation prompts could be (`held_out.ts`).
 * 3. Each text belongs to one split by its hash, 1 in 16 to validation; throw it away if it belongs to the other one.
 */
import { isHeldOut } from "./held_out.ts";
import { type LabelledText, readMarks } from "./labels.ts";
import {
  agreement,
  facts,
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
  /** Writes one document with its marks (`labels.ts`). */
  generate(rng: Rng): string;
}

/** One document: its text, its labels and the name of its kind. */
export interface Document extends LabelledText {
  /** Name of its kind, e.g. "two_people". */
  kind: string;
}

/** The mix, in documents. */
export const KINDS: readonly Kind[] = [
  { name: "two_people", weight: 33, generate: twoPeople },
  { name: "more_people", weight: 6, generate: morePeople },
  { name: "year_spans", weight: 9, generate: yearSpan },
  { name: "agreement", weight: 12, generate: agreement },
  { name: "tag_questions", weight: 6, generate: tagQuestion },
  { name: "facts", weight: 15, generate: facts },
  { name: "ordered", weight: 12, generate: ordered },
  { name: "repeated", weight: 5, generate: repeatedWords },
  { name: "filler", weight: 2, generate: filler },
];
const WEIGHTS = KINDS.map((kind) => kind.weight);

const VALIDATION_SHARE = 16;

/** The split that a text belongs to, by its hash alone. */
export function splitOf(text: string): Split {
  return hashText(text) % VALIDATION_SHARE === 0 ? "validation" : "train";
}

/** Returns one document of the split. It never contains a prompt of the tasks. */
export function generateDocument(rng: Rng, split: Split = "train"): Document {
  while (true) {
    const { name, generate } = KINDS[weightedIndex(rng, WEIGHTS)];
    const document = readMarks(generate(rng), name);
    const { text } = document;
    if (splitOf(text) === split && !isHeldOut(text)) return { kind: name, ...document };
  }
}

/** Returns the endless stream of a seed and split. */
export function* documents(seed: number, split: Split = "train"): Generator<Document> {
  const rng = rngFor(seed, split === "train" ? 0 : 1);
  while (true) yield generateDocument(rng, split);
}
