import { assert, assertEquals, assertThrows } from "@std/assert";
import { embedJson, embedScript, escapeHtml, fillTemplate } from "./html.ts";

Deno.test("escapeHtml() leaves no character that begins markup or ends an attribute", () => {
  assertEquals(
    escapeHtml(`<a href="x">&amp;</a>`),
    "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;",
  );
});

Deno.test("embedJson() cannot close or comment out its element, and reads back as the value", () => {
  const value = { text: "</script><!-- <SCRIPT> 1 < 2<br>", list: [1, null, "é"] };
  const json = embedJson(value);
  assert(!json.includes("<"), json);
  assertEquals(JSON.parse(json), value);
});

Deno.test("embedScript() keeps what a program does and has no end tag in it", () => {
  const source = `return "</script>" + "</SCRIPT >";`;
  const embedded = embedScript(source);
  assert(!/<\/script/i.test(embedded));
  assertEquals(new Function(embedded)(), "</script></SCRIPT >");
});

Deno.test("fillTemplate() fills each place once, in any order, and names a place without a part", () => {
  const parts = { a: "{{b}}", b: "$&" };
  assertEquals(fillTemplate("{{b}} {{a}} {{b}} {a}", parts), "$& {{b}} $& {a}");
  assertThrows(() => fillTemplate("{{toString}}", parts), Error, "{{toString}}");
});
