import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { randomCoder } from "../support/coder_cases.ts";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";
import {
  featureCircuits,
  featureFormations,
  featureIdentities,
  ResultPaths,
} from "../../utils/results/mod.ts";
import { writeCoder } from "../../utils/transcoders/formats/native.ts";

const SCRIPT = "get_feature_circuits_over_time";
const STEPS = [0, 4096, 6144];

/** Writes random coders of all layers of pythia-nano; with `keep`, the first features of all steps are the same. */
async function writeSet(folder: string, steps = STEPS, keep = true): Promise<void> {
  for (const [t, step] of steps.entries()) {
    for (let layer = 0; layer < 4; layer++) {
      const of = (seed: number) =>
        randomCoder({
          dIn: 96,
          dOut: 96,
          features: 40,
          layer,
          activation: { name: "topk", k: 6 },
          inputHook: `blocks.${layer}.mlp.hook_in`,
          outputHook: `blocks.${layer}.hook_mlp_out`,
        }, seed);
      const coder = of(layer + 1);
      const other = of(100 + 10 * t + layer + (keep ? 0 : 1000));
      for (const name of ["W_enc", "W_dec"] as const) {
        coder.weights[name].data.set(other.weights[name].data.subarray(20 * 96), 20 * 96);
      }
      await writeCoder(join(folder, `step${step}`, `layer_${layer}`), coder);
    }
  }
}

const FEW = [
  ...["--tasks", "gender_pronoun", "--n-prompts", "8", "--end", "60", "--text-tokens", "1024"],
  ...["--bootstrap", "30", "--threads", "1", "--max-edges", "30"],
];

Deno.test("get_feature_circuits_over_time finds circuits, identity and formation, and continues to the same bytes", () =>
  inFolder(async (folder) => {
    await writeSet(join(folder, "main"));
    await writeSet(join(folder, "other"), STEPS, false);
    const results = join(folder, "results");
    const args = [
      ...FEW,
      ...["--coders", join(folder, "main/step{step}"), "--results-dir", results],
      ...["--seed-coders", join(folder, "other/step{step}")],
    ];
    const end = await run(SCRIPT, ...args);
    assertEquals(end.code, 0, end.stderr);
    assertMatch(end.stdout, /0 +-?[\d.]+ +[\d.]+ +not able/);
    assertStringIncludes(end.stdout, "1. Do edges appear after their features?");

    const paths = new ResultPaths(results, "pythia-nano");
    const files = [
      featureCircuits.path(paths, "gender_pronoun", "main"),
      featureIdentities.path(paths, "main"),
      featureFormations.path(paths, "gender_pronoun", "main"),
    ];
    const circuits = await featureCircuits.read(files[0]);
    assertEquals(circuits.steps, STEPS);
    assertEquals(circuits.entries.get(0)!.circuit, null);
    const { circuit } = circuits.entries.get(6144)!;
    assertEquals(circuit!.curve.length, circuit!.random.length);
    const identity = await featureIdentities.read(files[1]);
    const { layers, previous } = identity.entries.get(6144)!;
    assertEquals(previous, 4096);
    let same = 0;
    for (const { kept, cosines, born, reproduced } of layers) {
      assertEquals(cosines!.length, kept.length);
      kept.forEach(([old, now], i) => {
        // the first 20 decoder rows are the same at all steps; the others are random
        const isSame = old === now && old < 20;
        same += Number(isSame);
        assert(isSame ? cosines![i] > 0.9999 : Math.abs(cosines![i]) < 0.6);
      });
      // the same directions read another checkpoint, so some of the first 20 fire at the same tokens
      assert(kept.every(([old, now]) => (old < 20) === (now < 20)), JSON.stringify(kept));
      assert(born.length > 0 && reproduced.seed1 >= 0);
    }
    assert(same > 0, "no feature is matched with itself");
    assert(
      circuit!.edges.every(({ direct, heads }) => direct !== undefined && heads !== undefined),
    );
    const { header, entries } = await featureFormations.read(files[2]);
    header.tracks.forEach(({ numbers }, track) =>
      STEPS.forEach((step, t) => {
        const cosine = entries.get(step)!.last_cosines![track];
        if (numbers[t] < 0) return assertEquals(cosine, null);
        const isSame = step === 6144 || numbers[t] === numbers[2] && numbers[t] < 20;
        assert(isSame ? cosine! > 0.9999 : Math.abs(cosine!) < 0.6, `${cosine} at ${step}`);
      })
    );
    assertEquals(header.answers!.transitions.map(({ from, to }) => [from, to]), [
      [0, 4096],
      [4096, 6144],
    ]);
    assertEquals(header.answers!.transitions[0].growth, null);

    // continue where a run was stopped: without the entries of the last step
    const whole = await Promise.all(files.map((file) => Deno.readTextFile(file)));
    for (const [i, text] of whole.entries()) {
      const content = JSON.parse(text);
      delete content.checkpoints["6144"];
      delete content.weights["6144"];
      delete content.answers;
      await Deno.writeTextFile(files[i], JSON.stringify(content));
    }
    assertEquals((await run(SCRIPT, ...args)).code, 0);
    for (const [i, text] of whole.entries()) {
      assertEquals(await Deno.readTextFile(files[i]), text, files[i]);
    }

    await writeSet(join(folder, "main"), [6144], false);
    const stale = await run(SCRIPT, ...args);
    assertOneLine(stale, 1, /was made of other transcoders/);
  }));

Deno.test("get_feature_circuits_over_time says where it looked for coders", () =>
  inFolder(async (folder) => {
    const none = await run(SCRIPT, "--coders", join(folder, "none/step{step}"));
    assertOneLine(none, 2, /found none of the set main at/);
    assertOneLine(await run(SCRIPT, "--coders", folder), 2, /a folder per checkpoint/);
  }));
