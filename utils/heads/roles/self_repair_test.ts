import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { mean } from "../../base/statistics.ts";
import { FOLDED } from "../../model/weights/weight_processing.ts";
import { zeroAblateHeads } from "../patching/activation_patching.ts";
import { pastNameMovers, selfRepair } from "./self_repair.ts";
import {
  ARCHITECTURES,
  logitDifference,
  referenceModel,
  unevenPairs,
} from "../../../tests/support/head_cases.ts";

for (const architecture of ARCHITECTURES) {
  Deno.test(`selfRepair() ablates its targets and splits the change by circuit (${architecture})`, async () => {
    const model = await referenceModel(architecture, { processing: FOLDED });
    const prompts = unevenPairs();
    const readout = logitDifference(prompts.length);
    const found = await selfRepair(model, prompts, readout, [[1, 2]], [[2, 0], [2, 1], [1, 2]]);
    const ablated = mean(await zeroAblateHeads(model, prompts, readout, [[1, 2]]));
    assertAlmostEquals(found.ablated_logit_diff, ablated, 1e-5);
    assertEquals(found.per_head_ablated_logit_diffs[6], 0);
    assert(found.per_head_logit_diffs[6] !== 0);
    const delta = found.per_head_logit_diff_delta;
    assertEquals(delta[6], 0);
    delta.forEach((value, i) => {
      if (i === 6) return;
      const change = found.per_head_ablated_logit_diffs[i] - found.per_head_logit_diffs[i];
      assertAlmostEquals(value, change, 1e-7);
    });
    assertAlmostEquals(found.summed_in_circuit_head_delta, delta[8] + delta[9], 1e-6);
    assertAlmostEquals(
      found.summed_in_circuit_head_delta + found.summed_outside_circuit_head_delta,
      found.summed_total_head_delta,
      1e-6,
    );
    model.close();
  });
}

Deno.test("selfRepair() without targets changes nothing", async () => {
  const model = await referenceModel("neox", { processing: FOLDED });
  const prompts = unevenPairs();
  const found = await selfRepair(model, prompts, logitDifference(prompts.length), [], [[0, 0]]);
  assertEquals(found.logit_diff, found.ablated_logit_diff);
  assert(found.per_head_logit_diff_delta.every((x) => x === 0));
  model.close();
});

Deno.test("pastNameMovers() collects the targets of all checkpoints so far", () => {
  assertEquals(pastNameMovers([[], [[2, 1]], [[0, 3]], [[2, 1]]]), [
    [],
    [[2, 1]],
    [[0, 3], [2, 1]],
    [[0, 3], [2, 1]],
  ]);
});
