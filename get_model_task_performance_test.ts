import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readPerformances } from "./plotting/task_performance.ts";
import { listLocalSteps } from "./utils/model/local_steps.ts";

const root = new URL("./", import.meta.url);
const steps = listLocalSteps(new URL("models/pythia-nano", root).pathname);
const last = steps.at(-1)!;

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "get_model_task_performance.ts", ...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

async function run(...args: string[]) {
  const { code, stdout, stderr } = await start(...args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const custom = (...list: number[]) => [
  ...["--checkpoint-schedule", "custom", "--custom-schedule", list.join(",")],
  ...["--n-prompts", "24", "--bootstrap", "100", "--threads", "1"],
];

Deno.test("behaviour over training: killed and continued, other batch size, the same file for the figure", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const schedule = custom(0, last);
    const whole = await run(...schedule, "--results-dir", `${folder}/whole`);
    assertEquals(whole.code, 0, whole.stderr);

    const killed = start(...schedule, "--results-dir", `${folder}/parts`);
    const reader = killed.stdout.getReader();
    let stdout = "";
    while (!stdout.includes("step ")) {
      stdout += new TextDecoder().decode((await reader.read()).value!);
    }
    killed.kill("SIGKILL");
    await killed.stderr.cancel();
    await reader.cancel();
    await killed.status;
    const again = await run(...schedule, "--results-dir", `${folder}/parts`);
    assertEquals(again.code, 0, again.stderr);
    assertMatch(again.stdout, /of 2 checkpoints have results already/);

    const path = (part: string) => `${folder}/${part}/task_performance/pythia-nano.json`;
    assertEquals(
      await Deno.readTextFile(path("parts")),
      await Deno.readTextFile(path("whole")),
    );

    const [file] = await readPerformances([path("whole")]);
    assertEquals(file.model, "pythia-nano");
    assertEquals(Object.keys(file.tasks).sort(), ["gender_pronoun", "greater_than", "ioi", "sva"]);
    for (const [task, metrics] of Object.entries(file.tasks)) {
      for (const [metric, bySteps] of Object.entries(metrics)) {
        assertEquals(Object.keys(bySteps), ["0", String(last)], `${task} ${metric}`);
        for (const { mean, se, interval: [low, high] } of Object.values(bySteps)) {
          assert(low <= mean + 1e-9 && mean <= high + 1e-9 && se >= 0, `${task} ${metric}`);
        }
      }
    }
    assert(file.tasks.ioi.logit_diff[last].mean > file.tasks.ioi.logit_diff[0].interval[1]);
    assertStringIncludes(whole.stdout, "ioi logit_diff");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const MISTAKES: [string, string[], number, RegExp][] = [
  ["key", ["--bach-size", "3"], 2, /bach-size.*batch-size/],
  [
    "task",
    ["--tasks", "iio"],
    2,
    /tasks: expected one of ioi, greater_than, sva, gender_pronoun.*"iio"/,
  ],
  ["model", ["--model-name", "pythia-nanno"], 2, /unknown model pythia-nanno.*pythia-nano/],
  ["schedule", ["--checkpoint-schedule", "dense"], 2, /checkpoint-schedule.*"sparse".*"dense"/],
  ["step", custom(0, 3), 2, /has no step 3; .*step2, step4/],
  [
    "schedule for the Hub",
    ["--model-name", "pythia-70m"],
    2,
    /"suite".*folder.*expected one of all, /,
  ],
  ["schedule without steps", ["--checkpoint-schedule", "custom"], 2, /custom_schedule/],
];
for (const [what, args, code, message] of MISTAKES) {
  Deno.test(`a wrong ${what} is one line that names it and what is allowed`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const result = await run(...args, "--results-dir", folder);
      assertEquals(result.code, code, result.stderr);
      assertMatch(result.stderr, message);
      assertEquals(result.stderr.trim().split("\n").length, 1, result.stderr);
      assertEquals([...Deno.readDirSync(folder)], []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
