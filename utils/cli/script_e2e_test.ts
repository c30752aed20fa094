import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url);
const toy = new URL("../../tests/support/toy_experiment.ts", import.meta.url).pathname;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", toy, ...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await start(...args).output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const results = (folder: string) => Deno.readTextFile(`${folder}/components/toy/toy.json`);

/** Starts the script, sends the signal as soon as it has reported a checkpoint, and waits for its end. */
async function stopAfterFirstStep(signal: Deno.Signal, ...args: string[]) {
  const process = start(...args);
  const reader = process.stdout.getReader();
  let stdout = "";
  while (!stdout.includes("step ")) stdout += decode((await reader.read()).value!);
  process.kill(signal);
  const stderr = decode(new Uint8Array(await new Response(process.stderr).arrayBuffer()));
  await reader.cancel();
  return { code: (await process.status).code, stderr };
}

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  Deno.test(`a run stopped by ${signal} and started again ends with the same bytes`, () =>
    inFolder(async (folder) => {
      const whole = `${folder}/whole`;
      const parts = `${folder}/parts`;
      assertEquals((await run("--results-dir", whole)).code, 0);
      const stopped = await stopAfterFirstStep(signal, "--results-dir", parts, "--pause", "150");
      if (signal !== "SIGKILL") {
        assertEquals(stopped.code, 130);
        assertStringIncludes(stopped.stderr, "The same command continues");
      }
      const done = Object.keys(JSON.parse(await results(parts)).checkpoints).length;
      assertEquals(done > 0 && done < 5, true, `${done} checkpoints done`);
      const again = await run("--results-dir", parts);
      assertEquals(again.code, 0);
      assertMatch(again.stdout, new RegExp(`^${done} of 5 checkpoints have results already\n`));
      assertEquals(await results(parts), await results(whole));
      assertEquals([...Deno.readDirSync(`${parts}/components/toy`)].map(({ name }) => name), [
        "toy.json",
      ]);
    }));
}

Deno.test("a mistake in the config is one line and exit code 2", () =>
  inFolder(async (folder) => {
    const config = `${folder}/c.json`;
    await Deno.writeTextFile(config, '{"$schema": "x", "tsk": "ioi", "scale": "big"}');
    assertEquals(await run(config, "--task", "iio"), {
      code: 2,
      stdout: "",
      stderr: `error: ${config}: unknown key "tsk"; did you mean task?\n` +
        'error: --task: expected one of "ioi", "sva", found "iio"\n' +
        `error: ${config}: scale: expected a number, found "big"\n`,
    });
    assertEquals(
      (await run(`${folder}/none.json`)).stderr,
      `error: cannot read config ${folder}/none.json: the file does not exist\n`,
    );
  }));

Deno.test("--print-config shows flags over YAML over defaults and runs nothing", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/c.yml`, "task: sva\nscale: 2\nsteps: [1, 2]\n");
    const { stdout, code } = await run("-c", `${folder}/c.yml`, "--scale", "3", "--print-config");
    assertEquals(code, 0);
    assertEquals(JSON.parse(stdout), {
      model: "toy",
      task: "sva",
      steps: [1, 2],
      scale: 3,
      unreadable: [],
      pause: 0,
      defect: false,
      results_dir: "results",
      overwrite: false,
    });
  }));

Deno.test("--help describes the script, every key with its default, and gives examples", async () => {
  const { stdout, code } = await run("--help");
  assertEquals(code, 0);
  for (
    const text of [
      "Usage: deno run -A toy_experiment.ts [options] [config]",
      "Scores a toy model over training.",
      'task to score it on (one of "ioi", "sva"; default:',
      "\nMethod:\n",
      "\nOutput:\n",
      "--steps <n,…>",
      "--[no-]overwrite",
      "  deno run -A toy_experiment.ts configs/toy.json --steps 0,1,2 --overwrite",
    ]
  ) assertStringIncludes(stdout, text);
});

Deno.test("an unreadable checkpoint is reported, the rest goes on, and a later run fills the gap", () =>
  inFolder(async (folder) => {
    const first = await run("--results-dir", folder, "--unreadable", "1,64");
    assertEquals(first.code, 1);
    assertStringIncludes(first.stdout, "step   1  failed: models/toy/step1: the file ends early\n");
    assertStringIncludes(first.stderr, "2 checkpoints failed (step 1, 64)");
    assertEquals(Object.keys(JSON.parse(await results(folder)).checkpoints), ["0", "8", "512"]);
    assertEquals((await run("--results-dir", folder)).code, 0);
    const whole = `${folder}/whole`;
    await run("--results-dir", whole);
    assertEquals(await results(folder), await results(whole));

    const other = await run("--results-dir", folder, "--scale", "2");
    assertEquals(other.code, 1);
    assertMatch(
      other.stderr,
      /^error: .*toy\.json was made with other settings: scale is 1 there and 2 here; .*\n$/,
    );
  }));

Deno.test("a defect of the program shows its stack, a user's mistake only with --debug", () =>
  inFolder(async (folder) => {
    const defect = await run("--defect");
    assertEquals(defect.code, 1);
    assertStringIncludes(defect.stderr, "toy_experiment.ts:");
    const config = `${folder}/c.json`;
    await Deno.writeTextFile(config, "{");
    assertEquals((await run(config)).stderr.includes("    at "), false);
    assertStringIncludes((await run(config, "--debug")).stderr, "    at ");
  }));

Deno.test("--json prints settings, tables and files; --quiet nothing; --version the version", () =>
  inFolder(async (folder) => {
    const json = await run("--results-dir", folder, "--steps", "0,1", "--json");
    const { tables, settings, ...rest } = JSON.parse(json.stdout);
    assertEquals(rest, {
      script: "toy_experiment",
      version: JSON.parse(await Deno.readTextFile(new URL("deno.json", root))).version,
      exit_code: 0,
      errors: [],
      files: [`${folder}/components/toy/toy.json`],
    });
    assertEquals(settings.steps, [0, 1]);
    assertEquals(tables[0].map(({ step }: { step: number }) => step), [0, 1]);
    assertStringIncludes(json.stderr, "step 0");
    assertEquals(await run("--results-dir", folder, "--steps", "0,1,2", "--quiet"), {
      ...{ code: 0, stdout: "", stderr: "" },
    });
    const wrong = await run("--scale", "big", "--json");
    assertEquals([wrong.code, JSON.parse(wrong.stdout).errors.length], [2, 1]);
    assertMatch((await run("--version")).stdout, /^circuits-over-time \d+\.\d+\.\d+\n$/);
  }));
