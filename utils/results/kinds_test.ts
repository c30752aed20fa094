import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { isFile, readJson } from "../base/files.ts";
import { UserError } from "../base/user_error.ts";
import { findResults } from "./find.ts";
import { RESULT_KINDS } from "./kinds/all.ts";
import { readCircuitSummary } from "./kinds/circuit_summary.ts";
import { taskPerformances } from "./kinds/task_performance.ts";
import { ResultPaths } from "./result_path.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const OLD = join(ROOT, "tests/reference/result_files");
const PATHS = new ResultPaths(OLD, "pythia-nano");

/** Keys that are not part of a run's header. */
const BODY = ["format", "config", "weights", "checkpoints", "tasks", "toPrevious", "toFinal"];
const END = ["failed", "transfer", "roles", "answers"];

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("every kind names a script that exists, and a format of its own", () => {
  const kinds = Object.values(RESULT_KINDS);
  for (const { madeBy } of kinds) assert(isFile(join(ROOT, madeBy)), madeBy);
  assertEquals(new Set(kinds.map(({ format }) => format)).size, kinds.length);
});

for (const [name, kind] of Object.entries(RESULT_KINDS)) {
  const path = kind.path(PATHS, "ioi");

  Deno.test(`${name}: a file of the first release still opens, and a run continues it byte for byte`, () =>
    inFolder(async (folder) => {
      const { steps } = await kind.read(path);
      assertEquals(steps, [64, 2560]);
      const content = await readJson(path) as Record<string, unknown>;
      const header = Object.fromEntries(
        Object.entries(content).filter(([key]) => ![...BODY, ...END].includes(key)),
      );
      const weights = new Map(
        Object.entries((content.weights ?? {}) as Record<string, string>)
          .map(([step, digest]) => [Number(step), digest]),
      );
      const copy = join(folder, "copy.json");
      await Deno.copyFile(path, copy);
      const options = { path: copy, settings: content.config as Record<string, unknown>, weights };
      const { toPrevious, toFinal } = content;
      const derive = () => toPrevious ? { toPrevious, toFinal } : {};
      const opened = await kind.open({ ...options, header, derive } as never);
      assertEquals(opened.steps(), [64, 2560]);
      await opened.set(64, opened.get(64) as never);
      const ends = END.filter((key) => key in content);
      const expected = Object.entries(content).filter(([key]) => !ends.includes(key));
      assertEquals(await readJson(copy), Object.fromEntries(expected));
      if (ends.length === 0) {
        assertEquals(await Deno.readTextFile(copy), await Deno.readTextFile(path));
      }
    }));

  Deno.test(`${name}: a damaged file is a UserError that names the file, the key and the script`, () =>
    inFolder(async (folder) => {
      const copy = join(folder, "damaged.json");
      const content = await readJson(path) as Record<string, Record<string, unknown>>;
      const write = (value: unknown) => Deno.writeTextFile(copy, JSON.stringify(value));
      const message = async () => (await assertRejects(() => kind.read(copy), UserError)).message;

      assertEquals(await message(), `there is no ${copy}; run ${kind.madeBy} first`);
      await Deno.writeTextFile(copy, '{"format": ');
      assert((await message()).startsWith(`${copy} is not valid JSON: `));
      await write({ ...content, format: "other/1" });
      assert(
        (await message()).startsWith(`${copy}: expected a result file of format ${kind.format}`),
      );
      const entries = "tasks" in content ? "tasks" : "checkpoints";
      await write({ ...content, [entries]: undefined });
      assert((await message()).includes("found one without entries of checkpoints"));

      const damaged = structuredClone(content);
      const broken = breakFirstLeaf(damaged[entries]);
      await write(damaged);
      const found = await message();
      assert(found.startsWith(`${copy}: ${entries}`), found);
      assert(found.includes(broken), found);
      assert(found.endsWith(`make it again with ${kind.madeBy}`), found);
    }));
}

/** Breaks the first number or name in a value, depth first; returns the key and the mistake as an error names them. */
function breakFirstLeaf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  for (const [key, inner] of Object.entries(value)) {
    if (key === "step") continue; // the key of an entry in a list of checkpoints
    const place = Array.isArray(value) ? `[${key}]` : `.${key}`;
    if (typeof inner === "number") {
      (value as Record<string, unknown>)[key] = "broken";
      return `${place}: expected a number, found "broken"; `;
    }
    if (typeof inner === "string") {
      (value as Record<string, unknown>)[key] = 3;
      return `${place}: expected a string, found 3; `;
    }
    const broken = breakFirstLeaf(inner);
    if (broken) return broken;
  }
  return "";
}

Deno.test("a wrong value of a task's metric is named at its place in the file", () =>
  inFolder(async (folder) => {
    const copy = join(folder, "performance.json");
    const content = await readJson(taskPerformances.path(PATHS)) as {
      tasks: Record<string, Record<string, Record<string, { interval: unknown[] }>>>;
    };
    content.tasks.ioi.accuracy["2560"].interval[1] = null;
    await Deno.writeTextFile(copy, JSON.stringify(content));
    const { message } = await assertRejects(() => taskPerformances.read(copy), UserError);
    const place = "tasks.ioi.accuracy.2560.interval[1]: expected a number, found null; ";
    assert(message.startsWith(`${copy}: ${place}`), message);
  }));

Deno.test("a matrix that is not of all heads is named, whichever figure or script reads it", () =>
  inFolder(async (folder) => {
    const { fullModelComponents, selfRepairs } = RESULT_KINDS;
    const copy = join(folder, "file.json");
    const refused = async (kind: typeof fullModelComponents | typeof selfRepairs, key: string) => {
      const content = await readJson(kind.path(PATHS)) as {
        checkpoints: Record<string, Record<string, number[][]>>;
      };
      for (const damage of [(g: number[][]) => g.pop(), (g: number[][]) => g[1].pop()]) {
        const damaged = structuredClone(content);
        damage(damaged.checkpoints[64][key]);
        await Deno.writeTextFile(copy, JSON.stringify(damaged));
        const { message } = await assertRejects(() => kind.read(copy), UserError);
        const place = `${copy}: checkpoints.64.${key}: expected 4 layers of 6 heads; `;
        assert(message.startsWith(place), message);
      }
    };
    await refused(fullModelComponents, "copy_scores");
    await refused(selfRepairs, "per_head_logit_diff_delta");
  }));

Deno.test("readCircuitSummary() gives the summary of an unfinished run an empty list of failures", () =>
  inFolder(async (folder) => {
    const path = RESULT_KINDS.circuitSummary.path(PATHS, "ioi");
    const whole = await readCircuitSummary(path);
    assertEquals(whole, await readJson(path));
    const { failed, transfer: _, ...unfinished } = whole;
    const copy = join(folder, "summary.json");
    await Deno.writeTextFile(copy, JSON.stringify(unfinished));
    assertEquals(await readCircuitSummary(copy), { ...unfinished, failed });
  }));

Deno.test("findResults() reads the kinds asked for below a folder, and names the scripts if there is none", () =>
  inFolder(async (folder) => {
    const { copySuppression, successorHeads } = RESULT_KINDS;
    const found = await findResults([OLD], [copySuppression, successorHeads]);
    assertEquals(found.map(({ path }) => path), [
      successorHeads.path(PATHS),
      copySuppression.path(PATHS),
    ]);
    const { message } = await assertRejects(
      () => findResults([folder], [copySuppression, successorHeads]),
      UserError,
    );
    assertEquals(
      message,
      `no such result file below ${folder}; run ${copySuppression.madeBy} or ` +
        `${successorHeads.madeBy} first`,
    );
    const other = successorHeads.path(PATHS);
    await assertRejects(
      () => findResults([other], [copySuppression]),
      UserError,
      `${other}: expected format ${copySuppression.format}, found ${successorHeads.format}`,
    );
    assertEquals(dirname(copySuppression.path(PATHS)), join(OLD, "cspa/pythia-nano"));
  }));
