/**
 * Bytes as printable characters and the splitting of text into pieces, both as GPT-2 and Pythia do them
 * (Radford et al. 2019, `bytes_to_unicode` and its regular expression). A byte-level tokenizer never merges across pieces.
 */

const isPrintable = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The 256 characters in the vocabulary's order: printable bytes as themselves, then the others as U+0100 onwards. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const printable = bytes.filter(isPrintable).map((byte) => String.fromCodePoint(byte));
  const shifted = bytes.filter((byte) => !isPrintable(byte))
    .map((_, i) => String.fromCodePoint(256 + i));
  return [...printable, ...shifted];
})();

const CHARACTER_OF_BYTE: readonly string[] = (() => {
  let shift = 0;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : 256 + shift++),
  );
})();

/** The text's UTF-8 bytes as those characters: " the" → "Ġthe". */
export function byteLevel(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => CHARACTER_OF_BYTE[byte]).join("");
}

/** The pieces of a text: words and numbers with the space before them, contractions, punctuation, white space. */
export function splitPieces(text: string): string[] {
  return text.match(
    /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu,
  ) ?? [];
}
