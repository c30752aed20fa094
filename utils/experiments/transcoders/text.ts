/** The text of a training of coders, as a stream of tokens. */
import { join } from "@std/path";
import { UserError } from "../../base/mod.ts";
import type { Tokenizer } from "../../model/mod.ts";
import { openFileStream, tokenBatches, type TokenStream } from "../../text/mod.ts";
import type { TranscoderSettings } from "./settings.ts";

/** A stream, and what closes it. */
export interface OpenText {
  stream: TokenStream;
  /** rows in one pass over a file; absent for the embedded corpus, which has no end */
  rowsPerPass?: number;
  close(): void;
}

/**
 * Opens the text of the settings. Tokenises text once, into a cache in `work_dir`.
 * @param cacheDir folder of token files made from text
 * @throws UserError when the model's tokenizer is not that of the embedded corpus, Error naming a file that cannot be read.
 */
export async function openText(
  settings: TranscoderSettings,
  tokenizer: Tokenizer,
  cacheDir: string,
): Promise<OpenText> {
  const { dataset_path, store_batch_size: batch, context_size: context, seed } = settings;
  if (dataset_path === "nano") {
    if (tokenizer.vocabSize > 4096) {
      throw new UserError(
        'dataset_path: "nano" is the corpus of pythia-nano; give a text file for ' +
          `${settings.model}, whose vocabulary has ${tokenizer.vocabSize} tokens`,
        2,
      );
    }
    const repeatedIdsShare = settings.repeated_ids_share;
    // Another seed than the model's own training, which would repeat the very rows it saw first.
    const stream = tokenBatches({ tokenizer, seed, batch, context, repeatedIdsShare });
    return { stream, close: () => {} };
  }
  // Excluded positions need more tokens; twice as many bound how much of a large file is tokenised.
  const limit = 2 * settings.total_training_tokens;
  const stream = await openFileStream(dataset_path, {
    ...{ tokenizer, batch, context, seed, limit },
    rows: settings.dataset_rows,
    field: settings.text_field,
    cacheDir: join(cacheDir, "tokens"),
  });
  return { stream, rowsPerPass: stream.rows, close: () => stream.close() };
}
