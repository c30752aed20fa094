/**
 * Token batches by step number. Row r of step s is a pure function of (seed, split, s, r), so training that resumes at
 * step s sees what it would have seen without the interruption, and steps can be made in any order.
 *
 * A row: whole documents one after the other, each followed by the end-of-text token, cut at the end of the row. Every
 * row starts with the start of a document, since prompts do; a quarter of the rows has an end-of-text token before it.
 */
import type { Tokenizer } from "../../model/mod.ts";
import { cachedEncoder } from "./cached_encoder.ts";
import { generateDocument, type Split } from "./corpus.ts";
import { type TokenLabel, tokenLabels } from "./labels.ts";
import { repeatedIds } from "./kinds/mod.ts";
import { chance, rngFor } from "../random.ts";
import type { TokenStream } from "../token_stream.ts";

/** What determines a stream of batches. */
export interface BatchOptions {
  /** the tokenizer, with an end-of-text token */
  tokenizer: Tokenizer;
  /** random seed of the text */
  seed: number;
  /** rows per step */
  batch: number;
  /** tokens per row */
  context: number;
  /** which texts; default `train` */
  split?: Split;
  /** share of documents that are random token ids repeated; default 0.02 */
  repeatedIdsShare?: number;
}

/** The embedded corpus as a stream of full rows, whose tokens the generator can name. */
export interface TokenBatches extends TokenStream {
  /** Returns what every token of a step is, in the order of `at(step)`. */
  labels(step: number): TokenLabel[];
}

const LEADING_END_OF_TEXT = 0.25;

/**
 * Returns the batches of a seed and split.
 * @throws Error if batch or context is not a positive integer or the tokenizer has no end-of-text token.
 */
export function tokenBatches(options: BatchOptions): TokenBatches {
  const { tokenizer, seed, batch, context, split = "train", repeatedIdsShare = 0.02 } = options;
  for (const [name, value] of Object.entries({ batch, context })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new Error(`token batches: ${name} must be a positive integer, found ${value}`);
    }
  }
  const { eosId, vocabSize } = tokenizer;
  if (eosId === undefined) {
    throw new Error(
      "token batches: the tokenizer needs an end-of-text token to separate documents",
    );
  }
  const encode = cachedEncoder(tokenizer);

  /** Fills a row; with `labels`, also appends the label of each of its tokens. */
  function fillRow(step: number, row: number, tokens: Int32Array, labels?: TokenLabel[]): void {
    const rng = rngFor(seed, split === "train" ? 0 : 1, step, row);
    let filled = 0;
    const add = (ids: readonly number[], describe: () => TokenLabel[]) => {
      const taken = Math.min(ids.length, context - filled);
      for (let i = 0; i < taken; i++) tokens[filled++] = ids[i];
      labels?.push(...describe().slice(0, taken));
    };
    const addEnd = () => add([eosId!], () => [END_LABEL]);
    if (chance(rng, LEADING_END_OF_TEXT)) addEnd();
    while (filled < context) {
      if (chance(rng, repeatedIdsShare)) {
        const { ids, period } = repeatedIds(rng, vocabSize);
        add(ids, () => ids.map((_, position) => repeatedIdLabel(position, period)));
      } else {
        const document = generateDocument(rng, split);
        const ids = encode(document.text);
        add(ids, () => tokenLabels(tokenizer, ids, document.kind, document));
      }
      addEnd();
    }
  }

  return {
    batch,
    context,
    at(step) {
      const tokens = new Int32Array(batch * context);
      for (let row = 0; row < batch; row++) {
        fillRow(step, row, tokens.subarray(row * context, (row + 1) * context));
      }
      return tokens;
    },
    labels(step) {
      const labels: TokenLabel[] = [];
      for (let row = 0; row < batch; row++) fillRow(step, row, new Int32Array(context), labels);
      return labels;
    },
  };
}

const END_LABEL: TokenLabel = { kind: "end_of_text", sentence: "end_of_text", position: 0 };

/** The label of a token in random ids that repeat with a period. */
const repeatedIdLabel = (position: number, period: number): TokenLabel => ({
  kind: "repeated_ids",
  sentence: "repetition",
  position,
  role: position < period ? "first_copy" : "later_copy",
  index: position % period,
});
