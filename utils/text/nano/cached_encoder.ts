/**
 * Encodes text piece by piece through a table. A byte-level tokenizer encodes each piece of the GPT-2 splitting on its
 * own, so the tokens of a text are the tokens of its pieces one after the other, and a piece met before is a look-up.
 */
import type { Tokenizer } from "../../model/mod.ts";
import { splitPieces } from "./byte_level.ts";

/**
 * A faster `tokenizer.encode` for texts of recurring words, with the same result. Only for byte-level tokenizers with the
 * GPT-2 splitting and without a normalizer. The table grows with the number of distinct pieces.
 * @param special text of special tokens; a text that holds one is passed to the tokenizer whole
 */
export function cachedEncoder(
  tokenizer: Tokenizer,
  special: readonly string[] = ["<|endoftext|>"],
): (text: string) => number[] {
  const table = new Map<string, readonly number[]>();
  return (text) => {
    if (special.some((token) => text.includes(token))) return tokenizer.encode(text);
    const ids: number[] = [];
    for (const piece of splitPieces(text)) {
      let known = table.get(piece);
      if (known === undefined) table.set(piece, known = tokenizer.encode(piece));
      for (const id of known) ids.push(id);
    }
    return ids;
  };
}
