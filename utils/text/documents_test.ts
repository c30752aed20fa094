import { assertEquals, assertRejects } from "@std/assert";
import { readDocuments } from "./documents.ts";
import { gzip, inFolder } from "./testdata.ts";
import { TextFile } from "./text_file.ts";

const read = (path: string) => Array.fromAsync(readDocuments(path));
const texts = async (path: string) => (await read(path)).map(({ text }) => text);

/** Documents of many lengths with characters of one to four bytes, some of them longer than a read buffer. */
const MANY = Array.from({ length: 400 }, (_, i) => {
  const length = i % 97 === 5 ? 200_000 : (i * 37) % 500;
  return Array.from({ length }, (_, k) => ["a", "é", "日", "🎉", "\n", " "][(i + k * k) % 6]).join(
    "",
  );
});
const SEPARATOR = "<|endoftext|>";

Deno.test("plain text is cut at separators, whatever the lengths of documents and of reads", async () => {
  await inFolder(async (path) => {
    await Deno.writeTextFile(path("text.txt"), MANY.join(SEPARATOR));
    assertEquals(await texts(path("text.txt")), MANY);
    await Deno.writeFile(path("text.gz"), await gzip(MANY.join(SEPARATOR)));
    assertEquals(await texts(path("text.gz")), MANY);
    // near-separators are text
    const near = ["a<|endof", "<<|endoftext|", "<|endoftext|x|>"];
    await Deno.writeTextFile(path("near.txt"), near.join(SEPARATOR));
    assertEquals(await texts(path("near.txt")), near);
  });
});

Deno.test("JSON lines: blank lines are skipped, empty texts are not; documents know their line and bytes", async () => {
  await inFolder(async (path) => {
    const lines = ['\ufeff{"text":"é"}', "", '{"id":1,"text":""}', "  ", '{"text":"c\\nd"}\r', ""];
    await Deno.writeTextFile(path("a.jsonl"), lines.join("\n"));
    assertEquals(await read(path("a.jsonl")), [
      { text: "é", line: 1, start: 0, end: 16 },
      { text: "", line: 3, start: 18, end: 36 },
      { text: "c\nd", line: 5, start: 40, end: 56 },
    ]);
    await Deno.writeFile(path("a.jsonl.gz"), await gzip(...lines.map((line) => line + "\n")));
    assertEquals(await texts(path("a.jsonl.gz")), ["é", "", "c\nd"]);
    const other = readDocuments(path("a.jsonl"), { field: "content" });
    await assertRejects(
      () => Array.fromAsync(other),
      Error,
      'line 1: expected a JSON object with a string "content"',
    );
  });
});

Deno.test("the line of a plain-text document counts the lines of the ones before it", async () => {
  await inFolder(async (path) => {
    await Deno.writeTextFile(path("a.txt"), `one\ntwo\n${SEPARATOR}\nthree${SEPARATOR}four`);
    assertEquals((await read(path("a.txt"))).map(({ line }) => line), [1, 3, 4]);
  });
});

Deno.test("what cannot be read is an error with file, line, expected and found", async () => {
  await inFolder(async (path) => {
    const refused = async (name: string, content: string | Uint8Array, message: string) => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(path(name), bytes);
      const error = await assertRejects(() => read(path(name)), Error);
      assertEquals(error.message.startsWith(path(name)), true, error.message);
      assertEquals(error.message.includes(message), true, error.message);
      await assertRejects(() => TextFile.open(path(name)), Error, message);
    };
    const object = 'expected a JSON object with a string "text", found ';
    await refused("a.jsonl", '{"text":"a"}\n{"txt":"b"}\n', `line 2: ${object}{"txt":"b"}`);
    await refused("b.jsonl", '{"text":"a"}\nnull\n', `line 2: ${object}null`);
    await refused("c.jsonl", '{"text":1}', `line 1: ${object}{"text":1}`);
    await refused("d.jsonl", "\n\n{broken", `line 3: ${object}{broken`);
    const latin = Uint8Array.of(97, 10, 98, 0xe9, 99);
    await refused("e.txt", latin, "line 2: expected UTF-8 text, found byte 0xe9");
    await refused("f.txt", Uint8Array.of(97, 0xc3), "line 1: expected UTF-8 text, found byte 0xc3");
    const packed = await gzip("some text");
    await refused("g.txt.gz", packed.slice(0, -6), "expected a complete gzip file");
    await refused("h.txt.gz", "plain text", "expected a complete gzip file");
    await assertRejects(
      () => read(path("none.txt")),
      Error,
      `cannot read text ${path("none.txt")}`,
    );
  });
});

Deno.test("TextFile reads any document in any order, and leaves no copy of a compressed file", async () => {
  await inFolder(async (path) => {
    const lines = MANY.map((text) => JSON.stringify({ text }) + "\n");
    await Deno.writeTextFile(path("text.txt"), MANY.join(SEPARATOR));
    await Deno.writeTextFile(path("text.jsonl"), lines.join(""));
    await Deno.writeFile(path("text.jsonl.gz"), await gzip(lines.join("")));
    for (const name of ["text.txt", "text.jsonl", "text.jsonl.gz"]) {
      const file = await TextFile.open(path(name));
      assertEquals(file.count, MANY.length);
      for (let i = 0; i < MANY.length; i++) {
        const at = (i * 149) % MANY.length;
        assertEquals(file.text(at), MANY[at], `${name} ${at}`);
      }
      file.close();
    }
    const left = [];
    for await (const { name } of Deno.readDir(path("."))) left.push(name);
    assertEquals(left.sort(), ["text.jsonl", "text.jsonl.gz", "text.txt"]);
  });
});
