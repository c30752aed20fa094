import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { run } from "../support/run_script.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs an example; returns its lines. */
async function linesOf(name: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(`examples/${name}`, ...args);
  assertEquals(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

/** Returns the numbers with a decimal point in a line. */
const numbers = (line: string) => [...line.matchAll(/-?\d+\.\d+/g)].map(([x]) => Number(x));

Deno.test("the README's example is the example file, and patching the head changes the answer", async () => {
  const source = await Deno.readTextFile(new URL("examples/patch_one_head.ts", ROOT));
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const shown = /<!-- examples\/patch_one_head\.ts -->\n+```ts\n([\s\S]*?)```/.exec(readme)![1];
  assertEquals(shown, source);
  const [line] = await linesOf("patch_one_head");
  assertMatch(line, /^logit difference -?[\d.]+, with a\d\.h\d corrupted -?[\d.]+$/);
  const [before, after] = numbers(line);
  assert(before > 2 && after < before - 1, line);
});

Deno.test("patch_by_position: S2 carries the answer in early layers, END in late ones", async () => {
  const [first, ...rows] = await linesOf("patch_by_position");
  const [whole] = numbers(first);
  const [s2, end] = [14, 18].map((p) => numbers(rows[p]));
  assert(whole > 2 && s2[0] < -whole && Math.abs(s2[3]) < 0.5, rows[14]);
  assert(Math.abs(end[0]) < 0.5 && end[3] < -whole, rows[18]);
  assert(rows.slice(0, 14).every((row) => numbers(row).every((x) => x === 0)), "before the change");
});

Deno.test("ablate_induction_heads: without them a repetition cannot be predicted", async () => {
  const [line] = await linesOf("ablate_induction_heads");
  const [before, after] = numbers(line);
  assert(Number(line.split(" ")[0]) >= 4 && before < 1 && after > 5, line);
});

Deno.test("attention_picture: writes an SVG with a title per cell, and names what heads look at", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = join(dir, "attention.svg");
    const lines = await linesOf("attention_picture", file);
    assertEquals(lines.length, 6);
    assert(lines.some((line) => /looks at " Alex" \((0\.9|1\.)/.test(line)), lines.join("\n"));
    const svg = await Deno.readTextFile(file);
    // 6 heads, 19 tokens, each looks at itself and those before it; one more rectangle is the paper
    assertEquals(svg.match(/<rect /g)!.length, 6 * (19 * 20 / 2) + 1);
    assertMatch(svg, /<title>to → Alex: (0\.9|1\.)/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("logit_lens: the answer appears in the last layers", async () => {
  const lines = await linesOf("logit_lens");
  assertEquals(lines.length, 5);
  assert(numbers(lines[0])[0] < 1 && numbers(lines[4])[0] > 2, lines.join("\n"));
  assertMatch(lines[4], /" Alex"/);
});

Deno.test("own_task: 40 edges do most of the task of a CSV file", async () => {
  const [line] = await linesOf("own_task");
  const [, accuracy, kept] = /^accuracy ([\d.]+), 40 edges keep (-?\d+) %/.exec(line)!.map(Number);
  assert(accuracy === 1 && kept > 60 && kept < 140, line);
});

Deno.test("own_model: every checkpoint in the folder is opened, and the loss falls", async () => {
  const lines = await linesOf("own_model");
  assertEquals(lines.map((line) => line.split(":")[0]), [
    "step 0",
    "step 1024",
    "step 2560",
    "step 6144",
  ]);
  assert(numbers(lines[0])[0] > 6 && numbers(lines[3])[0] < 3, lines.join("\n"));
  assertMatch(lines[3], /then " Alex/);
});

Deno.test("steering: the added direction turns the answer to the other name", async () => {
  assertEquals(await linesOf("steering"), [
    "strength 0: Alex",
    "strength 0.5: Anthony",
    "strength 1: Anthony",
  ]);
});

Deno.test("compare_checkpoints: heads write the answer only late in training", async () => {
  const [early, late] = (await linesOf("compare_checkpoints")).map((l) => numbers(l.split(":")[1]));
  // each line has name and effect: a3.h4 0.92
  assert(Math.max(...early) < 0.3 && Math.max(...late) > 0.5, `${early} ${late}`);
});
