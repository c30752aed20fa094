import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../tests/support/run_script.ts";
import { commands } from "./testing/commands.ts";

Deno.test("--help of every command of plotting/ has an example", async () => {
  for (const name of commands()) {
    const { code, stdout, stderr } = await run(`plotting/${name.replace(".ts", "")}`, "--help");
    assertEquals([code, stderr], [0, ""], name);
    assertStringIncludes(stdout, `deno run -A plotting/${name} `);
  }
});
