/**
 * Tests the completeness of integrated gradients. Along the input's path, the scores out of `input` add up to the change
 * of the metric, prompt by prompt, except for the error of the quadrature.
 *
 * The rule of EAP-IG has an error of order 1/m. The error of Gauss–Legendre falls exponentially once its points resolve
 * the path. Most trained models need only a few points. Steep paths need more, for example in random models with large
 * weights.
 */
import { assert, assertAlmostEquals } from "@std/assert";
import type { Readout } from "../../model/blocks/embedding.ts";
import { HookedModel } from "../../model/hooked_model.ts";
import { loadTokenizer } from "../../model/tokenizer.ts";
import type { PromptPair } from "../../tasks/prompt_pair.ts";
import { loadTask, readoutOf } from "../../tasks/tasks.ts";
import { attribute } from "./attribution.ts";
import { nBackward } from "../graph/graph.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import type { Quadrature } from "./quadrature.ts";
import { referenceCase, runtime } from "../../../tests/support/circuit_cases.ts";

/**
 * Returns the mean over prompts of |Σ scores out of input − change of the metric| / mean |change|, twice: computed from
 * the scores of every prompt, and as the attribution reports it.
 */
async function incompleteness(
  model: HookedModel,
  pairs: readonly PromptPair[],
  readout: Readout,
  quadrature: Quadrature,
  steps: number,
): Promise<number> {
  const batches = promptBatches(pairs, readout, { batchSize: 10 });
  const { perPrompt, cleanMetric, corruptedMetric, completeness } = await attribute(
    model,
    batches,
    {
      quadrature,
      steps,
      perPrompt: true,
    },
  );
  const cells = perPrompt!.length / pairs.length;
  let missing = 0, changes = 0;
  pairs.forEach((_, n) => {
    const outOfInput = perPrompt!.subarray(n * cells, n * cells + nBackward(model.config));
    const change = cleanMetric[n] - corruptedMetric[n];
    missing += Math.abs(outOfInput.reduce((a, b) => a + b, 0) - change);
    changes += Math.abs(change);
  });
  assertAlmostEquals(completeness.missing!, missing / changes, 1e-5);
  return missing / changes;
}

for (const architecture of ["neox", "gpt2"] as const) {
  for (const metric of ["logit_diff", "prob_diff"] as const) {
    Deno.test(`scores out of the input add up to the change of the metric (${architecture}, ${metric})`, async () => {
      const { c, model, pairs } = await referenceCase(architecture);
      const error = (quadrature: Quadrature, steps: number) =>
        incompleteness(model, pairs, c.readout(metric), quadrature, steps);
      const reference = await error("reference", 30), coarse = await error("reference", 10);
      const gauss = await error("gauss-legendre", 30), fine = await error("gauss-legendre", 48);
      assert(reference < coarse, `reference: ${coarse} at 10 steps, ${reference} at 30`);
      assert(gauss < reference / 25, `30 steps: Gauss–Legendre ${gauss}, reference ${reference}`);
      assert(fine < 5e-5, `Gauss–Legendre, 48 steps: ${fine}`);
      await c.close();
    });
  }
}

const NANO = new URL("../../../models/pythia-nano", import.meta.url).pathname;

/** Numbers of Gauss–Legendre points that beat EAP-IG's 30 points, by checkpoint and task of the nano suite. */
const ENOUGH = [
  ["main", "gender_pronoun", 5],
  ["step1536", "ioi", 12],
  ["step256", "ioi", 5],
  ["step0", "ioi", 5],
] as const;

for (const [revision, task, steps] of ENOUGH) {
  Deno.test(`${steps} Gauss–Legendre points beat 30 points of the reference rule (pythia-nano ${revision}, ${task})`, async () => {
    const model = await HookedModel.load(NANO, { revision, runtime });
    const data = await loadTask(task, await loadTokenizer(model.dir!), { n: 10, seed: 42 });
    const error = (quadrature: Quadrature, points: number) =>
      incompleteness(model, data.prompts, readoutOf(data), quadrature, points);
    const [few, many] = [await error("gauss-legendre", steps), await error("reference", 30)];
    assert(few < many, `${steps} points: ${few}, 30 of the reference: ${many}`);
    const exact = await error("gauss-legendre", 24);
    assert(exact < 2e-5, `24 points: ${exact}`);
    model.close();
  });
}
