/** Every kind of coder that `train_transcoder.ts` can train, end to end on a few thousand tokens, and a text file as data. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { inFolder, run } from "../support/run_script.ts";
import { listLocalSteps } from "../../utils/model/mod.ts";
import type { TranscoderEvaluation } from "../../utils/results/mod.ts";
import { openCoders } from "../../utils/transcoders/mod.ts";

const LAST = listLocalSteps(new URL("../../models/pythia-nano", import.meta.url).pathname).at(-1)!;
const STEPS = 60, LAYER = 2;

/** A line of the log. */
type Line = Record<string, number>;

/** Trains one coder, and asserts what holds for every kind: the loss falls, the file reads back, all numbers are finite. */
async function trained(folder: string, ...more: string[]) {
  const [out, work] = [join(folder, "out"), join(folder, "work")];
  const end = await run(
    "train_transcoder",
    ...["--layers", String(LAYER), "--features", "128", "--train-batch-size", "128"],
    ...["--total-training-tokens", String(128 * STEPS), "--store-batch-size", "8"],
    ...["--n-batches-in-buffer", "6", "--threads", "1", "--eval-tokens", "512"],
    ...["--eval-fit-tokens", "512", "--output-dir", out, "--work-dir", work, ...more],
  );
  assertEquals(end.code, 0, end.stderr + end.stdout);
  const lines: Line[] = (await Deno.readTextFile(join(work, `step${LAST}/layer_${LAYER}.jsonl`)))
    .trim().split("\n").map((line) => JSON.parse(line));
  const steps = lines.filter(({ loss }) => loss !== undefined);
  assertEquals(steps.length, STEPS);
  const mean = (name: string, part: Line[]) =>
    part.reduce((sum, line) => sum + line[name], 0) / part.length;
  const [early, late] = [steps.slice(0, 5), steps.slice(-5)];
  assert(mean("fvu", late) < 0.9 * mean("fvu", early), `FVU of ${more}`);
  const { coders: [coder] } = await openCoders(join(out, `step${LAST}`));
  const record = JSON.parse(await Deno.readTextFile(join(out, `step${LAST}/TRAINING.json`)));
  const evaluation: TranscoderEvaluation = record.evaluation;
  const { places: [place], propagating } = evaluation.coders;
  for (const value of [place.fvu, place.l0!, place.mse, propagating.ce, propagating.kl]) {
    assert(Number.isFinite(value), `${more}: ${JSON.stringify(place)}`);
  }
  // On held-out text the file explains what training says it does, and costs less than an ablation.
  assertAlmostEquals(place.fvu, mean("fvu", late), 0.15, `held-out FVU of ${more}`);
  assert(propagating.delta_ce < evaluation.floors.zero.propagating.delta_ce);
  return {
    coder,
    lines,
    steps,
    place,
    evaluation,
    early: mean("loss", early),
    late: mean("loss", late),
  };
}

Deno.test("JumpReLU coders learn thresholds above 0", () =>
  inFolder(async (folder) => {
    const { coder, place, early, late } = await trained(folder, "--activation", "jumprelu");
    assert(late < early);
    assertEquals(coder.config.activation, { name: "jumprelu" });
    const thresholds = [...coder.weights.threshold!.data];
    assertEquals(thresholds.length, 128);
    assert(thresholds.every((t) => t > 0) && new Set(thresholds).size > 10);
    assert(place.l0! > 0 && place.l0! < 128);
  }));

Deno.test("BatchTopK coders are saved with one threshold, which leaves about k features", () =>
  inFolder(async (folder) => {
    const { coder, place, early, late } = await trained(
      folder,
      ...["--activation", "batchtopk", "--k", "6"],
    );
    assert(late < early);
    const { activation } = coder.config;
    assert(activation.name === "batchtopk" && activation.k === 6 && activation.threshold > 0);
    assert(place.l0! > 2 && place.l0! < 12, `L0 ${place.l0}`);
  }));

Deno.test("ReLU coders have fewer active features with a larger L1, with and without ghost gradients", () =>
  inFolder(async (folder) => {
    const relu = (name: string, ...more: string[]) =>
      trained(join(folder, name), "--activation", "relu", ...more);
    const weak = await relu("weak", "--l1-coefficient", "0.0001");
    const strong = await relu("strong", "--l1-coefficient", "0.002");
    assert(weak.late < weak.early && strong.late < strong.early);
    assert(strong.place.l0! < 0.7 * weak.place.l0!, `${strong.place.l0} and ${weak.place.l0}`);
    const ghosts = await relu(
      "ghosts",
      ...["--l1-coefficient", "0.006", "--use-ghost-grads", "--dead-feature-window", "3"],
    );
    const sum = (name: string) => ghosts.steps.reduce((total, line) => total + line[name], 0);
    assert(sum("ghost") > 0 && sum("dead") > 0, "ghost gradients worked on dead features");
    assertEquals(ghosts.coder.config.activation, { name: "relu" });
  }));

Deno.test("an SAE gives back what it reads, here the MLP's output", () =>
  inFolder(async (folder) => {
    const { coder, early, late } = await trained(folder, "--kind", "sae", "--k", "8");
    assert(late < early);
    const { kind, inputHook, outputHook } = coder.config;
    assertEquals([kind, inputHook], ["sae", outputHook]);
    assertEquals(outputHook, `blocks.${LAYER}.hook_mlp_out`);
  }));

Deno.test("coders train on a text file and are evaluated on text that training does not read", () =>
  inFolder(async (folder) => {
    const text = join(folder, "text.txt");
    const names = ["Mary", "John", "Anna", "Tom", "Sarah", "Peter", "Lucy", "James"];
    const things = ["book", "drink", "ball", "ring", "letter", "flower"];
    const documents = Array.from({ length: 3000 }, (_, i) => {
      const [a, b, thing] = [names[i % 8], names[(i * 5 + 3) % 8], things[(i * 7) % 6]];
      return `Then, ${a} and ${b} went to the store. ${a} gave a ${thing} to ${b}.`;
    });
    await Deno.writeTextFile(text, documents.join("<|endoftext|>"));
    const { coder, place } = await trained(folder, "--dataset-path", text, "--k", "8");
    assertEquals(coder.config.metadata.dataset_path, text);
    assert(place.l0! > 0 && place.l0! <= 8);
  }));
