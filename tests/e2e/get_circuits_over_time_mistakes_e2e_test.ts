import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";

const ROOT = new URL("../../", import.meta.url);
const QUICK = "--n-prompts 2 --ig-steps 1 --start 5 --end 10 --no-random-baseline --no-pictures"
  .split(" ");

const circuits = (folder: string, ...args: string[]) =>
  run("get_circuits_over_time", "--results-dir", folder, ...args);

const PROMPT = {
  clean: "Then, Alex and Anthony went to the store. Anthony gave a ring to",
  corrupted: "Then, Alex and Anthony went to the store. Alex gave a ring to",
  correct: " Alex",
  wrong: " Anthony",
};

const MISTAKES: [string, string[], RegExp][] = [
  ["a task that is not there", ["--task", "io"], /unknown task "io"/],
  ["a model that is not there", ["--model", "pythia-nanoo"], /nearest names are pythia-nano/],
  ["a search from above its end", ["--start", "50"], /start: expected at most end.* 10; found 50/],
  [
    "an adaptive path of another method",
    ["--quadrature", "adaptive", "--method", "EAP"],
    /quadrature: adaptive .* method must be EAP-IG-inputs, found EAP/,
  ],
  ["main for a suite", ["--ckpt-schedule", "main"], /"main" is for models that have only one/],
  ["a task named like a path", ["--task", "../evil"], /--task: expected a string matching/],
  ["a missing file of prompts", ["--task-file", "no.csv"], /no.csv: not found/],
];
for (const [what, args, message] of MISTAKES) {
  Deno.test(`get_circuits_over_time: ${what} is one line, exit code 2, and writes nothing`, () =>
    inFolder(async (dir) => {
      assertOneLine(await circuits(dir, ...QUICK, ...args), 2, message);
      assertEquals([...Deno.readDirSync(dir)], []);
    }));
}

Deno.test("get_circuits_over_time does not add to results of prompts that have since been edited", () =>
  inFolder(async (dir) => {
    const file = join(dir, "prompts.jsonl");
    const write = (...prompts: unknown[]) =>
      Deno.writeTextFile(file, prompts.map((p) => JSON.stringify(p)).join("\n"));
    const args = [...QUICK, "--task", "own", "--task-file", file, "--custom-schedule"];
    await write({ ...PROMPT, corrupted: PROMPT.clean });
    // a built-in task is not these prompts: they have the name of their file
    const builtIn = args.with(args.indexOf("own"), "ioi");
    const { stdout, stderr } = await circuits(dir, ...builtIn, "1");
    assertMatch(stderr, /clean and corrupted prompts are the same/);
    assertMatch(stdout, /^task prompts: the prompts of .*prompts\.jsonl; --task gives it another/m);
    await write(PROMPT);
    assertEquals((await circuits(dir, ...args, "1")).code, 0);
    await write({ ...PROMPT, correct: PROMPT.wrong, wrong: PROMPT.correct });
    assertOneLine(
      await circuits(dir, ...args, "1,2"),
      1,
      /made with other settings: task_file_digest is "\w+" there and "\w+" here/,
    );
  }));

Deno.test("get_circuits_over_time: an adaptive path remembers its tolerance, not a number of points", () =>
  inFolder(async (dir) => {
    const args = [...QUICK, "--custom-schedule", "6144", "--quadrature", "adaptive"];
    const end = await circuits(dir, ...args);
    assertEquals(end.code, 0, end.stderr);
    assertMatch(end.stdout, /IG missing {2}IG points\n/);
    const file = join(dir, "graphs/pythia-nano/ioi/summary.json");
    const { checkpoints: { 0: { completeness } }, config } = JSON.parse(
      await Deno.readTextFile(file),
    );
    assertEquals(completeness.missing <= 0.01, true);
    assertEquals(completeness.points >= 5, true);
    assertEquals([config.tolerance, config.ig_steps], [0.01, undefined]);
    const again = await circuits(dir, ...args, "--ig-steps", "9");
    assertMatch(again.stdout, /1 of 1 checkpoints have results already/);
    assertOneLine(
      await circuits(dir, ...args, "--tolerance", "0.02"),
      1,
      /made with other settings: tolerance is 0.01 there and 0.02 here/,
    );
  }));

Deno.test("get_circuits_over_time restores a deleted graph file, names a damaged entry, writes no empty page", () =>
  inFolder(async (dir) => {
    const folder = join(dir, "graphs", "pythia-nano", "ioi");
    const graph = join(folder, "raw", "1.json"), summary = join(folder, "summary.json");
    const args = [...QUICK, "--custom-schedule", "1"];
    assertEquals((await circuits(dir, ...args)).code, 0);
    const before = [await Deno.readTextFile(graph), await Deno.readTextFile(summary)];
    await Deno.remove(graph);
    assertEquals((await circuits(dir, ...args)).code, 0);
    assertEquals([await Deno.readTextFile(graph), await Deno.readTextFile(summary)], before);

    const file = JSON.parse(before[1]);
    delete file.checkpoints[0].circuit;
    await Deno.writeTextFile(summary, JSON.stringify(file));
    assertOneLine(await circuits(dir, ...args), 1, /summary.json: checkpoints.1.circuit: /);

    const model = join(dir, "broken", "step1");
    await Deno.mkdir(model, { recursive: true });
    for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
      await Deno.copyFile(new URL(`models/pythia-nano/step1/${name}`, ROOT), join(model, name));
    }
    const broken = await circuits(join(dir, "none"), ...args, "--model", join(dir, "broken"));
    assertEquals(broken.code, 1);
    assertEquals([...Deno.readDirSync(dir)].some(({ name }) => name === "none"), false);
  }));

Deno.test("get_circuits_over_time keeps the transfer matrix without --transfer, survives a model that it cannot read, and refuses replaced weights", () =>
  inFolder(async (dir) => {
    const model = (step: number) => join(dir, "suite", `step${step}`);
    for (const step of [1, 64, 2560]) {
      await Deno.mkdir(model(step), { recursive: true });
      const from = new URL(`models/pythia-nano/step${step}/`, ROOT);
      for (const { name } of Deno.readDirSync(from)) {
        await Deno.copyFile(new URL(name, from), join(model(step), name));
      }
    }
    const args = [...QUICK, "--model", join(dir, "suite")];
    const path = join(dir, "graphs", "suite", "ioi", "summary.json");
    const transfer = async () => JSON.parse(await Deno.readTextFile(path)).transfer;
    assertEquals((await circuits(dir, ...args)).code, 0);
    assertEquals(await transfer(), undefined);

    const weights = join(model(64), "model.safetensors"), whole = await Deno.readFile(weights);
    await Deno.truncate(weights, 5000);
    const broken = await circuits(dir, ...args, "--transfer");
    assertEquals(broken.code, 1);
    assertMatch(broken.stdout, /step +64 +failed: .*model\.safetensors/);
    assertMatch(broken.stderr, /1 checkpoint failed \(step 64\)/);
    assertEquals((await transfer()).steps, [1, 2560]);
    const without = await circuits(dir, ...args);
    assertEquals([without.code, await transfer()], [0, undefined]);
    assertMatch(
      without.stdout,
      /transfer\.json is stale or incomplete; .* Rebuild it with --transfer/,
    );

    await Deno.writeFile(weights, whole);
    assertEquals((await circuits(dir, ...args, "--transfer")).code, 0);
    const complete = await transfer();
    assertEquals(complete.steps, [1, 64, 2560]);
    assertEquals((await circuits(dir, ...args)).code, 0);
    assertEquals(await transfer(), complete);

    await Deno.copyFile(join(model(1), "model.safetensors"), weights);
    const other = /summary.json was made of other weights: .* \(step 64\); .* --overwrite/;
    assertOneLine(await circuits(dir, ...args), 1, other);
  }));

Deno.test("get_circuits_over_time warns of a path with too few points and says what to change", () =>
  inFolder(async (dir) => {
    const args = [...QUICK, "--task", "sva", "--custom-schedule", "2560", "--quadrature"];
    const few = await circuits(dir, ...args, "gauss-legendre");
    assertEquals(few.code, 0);
    assertMatch(
      few.stderr,
      /warning: 1 "gauss-legendre" points are too coarse .*step 2560, .*ig_steps/,
    );
    const many = await circuits(dir, ...args, "midpoint", "--ig-steps", "30", "--overwrite");
    assertEquals([many.code, many.stderr.includes("warning: ")], [0, false]);
  }));
