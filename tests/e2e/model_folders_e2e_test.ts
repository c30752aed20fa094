/** Models in folders as users have them: a run of Hugging Face's Trainer, and one checkpoint alone. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";

const NANO = new URL("../../models/pythia-nano", import.meta.url).pathname;
const QUICK = "--n-prompts 2 --ig-steps 1 --start 5 --end 10 --no-random-baseline --no-pictures"
  .split(" ");

async function copy(step: number, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const { name } of Deno.readDirSync(join(NANO, `step${step}`))) {
    await Deno.copyFile(join(NANO, `step${step}`, name), join(to, name));
  }
}

const stepsOf = async (results: string, model: string) => {
  const file = join(results, "graphs", model, "ioi", "summary.json");
  const { checkpoints } = JSON.parse(await Deno.readTextFile(file));
  return checkpoints.map(({ step }: { step: number }) => step);
};

Deno.test("get_circuits_over_time visits the checkpoints of a Trainer's folder", () =>
  inFolder(async (folder) => {
    await copy(0, join(folder, "runs/checkpoint-500"));
    await copy(6144, join(folder, "runs/checkpoint-1000"));
    const results = join(folder, "results");
    const args = ["--model", join(folder, "runs"), "--results-dir", results, ...QUICK];
    const end = await run("get_circuits_over_time", ...args);
    assertEquals(end.code, 0, end.stderr);
    assertEquals(await stepsOf(results, "runs"), [500, 1000]);
    assertOneLine(
      await run("get_circuits_over_time", ...args, "--custom-schedule", "700"),
      2,
      /has no step 700; the available steps are step500, step1000/,
    );
  }));

Deno.test("get_circuits_over_time takes a folder with one checkpoint as it is, and says what a folder lacks", () =>
  inFolder(async (folder) => {
    await copy(6144, join(folder, "mine"));
    const results = join(folder, "results");
    const at = (
      model: string,
    ) => ["--model", join(folder, model), "--results-dir", results, ...QUICK];
    const end = await run("get_circuits_over_time", ...at("mine"));
    assertEquals(end.code, 0, end.stderr);
    assertMatch(end.stdout, /step 0 /);
    assertEquals(await stepsOf(results, "mine"), [0]);
    await Deno.mkdir(join(folder, "empty"));
    assertOneLine(
      await run("get_circuits_over_time", ...at("empty")),
      2,
      /model: expected config.json, or folders of checkpoints .*found an empty folder/,
    );
    assertOneLine(
      await run("get_circuits_over_time", "--model", "./models", "--results-dir", folder),
      2,
      /model: expected config.json, or folders of checkpoints .*found pythia-nano, /,
    );
  }));
