/**
 * GPT-2's byte-pair encoding as Hugging Face writes it, a vocabulary and merges, from the ranks that `gpt-tokenizer` has.
 *
 *   vocabulary   each token's bytes as GPT-2 spells them: a printable character for every byte, e.g. "Ġ" for a space
 *   merges       a token of several bytes was made by joining the two tokens that are left of it when only tokens of
 *                lower rank may be joined
 */
import ranks from "gpt-tokenizer/bpeRanks/r50k_base";

/** Returns GPT-2's character for each byte: itself where it is printable, else one from 256 on. */
function byteCharacters(): string[] {
  const printable = (byte: number) =>
    byte >= 33 && byte <= 126 || byte >= 161 && byte <= 172 || byte >= 174;
  let next = 256;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(printable(byte) ? byte : next++),
  );
}

const CHARACTERS = byteCharacters();
const encoder = new TextEncoder();

/** Token ids by spelling, in the order of ids. */
const IDS = new Map<string, number>(
  ranks.map((token: string | readonly number[], id: number) => {
    const bytes = typeof token === "string" ? encoder.encode(token) : token;
    return [Array.from(bytes, (byte) => CHARACTERS[byte]).join(""), id];
  }),
);

/** Returns the two tokens that a token joins. */
function partsOf(token: string, id: number): [string, string] {
  let parts = [...token];
  while (parts.length > 2) {
    const joined = parts.slice(1).map((part, i) => IDS.get(parts[i] + part) ?? Infinity);
    const best = Math.min(...joined), at = joined.indexOf(best);
    if (best >= id) throw new Error(`token ${id} is not made of earlier tokens`);
    parts = [...parts.slice(0, at), parts[at] + parts[at + 1], ...parts.slice(at + 2)];
  }
  return parts as [string, string];
}

/** Returns ids by token. */
export function gpt2Vocabulary(): Record<string, number> {
  return { ...Object.fromEntries(IDS), "<|endoftext|>": IDS.size };
}

/** Returns the merges in the order of their ranks, as in `merges.txt`. */
export function gpt2Merges(): string[] {
  return [...IDS].filter(([token]) => token.length > 1)
    .map(([token, id]) => partsOf(token, id).join(" "));
}
