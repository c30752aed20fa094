/** `sweep_transcoders.ts` as a user runs it. Its oracles are `train_transcoder.ts` and `evaluate_transcoder.ts` on one arm. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { filesBelow, isFile, isFolder } from "../../utils/base/mod.ts";
import { listLocalSteps } from "../../utils/model/mod.ts";
import { transcoderEvaluations, transcoderSweeps } from "../../utils/results/mod.ts";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";

const LAST = listLocalSteps(new URL("../../models/pythia-nano", import.meta.url).pathname).at(-1)!;
const TRAINING = [
  ...["--layers", "1,3", "--train-batch-size", "128", "--total-training-tokens", "4000"],
  ...["--store-batch-size", "8", "--n-batches-in-buffer", "6", "--save-every", "4"],
  ...["--threads", "1", "--lr", "0.01"],
];
const ARMS = [
  { activation: "topk", k: [4, 8], features: 96 },
  { kind: "sae", activation: "topk", k: 4, features: 64 },
];
const args = (folder: string, ...more: string[]) => [
  ...[...TRAINING, "--eval-tokens", "256", "--eval-fit-tokens", "512", "--figures", "html"],
  ...["--output-dir", join(folder, "out"), "--work-dir", join(folder, "work")],
  ...["--arms", JSON.stringify(ARMS), ...more],
];

/** SHA-256 of every file below a folder that does not depend on a browser, by relative path. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of (await filesBelow(folder, (name) => !/\.(html|svg|png)$/.test(name))).sort()) {
    const digest = new Uint8Array(
      await crypto.subtle.digest("SHA-256", await Deno.readFile(path)),
    );
    files[path.slice(folder.length + 1)] = digest.toHex();
  }
  return files;
}

/** Starts a sweep and kills it (SIGKILL) when `ready` holds. */
async function killed(folder: string, ready: () => Promise<boolean> | boolean): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "sweep_transcoders.ts", ...args(folder)],
    cwd: new URL("../../", import.meta.url),
    stdout: "null",
    stderr: "null",
  }).spawn();
  while (!await ready()) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGKILL");
  await child.status;
}

Deno.test("a sweep, whole or killed and resumed, has the bytes of its arms alone", () =>
  inFolder(async (folder) => {
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    const end = await run("sweep_transcoders", ...args(whole));
    assertEquals(end.code, 0, end.stderr);
    assertMatch(end.stdout, /2 arms of 2 layers, 31 steps of 128 tokens, one pass of the model/);
    assertMatch(end.stdout, /buffer: [\d,]+ rows, \d+ MB.*; coders side by side: about \d+ MB/);
    assertMatch(end.stdout, /1 arms of 2 layers/);
    const expected = await filesOf(join(whole, "out"));

    // Killed while the first group trains, and again while arms are evaluated.
    const log = join(parts, `work/topk-k8-f96/step${LAST}/layer_3.jsonl`);
    await killed(
      parts,
      async () => (await Deno.readTextFile(log).catch(() => "")).split("\n").length > 6,
    );
    assert(!isFolder(join(parts, `out/topk-k8-f96/step${LAST}`)), "ended before it was killed");
    await killed(parts, () => isFile(join(parts, "out/sweep.json")));
    const again = await run("sweep_transcoders", ...args(parts));
    assertEquals(again.code, 0, again.stderr);
    assertEquals(await filesOf(join(parts, "out")), expected);

    const done = await run("sweep_transcoders", ...args(whole));
    assertStringIncludes(done.stdout, "1 of 1 checkpoints have results already");
    assertEquals(await filesOf(join(whole, "out")), expected);
    assert(isFile(join(whole, `out/step${LAST}_ce.html`)));

    // Small budget: the arms come one after the other. Evaluations on the way change the log alone.
    const groups = join(folder, "groups");
    const onTheWay = ["--arms-budget", "0.0015", "--eval-every", "15"];
    const one = await run("sweep_transcoders", ...args(groups, ...onTheWay));
    const lines = await Deno.readTextFile(
      join(groups, `work/topk-k4-f96/step${LAST}/layer_1.jsonl`),
    );
    const noted = lines.trim().split("\n").map((line) => JSON.parse(line))
      .filter((line) => line.held_out_fvu !== undefined);
    assertEquals(noted.map(({ step }) => step), [15, 30]);
    assertMatch(one.stdout, /2 passes of the model, with 1, 1 arms/);
    assertEquals(await filesOf(join(groups, "out")), expected);

    const name = "sae-topk-k4-f64";
    const flags = ["--kind", "sae", "--k", "4", "--features", "64"];
    const alone = join(folder, name);
    const dirs = ["--output-dir", join(alone, "out"), "--work-dir", join(alone, "work")];
    const trained = await run("train_transcoder", ...TRAINING, ...flags, ...dirs);
    assertEquals(trained.code, 0, trained.stderr);
    const coders = await filesOf(join(alone, "out"));
    for (const [path, digest] of Object.entries(coders)) {
      if (/TRAINING|held_out_evaluation/.test(path)) continue; // an evaluation of its own
      assertEquals(expected[join(name, path)], digest, path);
    }
    assertEquals(
      await filesOf(join(alone, "work")),
      await filesOf(join(whole, "work", name)),
    );
    const evaluated = await run(
      "evaluate_transcoder",
      join(alone, `out/step${LAST}`),
      ...["--model", "pythia-nano", "--step", `${LAST}`, "--name", name, "--threads", "1"],
      ...["--tokens", "256", "--fit-tokens", "512", "--results-dir", alone],
    );
    assertEquals(evaluated.code, 0, evaluated.stderr);
    const evaluation = (await transcoderEvaluations.read(
      join(alone, `transcoders/pythia-nano/${name}/evaluation.json`),
    )).entries.get(LAST)!;
    const sweep = (await transcoderSweeps.read(join(whole, "out/sweep.json"))).entries.get(LAST)!;
    const arm = sweep.arms.find((arm) => arm.name === name)!;
    assertEquals(arm.coders, evaluation.coders);
    assertEquals(arm.features, evaluation.features);
    assertEquals({ ...sweep.streams[arm.stream].floors, ...arm.floors }, evaluation.floors);
  }));

Deno.test("an arm whose numbers are not finite fails by name, and the others are there", () =>
  inFolder(async (folder) => {
    const arms = [
      { k: 4, features: 96 },
      { activation: "relu", lr: 1e30, normalize_decoder: false, features: 96 },
    ];
    const end = await run(
      "sweep_transcoders",
      ...args(folder, "--arms", JSON.stringify(arms), "--layers", "1"),
    );
    assertEquals(end.code, 1);
    const name = "relu-f96-normalize_decoder_false-lr_1e_30";
    assertMatch(end.stdout, new RegExp(`failed: arm ${name}: layer 1 at checkpoint .*lower lr`));
    const { entries } = await transcoderSweeps.read(join(folder, "out/sweep.json"));
    assertEquals(entries.get(LAST)!.arms.map((arm) => arm.name), ["topk-k4-f96"]);
    assert(!isFolder(join(folder, "out", name)));
  }));

Deno.test("settings of a sweep that do not fit are refused in one line", () =>
  inFolder(async (folder) => {
    const wrong: [unknown, RegExp][] = [
      [[], /--arms: expected a non-empty list, .*found \[\]/],
      [[{ kk: 4 }], /--arms\[0\]: unknown key "kk"; did you mean k/],
      [[{ seed: 4 }], /--arms\[0\]: unknown key "seed"/],
      [[{ k: "x" }], /--arms\[0\]\.k: expected a number > 0 or a non-empty list, .*found "x"/],
      [[{ k: [4, 1.5] }], /--arms\[0\]\.k: expected an integer for topk \(arm topk-k1.5\), found/],
      [[{ k: 4 }, { k: 4 }], /--arms\[1\]: expected arms that differ/],
    ];
    for (const [arms, message] of wrong) {
      const end = await run("sweep_transcoders", ...args(folder, "--arms", JSON.stringify(arms)));
      assertOneLine(end, 2, message);
    }
    const small = await run("sweep_transcoders", ...args(folder, "--arms-budget", "0.0001"));
    assertOneLine(small, 2, /arms_budget: the coders of arm topk-k4-f96 take 0\.00\d GB/);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));
