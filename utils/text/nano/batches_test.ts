import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { cachedEncoder } from "./cached_encoder.ts";
import { tokenBatches } from "./batches.ts";
import { documents } from "./corpus.ts";
import { corpusTokenizer } from "./tokenizer_builder.ts";

const tokenizer = corpusTokenizer();
const batches = (options: Partial<Parameters<typeof tokenBatches>[0]> = {}) =>
  tokenBatches({ tokenizer, seed: 3, batch: 4, context: 64, ...options });

Deno.test("at() depends on seed, split and step alone, not on what was asked before", () => {
  const stream = batches();
  const inOrder = [0, 1, 2].map((step) => stream.at(step));
  const fresh = batches();
  assertEquals([2, 0, 1].map((step) => fresh.at(step)), [inOrder[2], inOrder[0], inOrder[1]]);
  assertNotEquals(inOrder[0], inOrder[1]);
  assertNotEquals(batches({ seed: 4 }).at(0), inOrder[0]);
  assertNotEquals(batches({ split: "validation" }).at(0), inOrder[0]);
});

Deno.test("a row is the same in a larger batch and begins the same in a longer context", () => {
  const small = batches().at(5);
  const many = batches({ batch: 8 }).at(5);
  assertEquals(many.subarray(0, small.length), small);
  const long = batches({ context: 96 }).at(5);
  for (let row = 0; row < 4; row++) {
    assertEquals(long.subarray(row * 96, row * 96 + 64), small.subarray(row * 64, row * 64 + 64));
  }
});

Deno.test("rows are whole documents of the split between end-of-text tokens, the last one cut", () => {
  const stream = batches({ batch: 32, context: 128, repeatedIdsShare: 0 });
  const tokens = stream.at(0);
  let checked = 0, leading = 0;
  for (let row = 0; row < 32; row++) {
    const text = tokenizer.decode([...tokens.subarray(row * 128, (row + 1) * 128)]);
    if (text.startsWith("<|endoftext|>")) leading++;
    const parts = text.split("<|endoftext|>").filter((part) => part !== "");
    for (const part of parts) assert(/^[A-Z]/.test(part), part);
    for (const part of parts.slice(0, -1)) {
      assert(/[.?0-9A-Za-z]$/.test(part), part);
      checked++;
    }
  }
  assert(checked > 100, `${checked} documents`);
  assert(leading > 0 && leading < 20, `${leading} of 32 rows start with end of text`);
  assert(tokens.every((id) => id >= 0 && id < tokenizer.vocabSize));
});

Deno.test("repeated ids: a row of them repeats with one period", () => {
  const tokens = batches({ batch: 64, repeatedIdsShare: 1 }).at(0);
  for (let row = 0; row < 64; row++) {
    const ids = [...tokens.subarray(row * 64, (row + 1) * 64)];
    const start = ids[0] === 0 ? 1 : 0;
    const end = ids.indexOf(0, start);
    const sequence = ids.slice(start, end === -1 ? undefined : end);
    const period = Array.from({ length: 29 }, (_, i) => i + 4).find((p) =>
      sequence.every((id, i) => i < p || id === sequence[i - p])
    );
    assert(period !== undefined, sequence.join(" "));
  }
});

Deno.test("cachedEncoder() gives the tokenizer's own ids, met before or not", () => {
  const encode = cachedEncoder(tokenizer);
  const odd = ["a  b\n\n c ", "isn't 🎉 1732,33", "x<|endoftext|>y", "", " "];
  const texts = [...odd];
  for (const { text } of documents(21)) if (texts.push(text) >= 1500) break;
  for (const text of [...texts, ...odd]) assertEquals(encode(text), tokenizer.encode(text), text);
});

Deno.test("tokenBatches() refuses empty batches and tokenizers without end of text", () => {
  assertThrows(() => batches({ batch: 0 }), Error, "batch must be a positive integer, found 0");
  assertThrows(() => batches({ context: 1.5 }), Error, "context");
  assertThrows(
    () => batches({ tokenizer: { ...tokenizer, eosId: undefined } }),
    Error,
    "end-of-text",
  );
});
