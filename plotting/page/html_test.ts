import { assert, assertEquals, assertThrows } from "@std/assert";
import { embedJson, embedScript, escapeHtml, fillTemplate } from "./html.ts";

Deno.test("escapeHtml() leaves no character that starts markup or ends an attribute", () => {
  assertEquals(
    escapeHtml(`<a href="x">&amp;</a>`),
    "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;",
  );
});

Deno.test("embedJson() cannot close or comment out its element, and parses back to the value", () => {
  const value = { text: "</script><!-- <SCRIPT> 1 < 2<br>", list: [1, null, "é"] };
  const json = embedJson(value);
  assert(!json.includes("<"), json);
  assertEquals(JSON.parse(json), value);
});

Deno.test("embedScript() keeps a program's behaviour and leaves no end tag in it", () => {
  const source = `return "</script>" + "</SCRIPT >";`;
  const embedded = embedScript(source);
  assert(!/<\/script/i.test(embedded));
  assertEquals(new Function(embedded)(), "</script></SCRIPT >");
});

Deno.test("fillTemplate() fills placeholders in any order, never fills a part, and names a missing part", () => {
  const parts = { a: "{{b}}", b: "$&" };
  assertEquals(fillTemplate("{{b}} {{a}} {{b}} {a}", parts), "$& {{b}} $& {a}");
  assertThrows(() => fillTemplate("{{toString}}", parts), Error, "{{toString}}");
});
