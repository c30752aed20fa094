/** Files and tokenizers of tests. */
import { join } from "@std/path";
import type { Tokenizer } from "../model/mod.ts";

/** Runs a test in a folder of its own. */
export async function inFolder(test: (path: (name: string) => string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await test((name) => join(folder, name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Compresses bytes with gzip, in several members as `cat a.gz b.gz` makes them. */
export async function gzip(...parts: string[]): Promise<Uint8Array> {
  const members = parts.map((part) =>
    new Response(new Blob([part]).stream().pipeThrough(new CompressionStream("gzip")))
      .arrayBuffer()
  );
  return new Uint8Array(await new Blob(await Promise.all(members)).arrayBuffer());
}

/** End of text of {@link letters}. */
export const EOS = 0;

/** A tokenizer whose ids are 1 + the letter's place in the alphabet; other characters are 27, end of text is 0. */
export const letters: Tokenizer = {
  encode: (text) => Array.from(text, (c) => /[a-z]/.test(c) ? c.charCodeAt(0) - 96 : 27),
  decode: (ids) => ids.map((id) => "|abcdefghijklmnopqrstuvwxyz?"[id]).join(""),
  singleToken: () => undefined,
  vocabSize: 28,
  eosId: EOS,
};
