import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadKernels } from "./compile.ts";

Deno.test("kept kernels are read again, damaged ones are replaced, and no folder is needed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const names = WebAssembly.Module.exports(await loadKernels(join(folder, "cache")));
    assert(names.length > 0);
    const [{ name }] = [...Deno.readDirSync(join(folder, "cache"))];
    const path = join(folder, "cache", name);
    const bytes = await Deno.readFile(path);

    // A module with no exports under the same name: what is kept is what is used.
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await Deno.writeFile(path, empty);
    assertEquals(WebAssembly.Module.exports(await loadKernels(join(folder, "cache"))), []);

    await Deno.writeFile(path, bytes.subarray(0, 100));
    assertEquals(WebAssembly.Module.exports(await loadKernels(join(folder, "cache"))), names);
    assertEquals(await Deno.readFile(path), bytes);

    await Deno.writeTextFile(join(folder, "file"), "");
    const without = await loadKernels(join(folder, "file/below"));
    assertEquals(WebAssembly.Module.exports(without), names);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
