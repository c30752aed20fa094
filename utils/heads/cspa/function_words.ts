/**
 * Lists the tokens that are never a source of copy suppression: function words, punctuation and control characters.
 * This is the list of McDougall et al. (2023) as the paper uses it. Entries that are not single tokens are dropped.
 */
import type { Tokenizer } from "../../model/mod.ts";

/** Words with a leading space. */
const SPACED =
  "a the an to of in that for it with as was The are by have this will they their which about In like " +
  "them some when It what its only how most This these very much those such But You If take As For They That When To " +
  "almost With However These By takes While whose Of THE From aren perhaps whatever Like Their Those Its Thus Such " +
  "Much Between meanwhile nevertheless at now ' \" you your once and all He her my";

/** Words and punctuation without a leading space. */
const BARE =
  "The It the But As When That To With However While By with Of Those Their Its to 's . , ? ! ' \" you your " +
  "Now <|endoftext|>";

/** Entries as text: 33 control characters, then words. */
export const FUNCTION_WORDS: readonly string[] = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
  "\x7f",
  ...SPACED.split(" ").map((word) => " " + word),
  ...BARE.split(" "),
];

/** Returns the ids, ascending, of the entries that are single tokens and of the end-of-text token, if there is one. */
export function functionWordIds(tokenizer: Tokenizer): number[] {
  const ids = FUNCTION_WORDS.map((word) => tokenizer.singleToken(word));
  const known = [...ids, tokenizer.eosId].filter((id) => id !== undefined);
  return [...new Set(known)].sort((a, b) => a - b);
}
