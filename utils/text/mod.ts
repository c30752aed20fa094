/** Streams of token ids for training: the embedded corpus, text files, files of ids. Knows tokenizers, but no model. */
export { type DocumentOptions } from "./documents.ts";
export { type FileStreamOptions, openFileStream } from "./file_stream.ts";
export { type BatchOptions, type TokenBatches, tokenBatches } from "./nano/batches.ts";
export { documents, type Split, splitOf } from "./nano/corpus.ts";
export { isHeldOut } from "./nano/held_out.ts";
export { buildTokenizer, type TokenizerFiles } from "./nano/tokenizer_builder.ts";
export { hashText, type Rng, rngFor } from "./random.ts";
export { TextFile } from "./text_file.ts";
export { type IdFormat, TokenFile, type TokenFileOptions, type TokenLayout } from "./token_file.ts";
export {
  type FileStream,
  type StreamOptions,
  type TokenStream,
  tokenStream,
} from "./token_stream.ts";
export { tokenise, type TokeniseOptions } from "./tokenise.ts";
