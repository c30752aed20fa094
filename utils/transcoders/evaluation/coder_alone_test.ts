import { assertAlmostEquals, assertEquals } from "@std/assert";
import { plainRow, randomCoder } from "../../../tests/support/coder_cases.ts";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import {
  countedRows,
  EXCLUDED,
  meanOf,
  plainLosses,
  PROMPTS,
} from "../../../tests/support/plain_evaluation.ts";
import { setup } from "../../../tests/support/spliced_coder.ts";
import { evaluateAlone } from "./coder_alone.ts";
import { rowsOf } from "./token_rows.ts";

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`evaluateAlone() on a ${name} model equals plain loops that replace the MLP's output`, async () => {
    await using context = setup(config);
    const { model, weights } = context;
    const plain = { config, weights };
    for (const layer of [0, 1]) {
      const coder = randomCoder({
        ...{ dIn: 12, dOut: 12, features: 9, layer, activation: { name: "topk", k: 3 } },
        inputHook: `blocks.${layer}.mlp.hook_in`,
        outputHook: `blocks.${layer}.hook_mlp_out`,
      }, 5 + layer);
      // In two batches, which add up.
      const rows = [PROMPTS.slice(0, 1), PROMPTS.slice(1)].map((part) => rowsOf(part, [EXCLUDED]));
      const found = await evaluateAlone(model, coder, rows);
      const clean = plainLosses(plain, [], () => [], true);
      const own = plainLosses(plain, [layer], (_, { x }) => plainRow(coder, x).y, true);
      const zero = plainLosses(plain, [layer], () => Array(12).fill(0), true);
      const close = (key: string, value: number) =>
        assertAlmostEquals(found[key], value, 2e-5 * (1 + Math.abs(value)), key);
      close("ce_loss_without_sae", clean.ce);
      close("ce_loss_with_sae", own.ce);
      close("ce_loss_with_ablation", zero.ce);
      close("kl_with_sae", own.kl);
      const { CE_loss_score: score, ce_loss_with_ablation: ablated, ce_loss_without_sae: ce } =
        found;
      if (zero.ce > clean.ce) {
        assertAlmostEquals(score, 1 - (found.ce_loss_with_sae - ce) / (ablated - ce), 1e-9);
      } else assertEquals(score, undefined);
      const points = countedRows(plain, PROMPTS, layer);
      const mean = meanOf(points.map(({ y }) => y));
      let error = 0, variance = 0, active = 0;
      for (const { x, y } of points) {
        const made = plainRow(coder, x);
        active += made.a.filter((a) => a !== 0).length;
        y.forEach((value, j) => {
          error += (made.y[j] - value) ** 2;
          variance += (value - mean[j]) ** 2;
        });
      }
      close("held_out_l0", active / points.length);
      assertAlmostEquals(found.held_out_fvu, error / variance, 1e-4 * (1 + error / variance));
    }
  });
}
