/**
 * The text that `pythia-nano` learns from: documents by seed, their tokenizer, and what is held out.
 * @module
 */
export { type BatchOptions, type TokenBatches, tokenBatches } from "./batches.ts";
export { type Document, documents, type Split, splitOf } from "./corpus.ts";
export {
  type LabelledText,
  type Span,
  type TokenLabel,
  tokenLabels,
  type WordLabel,
} from "./labels.ts";
export { isHeldOut } from "./held_out.ts";
export { buildTokenizer, type TokenizerFiles } from "./tokenizer_builder.ts";
