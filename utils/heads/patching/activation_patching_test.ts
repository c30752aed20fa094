import { assertAlmostEquals } from "@std/assert";
import { tensor } from "../../onnx/mod.ts";
import { patchHeads, zeroAblateHeads } from "./activation_patching.ts";
import { allHeads, type Head } from "../head.ts";
import {
  ARCHITECTURES,
  logitDifference,
  referenceModel,
  unevenPairs,
} from "../../../tests/support/head_cases.ts";

for (const architecture of ARCHITECTURES) {
  Deno.test(`patchHeads() and zeroAblateHeads() equal whole runs with one head replaced (${architecture})`, async () => {
    const model = await referenceModel(architecture);
    const { nHeads, dHead } = model.config;
    const prompts = unevenPairs();
    const readout = logitDifference(prompts.length);
    const heads: Head[] = [[2, 1], [0, 3], [1, 0], [0, 0]];
    const patched = await patchHeads(model, prompts, readout, heads);
    const ablated = await zeroAblateHeads(model, prompts, readout, heads);
    for (const [i, [layer, head]] of heads.entries()) {
      for (const [n, { clean, corrupted, position }] of prompts.entries()) {
        const hook = `blocks.${layer}.attn.hook_z`;
        const { hooks } = await model.run([[...corrupted]], { read: [hook] });
        const z = hooks.get(hook)!;
        const mask = new Uint8Array(clean.length * nHeads)
          .map((_, j) => Number(j % nHeads === head));
        const run = async (data: Float32Array) => {
          const value = tensor(data, [1, clean.length, nHeads, dHead]);
          const patches = [{ hook, value, mask: tensor(mask, [1, clean.length, nHeads, 1]) }];
          const { data: logits } = await model.logits([[...clean]], [position], { patches });
          return logits[readout.ids[2 * n]] - logits[readout.ids[2 * n + 1]];
        };
        const at = i * prompts.length + n;
        const own = z.data.subarray(0, clean.length * nHeads * dHead);
        assertAlmostEquals(patched[at], await run(own), 1e-5);
        assertAlmostEquals(ablated[at], await run(new Float32Array(own.length)), 1e-5);
      }
    }
    model.close();
  });
}

Deno.test("patchHeads() gives the same for all heads of a layer together as for each alone", async () => {
  const model = await referenceModel("gpt2");
  const prompts = unevenPairs();
  const readout = logitDifference(prompts.length);
  const together = await patchHeads(model, prompts, readout);
  for (const [i, head] of allHeads(model.config).entries()) {
    const alone = await patchHeads(model, prompts, readout, [head]);
    alone.forEach((v, n) => assertAlmostEquals(together[i * prompts.length + n], v, 2e-5));
  }
  model.close();
});
