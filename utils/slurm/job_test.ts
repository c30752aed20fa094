/** Tests the batch scripts of a job: a shell runs them with a fake Deno that prints its arguments. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { arrayScript, finishScript, type JobSpec, runsOf } from "./mod.ts";

const SPEC: JobSpec = {
  script: "x.ts",
  runs: runsOf(["a b.json", "c'd.json"], ["task=ioi,s$a"], ["--note", '"; rm *']),
  shards: 3,
  options: ["--time=1"],
};

async function withScripts(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "a job's " });
  try {
    const deno = join(folder, "fake deno");
    const code = '#!/usr/bin/env bash\nprintf "%s\\n" "$@" ""\nexit "${CODE:-0}"\n';
    await Deno.writeTextFile(deno, code, { mode: 0o755 });
    await Deno.mkdir(join(folder, "exit"));
    const place = { deno, cwd: folder, script: "dir/x.ts" };
    await Deno.writeTextFile(join(folder, "array.sh"), arrayScript(folder, SPEC, place));
    await Deno.writeTextFile(join(folder, "finish.sh"), finishScript(folder, SPEC, place));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bash(script: string, env: Record<string, string> = {}) {
  const { code, stdout } = await new Deno.Command("bash", { args: [script], env }).output();
  const text = new TextDecoder().decode(stdout);
  return { code, calls: text.split("\n\n").slice(0, -1).map((call) => call.split("\n")) };
}

Deno.test("each task of an array runs its shard of its run, with arguments as they were given", () =>
  withScripts(async (folder) => {
    const configs = ["a b.json", "a b.json", "c'd.json", "c'd.json"];
    for (let task = 0; task < 12; task++) {
      const run = Math.floor(task / 3);
      const env = { SLURM_ARRAY_TASK_ID: `${task}`, SLURM_CPUS_PER_TASK: "5", CODE: `${task % 2}` };
      const { code, calls } = await bash(join(folder, "array.sh"), env);
      assertEquals(code, task % 2);
      assertEquals(calls, [[
        ...["run", "-A", "dir/x.ts", configs[run], "--task", ["ioi", "s$a"][run % 2]],
        ...["--note", '"; rm *', "--shard", `${task % 3 + 1}/3`, "--threads", "5"],
      ]]);
      assertEquals(await Deno.readTextFile(join(folder, `exit/${task}`)), `${task % 2}\n`);
    }
  }));

Deno.test("the finishing job runs every run, whatever became of the one before", () =>
  withScripts(async (folder) => {
    const { code, calls } = await bash(join(folder, "finish.sh"), { CODE: "7" });
    assertEquals(code, 7);
    assertEquals(calls.map((call) => call.slice(2)), SPEC.runs.map((run) => ["dir/x.ts", ...run]));
    assertEquals(await Deno.readTextFile(join(folder, "exit/finish")), "7\n");
  }));
