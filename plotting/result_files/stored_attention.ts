/** Reads the attention patterns that a run of circuits stored beside its summary. */
import { join } from "@std/path";
import { isFile } from "../../utils/base/mod.ts";
import { type AttentionPatternFile, readAttention } from "../../utils/results/mod.ts";

/**
 * Returns the patterns beside a summary; undefined if there are none.
 * @param folder the folder of the summary
 * @throws UserError naming the file if it is damaged.
 */
export async function storedAttention(folder: string): Promise<AttentionPatternFile | undefined> {
  const path = join(folder, "attention.json");
  return isFile(path) ? await readAttention(path) : undefined;
}
