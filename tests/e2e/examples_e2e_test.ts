import { assert, assertEquals, assertMatch } from "@std/assert";
import { run } from "../support/run_script.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the README's example is the example file, and patching the head changes the answer", async () => {
  const source = await Deno.readTextFile(new URL("examples/patch_one_head.ts", ROOT));
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const shown = /<!-- examples\/patch_one_head\.ts -->\n+```ts\n([\s\S]*?)```/.exec(readme)![1];
  assertEquals(shown, source);
  const { code, stdout, stderr } = await run("examples/patch_one_head");
  assertEquals(code, 0, stderr);
  const line = stdout.trim();
  assertMatch(line, /^logit difference -?[\d.]+, with a\d\.h\d corrupted -?[\d.]+$/);
  const [before, after] = [...line.matchAll(/(-?\d+\.\d+)/g)].map(([x]) => Number(x));
  assert(before > 2 && after < before - 1, line);
});
