/** `train_transcoder.ts` as a user runs it: on tiny settings, whole, killed, one checkpoint alone, with mistakes. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { join } from "@std/path";
import { filesBelow, isFolder } from "../../utils/base/mod.ts";
import { listLocalSteps } from "../../utils/model/mod.ts";
import { openCoders } from "../../utils/transcoders/mod.ts";
import { assertOneLine, inFolder, run, type ScriptEnd } from "../support/run_script.ts";

const LAST = listLocalSteps(new URL("../../models/pythia-nano", import.meta.url).pathname).at(-1)!;
const TINY = [
  ...["--layers", "1,3", "--features", "96", "--k", "4", "--train-batch-size", "128"],
  ...["--total-training-tokens", "10000", "--store-batch-size", "8", "--n-batches-in-buffer", "6"],
  ...["--save-every", "5", "--n-checkpoints", "1", "--threads", "1", "--lr", "0.01"],
  ...["--eval-tokens", "0"],
];

/** Adds an evaluation at the end of each checkpoint, which costs more than the training of settings as tiny. */
const EVALUATED = ["--eval-tokens", "256", "--eval-fit-tokens", "512"];

/** Collects the evaluations of all sets, so it differs where other checkpoints are trained beside. */
const COLLECTED = "out/held_out_evaluation.json";

function args(folder: string, ...more: string[]): string[] {
  return [
    ...TINY,
    "--output-dir",
    join(folder, "out"),
    "--work-dir",
    join(folder, "work"),
    ...more,
  ];
}

const train = (folder: string, ...more: string[]): Promise<ScriptEnd> =>
  run("train_transcoder", ...args(folder, ...more));

/** Trains and asserts success. */
async function trained(folder: string, ...more: string[]): Promise<ScriptEnd> {
  const end = await train(folder, ...more);
  assertEquals(end.code, 0, end.stderr);
  return end;
}

/** SHA-256 of every file below a folder, by relative path. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of (await filesBelow(folder, () => true)).sort()) {
    const bytes = await Deno.readFile(path);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    files[path.slice(folder.length + 1)] = digest.toHex();
  }
  return files;
}

/** Starts a training and kills it when a log of the last checkpoint has its first saved lines. */
async function killedWithin(folder: string, ...more: string[]): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "train_transcoder.ts", ...args(folder, ...more)],
    cwd: new URL("../../", import.meta.url),
    stdout: "null",
    stderr: "null",
  }).spawn();
  const log = join(folder, `work/step${LAST}/layer_3.jsonl`);
  while ((await Deno.readTextFile(log).catch(() => "")).split("\n").length < 6) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  child.kill("SIGKILL");
  await child.status;
  assert(!isFolder(join(folder, `out/step${LAST}`)), "the training ended before it was killed");
}

Deno.test("coders of two checkpoints: whole, killed and resumed, and one alone have the same bytes", () =>
  inFolder(async (folder) => {
    const both = ["--checkpoints", `0,${LAST}`, ...EVALUATED];
    const whole = await trained(join(folder, "whole"), ...both);
    assertMatch(whole.stdout, /2 transcoders of 4 layers, 96 features \(topk 4\), 78 steps of 128/);
    assertMatch(whole.stdout, /buffer: [\d,]+ rows, twice: \d+ MB/);
    assertMatch(whole.stdout, /step +0 +FVU [\d.]+ [\d.]+, L0 [34]\.\d [34]\.\d, dead \d+ \d+/);
    const expected = await filesOf(join(folder, "whole"));

    await killedWithin(join(folder, "killed"), ...both);
    await trained(join(folder, "killed"), ...both);
    assertEquals(await filesOf(join(folder, "killed")), expected);

    // With more threads, one captures while others train.
    await trained(join(folder, "alone"), "--threads", "3", ...EVALUATED);
    const { [COLLECTED]: _, ...alone } = await filesOf(join(folder, "alone"));
    assertEquals(
      alone,
      Object.fromEntries(Object.entries(expected).filter(([path]) => path in alone)),
    );

    const again = await trained(join(folder, "whole"), ...both);
    assertMatch(again.stdout, /2 of 2 checkpoints have results already/);
    assertEquals(await filesOf(join(folder, "whole")), expected);

    // What was written is a set of coders with a record and a log.
    const { coders, format } = await openCoders(join(folder, `whole/out/step${LAST}`));
    assertEquals(format, "native");
    assertEquals(coders.map(({ config }) => config.layer), [1, 3]);
    const { config, weights } = coders[1];
    assertEquals(
      [config.inputHook, config.outputHook, config.features, config.activation],
      ["blocks.3.mlp.hook_in", "blocks.3.hook_mlp_out", 96, { name: "topk", k: 4 }],
    );
    assertEquals(config.metadata.model_step, LAST);
    assertEquals(config.metadata.start, { kind: "cold" });
    for (let f = 0; f < 96; f++) {
      assertAlmostEquals(Math.hypot(...weights.W_dec.data.subarray(96 * f, 96 * f + 96)), 1, 1e-6);
    }
    const record = JSON.parse(
      await Deno.readTextFile(join(folder, `whole/out/step${LAST}/TRAINING.json`)),
    );
    assertEquals([record.tokens, record.steps, record.settings.k], [78 * 128, 78, 4]);
    const lines = (await Deno.readTextFile(join(folder, `whole/work/step${LAST}/layer_3.jsonl`)))
      .trim().split("\n").map((line) => JSON.parse(line));
    const steps = lines.filter(({ loss }) => loss !== undefined);
    assertEquals(steps.map(({ step }) => step), Array.from({ length: 78 }, (_, i) => i + 1));
    assert(steps.at(-1).fvu < 0.7 * steps[0].fvu, "the coder has learned");
    assertEquals(lines.length - steps.length, 4, "four windows");
  }));

Deno.test("a warm start goes on from the checkpoint before, in one run or in two", () =>
  inFolder(async (folder) => {
    const flags = (kind: string, steps: string) => ["--checkpoints", steps, "--warm-start", kind];
    const sets: Record<string, string>[] = [];
    for (const kind of ["weights", "moments"]) {
      const [one, two] = [join(folder, `${kind}1`), join(folder, `${kind}2`)];
      await trained(one, ...flags(kind, `0,${LAST}`));
      await trained(two, ...flags(kind, "0"));
      await killedWithin(two, ...flags(kind, `0,${LAST}`));
      await trained(two, ...flags(kind, `0,${LAST}`));
      const files = await filesOf(one);
      assertEquals(await filesOf(two), files);
      sets.push(files);
      const { coders: [coder] } = await openCoders(join(one, `out/step${LAST}`));
      assertEquals(coder.config.metadata.start, { kind, step: 0, steps_before: 78 });
    }
    const weights = `out/step${LAST}/layer_1/weights.safetensors`;
    assertNotEquals(sets[0][weights], sets[1][weights]);
    assertEquals(
      sets[0]["out/step0/layer_1/weights.safetensors"],
      sets[1]["out/step0/layer_1/weights.safetensors"],
    );
    assertOneLine(
      await train(join(folder, "moments1"), ...flags("moments", `8,${LAST}`)),
      1,
      /started otherwise: .*"step":0.* there and .*"step":8.* here; .*--overwrite/,
    );
  }));

Deno.test("kept activations give the same coders when they are read again", () =>
  inFolder(async (folder) => {
    await trained(folder, "--cache-activations");
    const out = await filesOf(join(folder, "out"));
    await Deno.remove(join(folder, "out"), { recursive: true });
    await trained(folder, "--cache-activations");
    assertEquals(await filesOf(join(folder, "out")), out);
    const plain = join(folder, "plain");
    await trained(plain);
    assertNotEquals(await filesOf(join(plain, "out")), out, "float16 rounds");
    assertOneLine(
      await train(join(folder, "large"), "--cache-activations", "--cache-budget", "0.001"),
      2,
      /would take 0\.\d\d GB in .*cache_budget is 0\.001 GB/,
    );
  }));

Deno.test("coders of other settings are left alone, and numbers that are not finite write nothing", () =>
  inFolder(async (folder) => {
    await trained(folder);
    const before = await filesOf(folder);
    assertOneLine(
      await train(folder, "--seed", "7", "--checkpoints", "0"),
      1,
      /contains coders of other settings: seed is 42 there and 7 here; .*--overwrite/,
    );
    assertEquals(await filesOf(folder), before);
    await trained(folder, "--seed", "7", "--overwrite");
    assertNotEquals(await filesOf(folder), before);

    const broken = join(folder, "broken");
    const end = await train(broken, "--lr", "1e30", "--no-normalize-decoder");
    assertEquals(end.code, 1);
    assertMatch(
      end.stdout,
      /failed: layer \d at checkpoint \d+: step \d+: expected finite numbers.*no coder is written.*lower lr/,
    );
    assertEquals(isFolder(join(broken, "out")), false);
  }));

Deno.test("settings that do not fit are refused in one line", () =>
  inFolder(async (folder) => {
    const wrong: [string[], number, RegExp][] = [
      [["--layers", "9"], 2, /layers: expected some of 0 … 3, found \[1, 3, 9\]/],
      [["--k", "97"], 2, /k: expected at most 96/],
      [["--k", "1.5"], 2, /k: expected an integer for topk, found 1.5/],
      [["--use-ghost-grads"], 2, /ghost gradients are for relu/],
      [["--context-size", "1000"], 2, /context_size: pythia-nano has \d+ positions, found 1000/],
      [["--lr-warm-up-steps", "200"], 2, /200 steps of warm-up and 0 of decay leave none of 78/],
      [["--hook-point", "blocks.{l}.mlp.hook_inn"], 2, /hook_point: .*not one that a coder can/],
      [["--hook-point", "blocks.2.mlp.hook_in"], 2, /hook_point: .*is not in layer 1/],
      [["--checkpoints", "77"], 2, /ckpt_schedule: pythia-nano has no step 77/],
      [["--memory-budget", "0.0001"], 2, /memory_budget is 0.0001 GB/],
      [["--kind", "sae", "--start", "mlp"], 2, /an sae gives back what it reads/],
    ];
    for (const [flags, code, message] of wrong) {
      assertOneLine(await train(folder, ...flags), code, message);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));
