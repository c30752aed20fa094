import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { walk } from "./source_files.ts";

Deno.test("walk() skips results at the root only, and reads files with the wanted endings", async () => {
  const root = await Deno.makeTempDir();
  try {
    for (const path of ["a.ts", "a.md", "results/b.ts", "utils/results/c.ts"]) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), path);
    }
    const found = await walk(toFileUrl(`${root}/`), [".ts"]);
    assertEquals(found, [
      { path: "a.ts", text: "a.ts" },
      { path: "utils/results/c.ts", text: "utils/results/c.ts" },
    ]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
