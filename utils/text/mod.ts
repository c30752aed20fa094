/** Streams of token ids for training: the embedded corpus, text files, files of ids. Knows tokenizers, but no model. */
export type { DocumentOptions } from "./documents.ts";
export { type FileStreamOptions, openFileStream } from "./file_stream.ts";
export { type BatchOptions, type TokenBatches, tokenBatches } from "./nano/mod.ts";
export { type Document, documents, type Split, splitOf } from "./nano/mod.ts";
export {
  type LabelledText,
  type Span,
  type TokenLabel,
  tokenLabels,
  type WordLabel,
} from "./nano/mod.ts";
export { isHeldOut } from "./nano/mod.ts";
export { buildTokenizer, type TokenizerFiles } from "./nano/mod.ts";
export { hashText, type Rng, rngFor } from "./random.ts";
export { TextFile } from "./text_file.ts";
export type { TokenFileOptions } from "./token_file.ts";
export type { IdFormat } from "./token_layout.ts";
export type { FileStream, StreamOptions, TokenStream } from "./token_stream.ts";
export type { TokeniseOptions } from "./tokenise.ts";
