/** Checks that saved notebooks have to pass: outputs of all cells, code that type checks, numbers that come again. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Resvg } from "@resvg/resvg-js";
import { dirname, join } from "@std/path";
import { type MediaBundle, moduleOf, type Notebook, readNotebook } from "../../notebooks/mod.ts";

/** Returns what the cells of a notebook show. */
export const bundlesOf = ({ cells }: Notebook): MediaBundle[] =>
  cells.flatMap((cell) => cell.outputs ?? [])
    .flatMap((output) => output.output_type === "display_data" ? [output.data] : []);

/** Returns the text of what the cells of a notebook show. */
export const textOf = (notebook: Notebook): string =>
  bundlesOf(notebook).map((data) => (data["text/plain"] as string[]).join("")).join("\n");

/** Asserts that every cell that shows something has outputs, and that at least `pictures` pictures can be drawn. */
export async function assertSavedOutputs(path: string, pictures: number): Promise<void> {
  const notebook = await readNotebook(path);
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  assertEquals(code.map((cell) => cell.execution_count), code.map((_, i) => i + 1));
  for (const cell of code) {
    const shows = /await show\(|console\.log\(/.test(cell.source.join(""));
    assertEquals(cell.outputs!.length > 0, shows, cell.id);
  }
  const drawn = bundlesOf(notebook).filter((data) => "image/svg+xml" in data);
  assert(drawn.length >= pictures);
  for (const data of drawn) {
    const { width } = new Resvg((data["image/svg+xml"] as string[]).join("")).render();
    assert(width > 300 && width <= 1000);
  }
}

/** Asserts the same structure and texts, and numbers within `tolerance`. */
export function assertSameNumbers(
  found: unknown,
  expected: unknown,
  tolerance = 0.005,
  where = "key numbers",
): void {
  if (typeof expected === "number") {
    assertAlmostEquals(found as number, expected, tolerance, where);
  } else if (expected !== null && typeof expected === "object") {
    assertEquals(Object.keys(found as object).sort(), Object.keys(expected).sort(), where);
    for (const [key, value] of Object.entries(expected)) {
      const own = (found as Record<string, unknown>)[key];
      assertSameNumbers(own, value, tolerance, `${where}: ${key}`);
    }
  } else assertEquals(found, expected, where);
}

/** Asserts that the code of notebooks passes the type checker. */
export async function assertTypeChecks(paths: readonly string[]): Promise<void> {
  const modules: string[] = await Promise.all(paths.map(async (path, i) => {
    const file = join(dirname(path), `.${i}.${Deno.pid}.check.ts`);
    await Deno.writeTextFile(file, moduleOf(await readNotebook(path)));
    return file;
  }));
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", ...modules],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Promise.all(modules.map((file) => Deno.remove(file)));
  }
}
