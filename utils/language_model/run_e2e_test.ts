import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HookedModel } from "../model/hooked_model.ts";
import { listLocalSteps } from "../model/hub/local_steps.ts";
import { loadTokenizer } from "../model/tokenizer.ts";
import { layoutOf, readState } from "../training/mod.ts";
import { modelParameters, vectorSource } from "./parameters.ts";

const root = new URL("../../", import.meta.url);
const SMALL = "--layers 1 --heads 2 --width 16 --mlp-width 16 --context 24 --batch-size 4 " +
  "--steps 14 --warmup 4 --save-every 3 --checkpoint-every 600 --validation-batches 1 --threads 1";

function start(folder: string, ...more: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "train_pythia_nano.ts", ...SMALL.split(" "), ...more],
      ...["--output-dir", `${folder}/model`, "--work-dir", `${folder}/work`],
    ],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

async function train(folder: string, ...more: string[]) {
  const { code, stdout, stderr } = await start(folder, ...more).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** SHA-256 of every file that a run leaves; the commit, which others may move meanwhile, is left out. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const walk = async (path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${folder}/${path}`)) {
      const inside = `${path}/${name}`;
      if (isDirectory) await walk(inside);
      else files[inside] = await digest(`${folder}/${inside}`);
    }
  };
  await walk("model");
  await walk("work");
  return files;
}

async function digest(path: string): Promise<string> {
  let bytes: Uint8Array<ArrayBuffer> = await Deno.readFile(path);
  if (path.endsWith("TRAINING.json")) {
    const { commit: _, made_by: __, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
    bytes = new TextEncoder().encode(JSON.stringify(rest));
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("a training that is killed and continued leaves the same files, byte for byte", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const whole = await train(`${folder}/whole`);
    assertEquals(whole.code, 0, whole.stderr);
    assertMatch(whole.stdout, /14 steps in .* GFLOP\/s, \d+\.\d\d of the .* GFLOP\/s/);
    assertEquals(listLocalSteps(`${folder}/whole/model`), [0, 1, 2, 4, 8, 14]);

    const killed = start(`${folder}/parts`);
    const reader = killed.stdout.getReader();
    let stdout = "";
    while (!stdout.includes("step 8")) {
      stdout += new TextDecoder().decode((await reader.read()).value!);
    }
    killed.kill("SIGKILL");
    await killed.stderr.cancel();
    await reader.cancel();
    await killed.status;
    const again = await train(`${folder}/parts`);
    assertEquals(again.code, 0, again.stderr);
    assertMatch(again.stdout, /from step \d+/);
    assertEquals(await filesOf(`${folder}/parts`), await filesOf(`${folder}/whole`));

    // the logs hold one line per step and one per checkpoint
    const log = (await Deno.readTextFile(`${folder}/whole/work/log.jsonl`)).trim().split("\n");
    assertEquals(log.length, 14 + 6);

    const other = await train(`${folder}/whole`, "--seed", "5");
    assertEquals(other.code, 1);
    assertStringIncludes(other.stderr, "was made with other settings");
    assertStringIncludes(other.stderr, "--overwrite");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a float16 checkpoint is the model that training goes on from", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals((await train(folder)).code, 0);
    const written = await HookedModel.load(`${folder}/model`);
    const layout = layoutOf(modelParameters(written.config));
    const settings = JSON.parse(await Deno.readTextFile(`${folder}/model/TRAINING.json`)).config;
    const path = `${folder}/work/state.safetensors`;
    const state = await readState(path, settings, layout, ["m", "v"], layoutOf([]));
    assertEquals(state?.step, 14);
    const source = vectorSource(written.config, state!.weights);
    const exact = HookedModel.fromSource(source, { runtime: written.runtime });
    const tokenizer = await loadTokenizer(`${folder}/model/step14`);
    const prompts = [
      "Then, Mary and John went to the store. John gave a drink to",
      "The years 1731",
    ]
      .map((text) => tokenizer.encode(text));
    const [a, b] = [await written.allLogits(prompts), await exact.allLogits(prompts)];
    const largest = a.data.reduce((most, x, i) => Math.max(most, Math.abs(x - b.data[i])), 0);
    assertEquals(largest, 0);
    written.close();
    await written.runtime.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("checkpoints of another run are left alone unless --overwrite drops them, and damaged states are refused", async () => {
  const folder = await Deno.makeTempDir();
  const refused = async (message: RegExp, ...more: string[]) => {
    const before = await filesOf(folder);
    const { code, stderr } = await train(folder, ...more);
    assertEquals([code, stderr.trim().split("\n").length], [1, 1], stderr);
    assertMatch(stderr, message);
    assertEquals(await filesOf(folder), before);
  };
  try {
    assertEquals((await train(folder)).code, 0);
    const state = `${folder}/work/state.safetensors`;
    await Deno.truncate(state, 9000);
    await refused(
      /state.safetensors.*truncated.*; start from scratch with --overwrite, or choose another/,
    );
    await Deno.remove(state);
    await refused(
      /model already contains this suite, but work_dir has no saved state.*--overwrite/,
    );
    await refused(
      /model contains a suite of other settings: seed is 0 there and 5 here;/,
      "--seed",
      "5",
    );
    await Deno.remove(`${folder}/model/TRAINING.json`);
    await refused(
      /model contains checkpoints \(step0, step1, step2, .*\), but work_dir has no state of their/,
    );

    const again = await train(folder, "--steps", "5", "--overwrite");
    assertEquals(again.code, 0, again.stderr);
    assertEquals(listLocalSteps(`${folder}/model`), [0, 1, 2, 4, 5]);
    await Deno.remove(`${folder}/model/step2`, { recursive: true });
    await refused(/work_dir has reached step 5, but .*model lacks step2;/, "--steps", "5");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a checkpoint whose loss is not finite is not written", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stderr } = await train(folder, "--learning-rate", "1e8", "--warmup", "0");
    assertEquals([code, stderr.trim().split("\n").length], [1, 1], stderr);
    assertMatch(
      stderr,
      /step 1: expected a finite validation loss, found .*; .* lower learning_rate/,
    );
    assertEquals(listLocalSteps(`${folder}/model`), [0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("settings that make no model or no training are refused in one line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const wrong: [string[], RegExp][] = [
      [["--beta1", "1"], /beta1: expected a number ≥ 0.*< 1, found 1/],
      [["--beta2", "1.5"], /beta2: expected a number ≥ 0.*< 1, found 1.5/],
      [["--warmup", "15"], /warmup: expected at most steps, found 15/],
      [
        ["--checkpoints", "3,20"],
        /checkpoints: expected at most steps, found \[3,20\]/,
      ],
      [
        ["--extra-checkpoints", "3,20"],
        /extra-checkpoints: expected at most steps, found \[3,20\]/,
      ],
    ];
    for (const [flags, message] of wrong) {
      const { code, stderr } = await train(folder, ...flags);
      assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
      assertMatch(stderr, message);
    }
    const { code, stderr } = await train(folder, "--heads", "3");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "3 heads do not divide the width 16 evenly");
    const unknown = await train(folder, "--learnign-rate", "1");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, "learning-rate");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
