/** Streams of token ids for training: the embedded corpus, text files, tokenised files. Knows no model, only tokenizers. */
export { documents, type Split, splitOf } from "./nano/corpus.ts";
export { isHeldOut } from "./nano/held_out.ts";
export { type BatchOptions, type TokenBatches, tokenBatches } from "./nano/batches.ts";
export { buildTokenizer, type TokenizerFiles } from "./nano/tokenizer_builder.ts";
export { hashText, type Rng, rngFor } from "./random.ts";
