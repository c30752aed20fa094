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

/** The embedded corpus as a stream of full rows. */
export type TokenBatches = TokenStream;

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

  function fillRow(step: number, row: number, tokens: Int32Array): void {
    const rng = rngFor(seed, split === "train" ? 0 : 1, step, row);
    let filled = chance(rng, LEADING_END_OF_TEXT) ? 1 : 0;
    if (filled === 1) tokens[0] = eosId!;
    while (filled < context) {
      const ids = chance(rng, repeatedIdsShare)
        ? repeatedIds(rng, vocabSize)
        : encode(generateDocument(rng, split).text);
      ids.push(eosId!);
      for (let i = 0; i < ids.length && filled < context; i++) tokens[filled++] = ids[i];
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
  };
}
