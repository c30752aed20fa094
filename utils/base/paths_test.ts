import { assertEquals } from "@std/assert";
import { isFile, isFolder, isThere } from "./paths.ts";

Deno.test("isFile(), isFolder() and isThere() tell files, folders, links and nothing apart", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/file`, link = `${folder}/link`, broken = `${folder}/broken`;
  await Deno.writeTextFile(file, "");
  await Deno.symlink(file, link);
  await Deno.symlink(`${folder}/nothing`, broken);
  const found = (path: string) => [isFile(path), isFolder(path), isThere(path)];
  assertEquals(found(file), [true, false, true]);
  assertEquals(found(link), [true, false, true]);
  assertEquals(found(folder), [false, true, true]);
  for (const nothing of [`${folder}/nothing`, broken, `${file}/below`]) {
    assertEquals(found(nothing), [false, false, false]);
  }
  await Deno.remove(folder, { recursive: true });
});
