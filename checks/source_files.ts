/** Finds the source files of the project. */
import { fromFileUrl, relative } from "@std/path";

/** Folders, from the root, that hold no source of ours. */
const SKIPPED = new Set([".git", "node_modules", "results", "models", "tests/reference"]);

/** Reads the files below `root` with one of these endings, sorted by path; paths are relative to `root`. */
export async function walk(root: URL, endings: readonly string[]) {
  const found: { path: string; text: string }[] = [];
  const base = fromFileUrl(root);
  const visit = async (folder: string) => {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder.replace(/\/$/, "")}/${entry.name}`;
      if (entry.isDirectory && !SKIPPED.has(relative(base, path))) await visit(path);
      if (!entry.isFile || !endings.some((ending) => entry.name.endsWith(ending))) continue;
      found.push({ path: relative(base, path), text: await Deno.readTextFile(path) });
    }
  };
  await visit(base);
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}
