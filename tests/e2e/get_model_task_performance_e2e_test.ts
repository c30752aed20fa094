import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { assertOneLine, inFolder, run, runKilledAndAgain } from "../support/run_script.ts";
import { taskPerformances } from "../../utils/results/kinds/task_performance.ts";
import { listLocalSteps } from "../../utils/model/hub/local_steps.ts";
import { EMBEDDED_MODELS } from "../../utils/model/hub/model_names.ts";

const script = "get_model_task_performance";
const last = listLocalSteps(join(EMBEDDED_MODELS, "pythia-nano")).at(-1)!;

const custom = (...list: number[]) => [
  ...["--checkpoint-schedule", "custom", "--custom-schedule", list.join(",")],
  ...["--n-prompts", "24", "--bootstrap", "100", "--threads", "1"],
];

Deno.test("behaviour over training: killed and continued, it leaves the file of an undisturbed run, and the figure reads it", () =>
  inFolder(async (folder) => {
    const schedule = custom(0, last);
    const whole = await run(script, ...schedule, "--results-dir", `${folder}/whole`);
    assertEquals(whole.code, 0, whole.stderr);

    await runKilledAndAgain(script, ...schedule, "--results-dir", `${folder}/parts`);

    const path = (part: string) => `${folder}/${part}/task_performance/pythia-nano.json`;
    assertEquals(
      await Deno.readTextFile(path("parts")),
      await Deno.readTextFile(path("whole")),
    );

    const { header, steps, entries } = await taskPerformances.read(path("whole"));
    assertEquals(header.model, "pythia-nano");
    assertEquals(steps, [0, last]);
    for (const tasks of entries.values()) {
      assertEquals(Object.keys(tasks).sort(), ["gender_pronoun", "greater_than", "ioi", "sva"]);
      for (const [task, metrics] of Object.entries(tasks)) {
        for (const [metric, { mean, se, interval: [low, high] }] of Object.entries(metrics)) {
          assert(low <= mean + 1e-9 && mean <= high + 1e-9 && se >= 0, `${task} ${metric}`);
        }
      }
    }
    const logitDiff = (step: number) => entries.get(step)!.ioi.logit_diff;
    assert(logitDiff(last).mean > logitDiff(0).interval[1]);
    assertStringIncludes(whole.stdout, "ioi logit_diff");
  }));

Deno.test("behaviour over training does not add to results of prompts that have since been edited", () =>
  inFolder(async (folder) => {
    const file = `${folder}/prompts.csv`;
    const own = ["--tasks", "own", "--task-files", JSON.stringify({ own: file })];
    const measure = async (wrong: string, ...steps: number[]) => {
      const row = `The nurse said that,The man said that, she, ${wrong}`;
      await Deno.writeTextFile(file, `clean,corrupted,correct,wrong\n${row}\n`);
      return await run(script, ...custom(...steps), ...own, "--results-dir", folder);
    };
    assertEquals((await measure("he", 0)).code, 0);
    assertEquals((await measure("he", 0, 1)).code, 0);
    const edited = await measure("they", 0, 1, 2);
    assertOneLine(edited, 1, /other settings: task_file_digests is {"own":"\w+"} there and/);
    const begun = await run(script, ...custom(0), ...own, "--prepend-bos", "--results-dir", folder);
    assertOneLine(begun, 1, /prepend_bos is .*true here/);
  }));

const MISTAKES: [string, string[], number, RegExp][] = [
  ["key", ["--bach-size", "3"], 2, /bach-size.*batch-size/],
  [
    "task",
    ["--tasks", "iio"],
    2,
    /tasks: expected one of ioi, greater_than, sva, gender_pronoun.*"iio"/,
  ],
  [
    "schedule of a suite",
    ["--checkpoint-schedule", "main"],
    2,
    /^error: ckpt_schedule: "main"/,
  ],
  ["file of prompts", ["--task-files", '{"own": ""}'], 2, /task-files.own: expected a non-empty/],
  ["model", ["--model-name", "pythia-nanno"], 2, /unknown model pythia-nanno.*pythia-nano/],
  ["schedule", ["--checkpoint-schedule", "dense"], 2, /checkpoint-schedule.*"sparse".*"dense"/],
  ["step", custom(0, 3), 2, /has no step 3; .*step2, step4/],
  ["schedule without steps", ["--checkpoint-schedule", "custom"], 2, /custom_schedule/],
];
for (const [what, args, code, message] of MISTAKES) {
  Deno.test(`a wrong ${what} is one line that names it and what is allowed`, () =>
    inFolder(async (folder) => {
      assertOneLine(await run(script, ...args, "--results-dir", folder), code, message);
      assertEquals([...Deno.readDirSync(folder)], []);
    }));
}
