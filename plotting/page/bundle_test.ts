import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { bundlePage } from "./bundle.ts";

/** Writes files into a temporary folder and passes `use` a function from file name to URL. */
async function withFiles(
  files: Record<string, string>,
  use: (at: (name: string) => URL) => void | Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    await use((name) => toFileUrl(join(folder, name)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bundlePage() makes one module that behaves like the modules it joins", () =>
  withFiles({
    "main.ts": `import { twice, type Count } from "./twice.ts";
      import * as even from "./even.ts";
      const four: Count = twice(2);
      Object.assign(globalThis, { bundled: [four, even.isEven(7), "</script>"] });`,
    "twice.ts": "export type Count = number; export const twice = (x: Count): Count => 2 * x;" +
      "export const unused = 'never called';",
    "even.ts": `import { isOdd } from "./odd.ts";
      export const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);`,
    "odd.ts": `import { isEven } from "./even.ts";
      export const isOdd = (n: number): boolean => n !== 0 && isEven(n - 1);`,
  }, async (at) => {
    const { script, style } = bundlePage(at("main.ts"), []);
    assert(!/\bimport\b/.test(script), "an import remains");
    assert(!script.includes("never called"), "unused code remains");
    assert(!script.includes("</script"));
    assertEquals(style, "");
    await import(`data:text/javascript,${encodeURIComponent(script)}`);
    assertEquals((globalThis as { bundled?: unknown }).bundled, [4, false, "</script>"]);
    assertStrictEquals(bundlePage(at("main.ts"), []).script, script);
  }));

Deno.test("bundlePage() keeps the order of style sheets, so the last one wins", () =>
  withFiles({
    "main.ts": "export {};",
    "first.css": "/* a note */ p { color: red; }",
    "second.css": '@import "./third.css"; p { color: blue; }',
    "third.css": "b { margin: 0 }",
  }, (at) => {
    const { style } = bundlePage(at("main.ts"), [at("first.css"), at("second.css")]);
    const places = ["p{color:red}", "b{margin:0}", "p{color:#00f}"].map((r) => style.indexOf(r));
    assert(places[0] >= 0 && places[0] < places[1] && places[1] < places[2], style);
    assert(!style.includes("@import") && !style.includes("note"));
  }));

Deno.test("bundlePage() names the file and the import that it cannot resolve", () =>
  withFiles({
    "main.ts": 'import "./other.ts";',
    "other.ts": 'import { z } from "zod";\nconsole.log(z);',
    "gone.ts": 'import { x } from "./missing.ts";\nconsole.log(x);',
  }, (at) => {
    const package_ = assertThrows(() => bundlePage(at("main.ts"), []), Error);
    assert(/other\.ts:1:\d+.*"zod"/.test(package_.message), package_.message);
    const file = assertThrows(() => bundlePage(at("gone.ts"), []), Error);
    assert(/gone\.ts:1:\d+.*"\.\/missing\.ts"/.test(file.message), file.message);
    assertThrows(() => bundlePage(at("main.ts"), [at("no.css")]), Error, "no.css");
  }));
