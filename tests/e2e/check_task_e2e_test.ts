import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { run } from "../support/run_script.ts";

Deno.test("check_task says how well the model does a task, and at which checkpoint it does not", async () => {
  const end = await run("check_task", "examples/own_task.csv");
  assertEquals([end.code, end.stderr], [0, ""]);
  assertMatch(end.stdout, /^task "own_task": 3 prompts of 15 to 15 tokens/);
  assertMatch(end.stdout, /accuracy 1\.000 and 0\.000/);
  const early = await run("check_task", "examples/own_task.csv", "--step", "0");
  assertEquals(early.code, 0);
  assertMatch(early.stdout, /wrong: Then, Alex/);
});

Deno.test("check_task prints every fault with a hint, one line each", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = join(dir, "bad.csv");
    const rows = [
      "clean,corrupted,correct,wrong",
      '"Then, Eva and Mark went to","Then, Eva went to",Mark, Eva',
      '"Then, Eva and Mark went to","Then, Mark and Mark went to", Mark, Mark',
    ];
    await Deno.writeTextFile(file, rows.join("\n"));
    const { code, stdout, stderr } = await run("check_task", file);
    const lines = stderr.trimEnd().split("\n");
    assertEquals([code, stdout, lines.length], [1, "", 4]);
    assertMatch(
      lines[0],
      /bad\.csv: row 1: "Mark" must be a single token.*did you mean " Mark"\?$/,
    );
    assertMatch(lines[1], /row 1: clean and corrupted must align/);
    assertMatch(lines[2], /row 2: the answer " Mark" is both correct and wrong/);
    assertMatch(lines[3], /bad\.csv: 3 faults in 2 prompts/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  for (
    const [args, message] of [
      [["none.csv"], /^error: none\.csv: not found/],
      [["examples/own_task.csv", "--model", "pythia-nanno"], /^error: unknown model pythia-nanno/],
      [["examples/own_task.csv", "--step", "x"], /^error: --step: expected a whole number/],
    ] as const
  ) {
    const { code, stderr } = await run("check_task", ...args);
    assertEquals(code, 2);
    assertMatch(stderr, message);
    assert(!stderr.includes("    at "), stderr);
  }
});
