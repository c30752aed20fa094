/** The runner, on a small notebook that the test writes. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { DENO_KERNEL, formatNotebook, linesOf, type Notebook, readNotebook } from "./notebook.ts";
import { runNotebook } from "./runner.ts";

const DISPLAY = toFileUrl(new URL("./display.ts", import.meta.url).pathname).href;

function notebookOf(...sources: string[]): Notebook {
  const cells = sources.map((text, i): Notebook["cells"][number] =>
    text.startsWith("# ")
      ? { cell_type: "markdown", id: `c${i}`, metadata: {}, source: linesOf(text) }
      : {
        cell_type: "code",
        id: `c${i}`,
        metadata: text.startsWith("const SIZE") ? { tags: ["parameters"] } : {},
        source: linesOf(text),
        execution_count: null,
        outputs: [],
      }
  );
  return { cells, metadata: DENO_KERNEL, nbformat: 4, nbformat_minor: 5 };
}

async function withNotebook(notebook: Notebook, body: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/small.ipynb`;
    await Deno.writeTextFile(path, formatNotebook(notebook));
    await body(path);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["small.ipynb"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SMALL = notebookOf(
  "const SIZE: number = 3; // entries; at least 1",
  "# Prose",
  `import { Figure, show } from "${DISPLAY}";\nconst list: number[] = Array(SIZE).fill(2);`,
  'console.log("sum", list.reduce((a, b) => a + b));\nawait show("| *two* |\\n");',
  'await show(new Figure("<svg/>", "nothing"));',
);

Deno.test("runNotebook() puts what a cell prints and shows below that cell, names living on in later cells", async () => {
  await withNotebook(SMALL, async (path) => {
    const { cells } = await runNotebook(path);
    assertEquals(cells.map((c) => c.execution_count), [1, undefined, 2, 3, 4]);
    assertEquals(cells[2].outputs, []);
    assertEquals(cells[3].outputs, [
      { output_type: "stream", name: "stdout", text: ["sum 6\n"] },
      {
        output_type: "display_data",
        data: { "text/markdown": ["| *two* |\n"], "text/plain": ["| *two* |\n"] },
        metadata: {},
      },
    ]);
    assertEquals(cells[4].outputs, [{
      output_type: "display_data",
      data: { "image/svg+xml": ["<svg/>"], "text/plain": ["[figure: nothing]"] },
      metadata: {},
    }]);
    assertEquals((await readNotebook(path)).cells, SMALL.cells, "the file must not change");
  });
});

Deno.test("runNotebook() replaces parameters and refuses one that is not there", async () => {
  await withNotebook(SMALL, async (path) => {
    const { cells } = await runNotebook(path, { SIZE: "5" });
    assertEquals(cells[0].source, ["const SIZE: number = 5; // entries; at least 1"]);
    assertEquals(cells[3].outputs![0], {
      output_type: "stream",
      name: "stdout",
      text: ["sum 10\n"],
    });
    await assertRejects(() => runNotebook(path, { WIDTH: "5" }), Error, "found no parameter WIDTH");
  });
});

Deno.test("runNotebook() names the cell that fails, and console.log prints again", async () => {
  const log = console.log;
  await withNotebook(
    notebookOf("# Prose", "let x = 1;", "throw new Error(`x is ${x}`);"),
    async (path) => {
      const error = await assertRejects(() => runNotebook(path), Error);
      assertStringIncludes(error.message, "in cell 3: x is 1");
    },
  );
  assertEquals(console.log, log);
});

Deno.test("formatNotebook() sorts keys, indents by one space and gives the same text again", async () => {
  const text = formatNotebook(SMALL);
  assertEquals(formatNotebook(JSON.parse(text)), text);
  assert(
    text.startsWith('{\n "cells": [\n  {\n   "cell_type": "code",\n   "execution_count": null,'),
  );
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, '{"nbformat":3,"cells":[]}');
    await assertRejects(() => readNotebook(path), Error, "nbformat 4, found nbformat 3");
  } finally {
    await Deno.remove(path);
  }
});
