import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../support/coder_cases.ts";
import { assertOneLine, inFolder, run, runKilledAndAgain } from "../support/run_script.ts";
import { EMBEDDED_MODELS } from "../../utils/model/hub/model_names.ts";
import { listLocalSteps } from "../../utils/model/hub/local_steps.ts";
import { transcoderEvaluations } from "../../utils/results/kinds/transcoder_evaluation.ts";
import { writeCoder } from "../../utils/transcoders/formats/native.ts";

const script = "evaluate_transcoder";
const last = listLocalSteps(join(EMBEDDED_MODELS, "pythia-nano")).at(-1)!;
const SMALL = [
  "--tokens",
  "256",
  "--fit-tokens",
  "512",
  "--batch",
  "4",
  "--context",
  "64",
  "--threads",
  "1",
];

/** Writes random coders of two layers for a checkpoint. */
async function writeCoders(folder: string, step: number, seed = step) {
  for (const layer of [0, 2]) {
    const coder = randomCoder({
      dIn: 96,
      dOut: 96,
      features: 40,
      layer,
      activation: { name: "topk", k: 4 },
      inputHook: `blocks.${layer}.mlp.hook_in`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
    }, seed + layer);
    await writeCoder(join(folder, `step${step}/layer_${layer}`), coder);
  }
}

Deno.test("evaluate_transcoder measures every checkpoint; killed and continued, it leaves the same file", () =>
  inFolder(async (folder) => {
    const sets = join(folder, "sets");
    for (const step of [0, last]) await writeCoders(sets, step);
    const args = [`${sets}/step{step}`, "--custom-schedule", `0,${last}`, ...SMALL];
    const whole = await run(script, ...args, "--results-dir", join(folder, "whole"));
    assertEquals(whole.code, 0, whole.stderr);
    await runKilledAndAgain(script, ...args, "--results-dir", join(folder, "parts"));
    const path = (part: string) =>
      join(folder, part, "transcoders/pythia-nano/sets/evaluation.json");
    assertEquals(await Deno.readTextFile(path("parts")), await Deno.readTextFile(path("whole")));

    const { steps, entries } = await transcoderEvaluations.read(path("whole"));
    assertEquals(steps, [0, last]);
    const { coders, floors, features } = entries.get(last)!;
    assertEquals(features.map(({ layer }) => layer), [0, 2]);
    assertEquals(Object.keys(floors), ["zero", "mean", "unigram", "skip", "random", "neurons"]);
    assertEquals(coders.places.map(({ l0 }) => l0! > 0 && l0! <= 4), [true, true]);
    // The real neurons do better than random coders, and the mean explains nothing.
    assert(floors.neurons.places[0].fvu < coders.places[0].fvu);
    assert(Math.abs(floors.mean.places[0].fvu - 1) < 0.2);
    await writeCoders(sets, last, 1);
    const changed = await run(script, ...args, "--results-dir", join(folder, "whole"));
    assertOneLine(changed, 1, new RegExp(`of other transcoders: .*step ${last}`));
    for (
      const title of [
        "Each layer alone",
        "All layers, clean inputs",
        "All layers, errors propagating",
        "real neurons",
      ]
    ) assertStringIncludes(whole.stdout, title);
  }));

Deno.test("evaluate_transcoder reports mistakes in one line", () =>
  inFolder(async (folder) => {
    await writeCoders(folder, 0);
    const results = ["--results-dir", join(folder, "results"), ...SMALL];
    const set = join(folder, "step0");
    assertOneLine(await run(script, set, ...results), 2, /names one set .* --step/);
    const wrong = await run(script, set, "--step", "0", "--layers", "1", ...results);
    assertOneLine(wrong, 2, /found no coders of layers 1/);
    const none = await run(script, join(folder, "none"), "--step", "0", ...results);
    assertOneLine(none, 2, /neither an existing folder/);
    const text = join(folder, "short.txt");
    await Deno.writeTextFile(text, "Mary gave John a book. ".repeat(20));
    const short = await run(script, set, "--step", "0", "--text", text, ...results);
    assertOneLine(short, 1, /short.txt: expected at least 8 rows of 64 tokens, found 1/);
  }));
