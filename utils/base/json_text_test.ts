import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { parseJson } from "./json_text.ts";

const messageOf = (text: string): string =>
  (assertThrows(() => parseJson(text, "x.json"), Error) as Error).message;

Deno.test("parseJson() reads JSON, with and without a byte order mark", () => {
  assertEquals(parseJson('{"a": [1, null]}', "x.json"), { a: [1, null] });
  assertEquals(parseJson('\uFEFF{"a": 1e308}', "x.json"), { a: 1e308 });
});

Deno.test("parseJson() names the file and the key of what it refuses", () => {
  assert(messageOf('{"a":').startsWith("x.json is not valid JSON: "));
  assertEquals(
    messageOf('{"a": {"b": [1, -1e999]}}'),
    "x.json: a.b[1] is a number beyond the range of doubles",
  );
  const deep = messageOf('{"a": ' + "[".repeat(200_000) + "]".repeat(200_000) + "}");
  assert(/^x\.json: a(\[0\]){7} is nested more than 200 levels deep$/.test(deep), deep);
  const error = assertThrows(() => parseJson("1e999", "x.json"), Error, "x.json: is a number");
  assertInstanceOf((error as Error).cause, SyntaxError, "counts as a damaged file");
});
