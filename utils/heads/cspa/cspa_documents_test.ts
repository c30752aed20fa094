import { assertEquals, assertRejects } from "@std/assert";
import { isHeldOut, splitOf } from "../../text/mod.ts";
import { gpt2Tokenizer } from "../../../tests/support/tokenizers.ts";
import { corpusDocuments, fileDocuments } from "./cspa_documents.ts";

const tokenizer = gpt2Tokenizer();
const eos = tokenizer.eosId!;

async function withFile<T>(name: string, text: string, use: (path: string) => Promise<T>) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return await use(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("corpusDocuments() gives seeded validation text that begins with the end-of-text token", () => {
  const docs = corpusDocuments(tokenizer, { count: 5, length: 50, seed: 3 });
  assertEquals(docs.map((doc) => [doc.length, doc[0]]), new Array(5).fill([50, eos]));
  for (const doc of docs) {
    // all but the last text are whole
    const texts = tokenizer.decode(doc).split("<|endoftext|>").slice(1, -1);
    for (const text of texts) assertEquals([splitOf(text), isHeldOut(text)], ["validation", false]);
  }
  assertEquals(docs, corpusDocuments(tokenizer, { count: 5, length: 50, seed: 3 }));
  assertEquals(new Set(docs.map(String)).size, 5);
});

const LONG = ["one two three four five", "“red” green blue ‘grey’ black", "a b c d e f"];

Deno.test("fileDocuments() reads separated text: long documents, cut, curly quotes made straight", async () => {
  const text = [LONG[0], "too short", LONG[1], LONG[2]].join("\n<|endoftext|>\n");
  const docs = await withFile(
    "text.txt",
    text,
    (path) => fileDocuments(path, tokenizer, { count: 3, length: 6 }),
  );
  const expected = ["one two three four five", '"red" green blue', "a b c d e"].map((t) =>
    [eos, ...tokenizer.encode(t)].slice(0, 6)
  );
  assertEquals(docs.map(String).sort(), expected.map(String).sort());
});

Deno.test("fileDocuments() reads JSON lines to the same documents", async () => {
  const lines = LONG.map((text) => JSON.stringify({ text, source: 1 })).join("\n") + "\n";
  const options = { count: 3, length: 6 };
  const docs = await withFile(
    "text.jsonl",
    lines,
    (path) => fileDocuments(path, tokenizer, options),
  );
  const plain = await withFile(
    "text.txt",
    LONG.join("<|endoftext|>"),
    (path) => fileDocuments(path, tokenizer, options),
  );
  assertEquals(docs, plain);
});

Deno.test("fileDocuments() says how many documents are long enough, or which line is wrong", async () => {
  await withFile("text.txt", LONG.join("<|endoftext|>"), (path) =>
    assertRejects(
      () => fileDocuments(path, tokenizer, { count: 2, length: 100 }),
      Error,
      "0 of 3 documents have at least 100 tokens, 2 are needed",
    ));
  await withFile("text.jsonl", '{"text": "a"}\n{"txt": "b"}', (path) =>
    assertRejects(
      () => fileDocuments(path, tokenizer, { count: 1, length: 1 }),
      Error,
      'line 2: expected a JSON object with a string "text", found {"txt": "b"}',
    ));
  await assertRejects(
    () => fileDocuments("no_such_file.txt", tokenizer, { count: 1, length: 1 }),
    Error,
    "no_such_file.txt",
  );
});
