import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../support/coder_cases.ts";
import { assertOneLine, inFolder, run, runKilledAndAgain } from "../support/run_script.ts";
import { graphJudgements } from "../../utils/results/kinds/features/judgement.ts";
import { writeCoder } from "../../utils/transcoders/formats/native.ts";

const script = "judge_attribution_graph";
const SMALL = ["--n-prompts", "2", "--controls", "1", "--threads", "1"];

/** Writes random coders of all layers. */
async function writeCoders(folder: string, step: number, seed = step) {
  for (const layer of [0, 1, 2, 3]) {
    const coder = randomCoder({
      dIn: 96,
      dOut: 96,
      features: 40,
      layer,
      activation: { name: "topk", k: 4 },
      inputHook: `blocks.${layer}.mlp.hook_in`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
    }, seed + layer);
    for (const w of [coder.weights.W_dec, coder.weights.b_dec]) {
      w.data.forEach((x, i) => w.data[i] = x / 50);
    }
    await writeCoder(join(folder, `step${step}/layer_${layer}`), coder);
  }
}

Deno.test("judge_attribution_graph judges checkpoints; killed and continued, it leaves the same file", () =>
  inFolder(async (folder) => {
    const sets = join(folder, "sets");
    for (const step of [0, 6144]) await writeCoders(sets, step);
    const args = ["--coders", `${sets}/step{step}`, "--custom-schedule", "0,6144", ...SMALL];
    const whole = await run(script, ...args, "--results-dir", join(folder, "whole"));
    assertEquals(whole.code, 0, whole.stderr);
    await runKilledAndAgain(script, ...args, "--results-dir", join(folder, "parts"));
    const path = (part: string) =>
      join(folder, part, "feature_circuits/pythia-nano/ioi/judgement.json");
    assertEquals(await Deno.readTextFile(path("parts")), await Deno.readTextFile(path("whole")));
    const { steps, entries } = await graphJudgements.read(path("whole"));
    assertEquals(steps, [0, 6144]);
    const { prompts, summary } = entries.get(6144)!;
    assertEquals([prompts.length, summary.prompts, summary.masks.length], [2, 2, 4]);
    for (const { features, connected, circuit, masks, metric } of prompts) {
      assert(features >= connected && connected >= circuit && circuit > 0);
      assert(Math.abs(masks[0].full - metric) < 1e-4 * Math.max(1, Math.abs(metric)));
    }
    assertStringIncludes(whole.stdout, "sufficiency");

    await writeCoders(sets, 6144, 1);
    const changed = await run(script, ...args, "--results-dir", join(folder, "whole"));
    assertOneLine(changed, 1, /of other transcoders: .*step 6144/);
    const none = join(folder, "none");
    const missing = await run(
      script,
      "--coders",
      none,
      "--step",
      "0",
      ...SMALL,
      "--results-dir",
      none,
    );
    assertOneLine(missing, 2, /neither an existing folder/);
  }));
