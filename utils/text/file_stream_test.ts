import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { openFileStream } from "./file_stream.ts";
import { EOS, gzip, inFolder, letters } from "./testdata.ts";
import { TokenFile } from "./token_file.ts";
import { tokenise } from "./tokenise.ts";

const TEXTS = ["abc", "", "de", "fghij", "", "k"];
const IDS = TEXTS.filter(Boolean).flatMap((text) => [EOS, ...letters.encode(text)]);

async function idsOf(path: string): Promise<number[]> {
  const file = await TokenFile.open(path);
  const ids = [...file.read(0, file.count)];
  file.close();
  return ids;
}

Deno.test("tokenise() writes each document that is not empty after one end-of-text token", async () => {
  await inFolder(async (path) => {
    const options = { tokenizer: letters, cacheDir: path("cache") };
    const lines = TEXTS.map((text) => JSON.stringify({ text }) + "\n").join("");
    await Deno.writeTextFile(path("a.txt"), TEXTS.join("<|endoftext|>"));
    await Deno.writeTextFile(path("a.jsonl"), lines);
    await Deno.writeFile(path("a.jsonl.gz"), await gzip(lines));
    for (const name of ["a.txt", "a.jsonl", "a.jsonl.gz"]) {
      assertEquals(await idsOf(await tokenise(path(name), options)), IDS, name);
    }
  });
});

Deno.test("tokenise() uses a result again until text, tokenizer or options change", async () => {
  await inFolder(async (path) => {
    let encoded = 0;
    const tokenizer = { ...letters, encode: (text: string) => (encoded++, letters.encode(text)) };
    const options = { tokenizer, cacheDir: path("cache") };
    await Deno.writeTextFile(path("a.txt"), TEXTS.join("<|endoftext|>"));
    const first = await tokenise(path("a.txt"), options);
    const once = encoded;
    assertEquals(await tokenise(path("a.txt"), options), first);
    assertEquals(encoded, once + 1); // the tokenizer's own probe

    const limited = await tokenise(path("a.txt"), { ...options, limit: 5 });
    assertEquals(await idsOf(limited), IDS.slice(0, 7)); // the document that reaches 5 is whole
    const other = { ...letters, decode: (ids: number[]) => letters.decode(ids).toUpperCase() };
    assertNotEquals(await tokenise(path("a.txt"), { ...options, tokenizer: other }), first);
    await Deno.writeTextFile(path("a.txt"), "zz");
    assertEquals(await idsOf(await tokenise(path("a.txt"), options)), [EOS, 26, 26]);

    // a result whose header was not written is made again
    await Deno.remove(first.replace(/bin$/, "json"));
    await Deno.writeTextFile(path("a.txt"), TEXTS.join("<|endoftext|>"));
    assertEquals(await idsOf(await tokenise(path("a.txt"), options)), IDS);
  });
});

Deno.test("tokenise() writes ids above 65,535 in four bytes, and leaves nothing of a text it cannot read", async () => {
  await inFolder(async (path) => {
    const large = {
      ...letters,
      vocabSize: 70_000,
      encode: (text: string) => letters.encode(text).map((id) => id + 69_000),
    };
    await Deno.writeTextFile(path("a.txt"), "ab");
    const options = { tokenizer: large, cacheDir: path("cache") };
    const file = await TokenFile.open(await tokenise(path("a.txt"), options));
    assertEquals([file.layout.dtype, ...file.read(0, 3)], ["I32", EOS, 69_001, 69_002]);
    file.close();
    await Deno.writeFile(path("bad.txt"), Uint8Array.of(97, 0xff));
    await assertRejects(() => tokenise(path("bad.txt"), options), Error, "expected UTF-8 text");
    const names = [];
    for await (const { name } of Deno.readDir(path("cache"))) {
      names.push(name.replace(/-.*\./, "."));
    }
    assertEquals(names.sort(), ["a.txt.bin", "a.txt.json"]);
    await assertRejects(
      () => tokenise(path("a.txt"), { ...options, tokenizer: { ...large, eosId: undefined } }),
      Error,
      "needs an end-of-text token",
    );
  });
});

Deno.test("openFileStream() gives the same rows of a text and of its file of ids", async () => {
  await inFolder(async (path) => {
    await Deno.writeTextFile(path("a.txt"), TEXTS.join("<|endoftext|>"));
    await Deno.writeFile(path("ids.bin"), new Uint8Array(Uint16Array.from(IDS).buffer));
    const options = {
      ...{ tokenizer: letters, cacheDir: path("cache"), batch: 2, context: 4 },
      ...{ rows: "packed", seed: 3 } as const,
    };
    const [text, ids] = [
      await openFileStream(path("a.txt"), options),
      await openFileStream(path("ids.bin"), options),
    ];
    for (let step = 0; step < 5; step++) assertEquals(text.at(step), ids.at(step));
    text.close();
    ids.close();
    await assertRejects(
      () => openFileStream(path("ids.bin"), { ...options, context: 400 }),
      Error,
      "expected at least one row of 400 ids",
    );
  });
});
