import { assert, assertStringIncludes } from "@std/assert";
import { commands } from "./testing/commands.ts";

Deno.test("README shows every command of plotting/, with an example", () => {
  const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
  assert(commands().length >= 13);
  for (const name of commands()) {
    assertStringIncludes(readme, `deno run -A plotting/${name} `);
  }
});
