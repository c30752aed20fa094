/** Measures of the notebooks that `utils/heads` does not have, on the embedded model. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { mean } from "../utils/base/statistics.ts";
import { attentionToNames } from "../utils/heads/scores/attention_scores.ts";
import { tensor } from "../utils/onnx/mod.ts";
import { attentionPerPrompt, behaviour, effectsOn, wholeEffectOn } from "./ioi_circuit.ts";
import { openIoi, someSteps, withoutRepetition } from "./ioi_prompts.ts";

const ioi = await openIoi("pythia-nano", "last", 6);
const { model, prompts, readout } = ioi;

Deno.test("wholeEffectOn() of values equals mixing the corrupted values with the clean attention by hand", async () => {
  const level1 = await behaviour(ioi);
  const head = [1, 2] as const;
  const read = ["blocks.1.attn.hook_pattern", "blocks.1.attn.hook_v", "blocks.1.attn.hook_z"];
  const clean = (await model.run(prompts.map((p) => p.clean), { read })).hooks;
  const corrupted = (await model.run(prompts.map((p) => p.corrupted), { read })).hooks;
  const pattern = clean.get(read[0])!, v = corrupted.get(read[1])!, z = clean.get(read[2])!;
  const [batch, pos, H, e] = z.shape;
  const mixed = z.data.slice();
  for (let b = 0; b < batch; b++) {
    for (let q = 0; q < pos; q++) {
      for (let i = 0; i < e; i++) {
        let sum = 0;
        for (let k = 0; k <= q; k++) {
          sum += pattern.data[((b * H + head[1]) * pos + q) * pos + k] *
            v.data[((b * pos + k) * H + head[1]) * e + i];
        }
        mixed[((b * pos + q) * H + head[1]) * e + i] = sum;
      }
    }
  }
  const positions = prompts.map((p) => p.position);
  const patches = [{ hook: read[2], value: tensor(mixed, z.shape) }];
  const patched = await model.metric(prompts.map((p) => p.clean), positions, readout, { patches });
  const base = mean(level1.clean);
  const expected = (mean(patched) - base) / (base - mean(level1.corrupted));
  assertAlmostEquals(await wholeEffectOn(ioi, level1, "v", [head]), expected, 1e-5);
  assert(Math.abs(expected) > 1e-6, "the head must have an effect to compare");
});

Deno.test("without receivers there are no effects", async () => {
  const level1 = await behaviour(ioi);
  assertEquals(await wholeEffectOn(ioi, level1, "q", []), 0);
  assert((await effectsOn(ioi, level1, "v", [])).every((x) => x === 0));
});

Deno.test("attentionPerPrompt() has the means of attentionToNames()", async () => {
  const heads = [[1, 2], [2, 0]] as const;
  const { io, s1, s2 } = await attentionToNames(model, prompts);
  const each = await attentionPerPrompt(ioi, heads);
  heads.forEach(([l, h], i) => {
    const place = l * model.config.nHeads + h;
    assertAlmostEquals(mean(each[i].io), io[place], 1e-6);
    assertAlmostEquals(mean(each[i].s), s1[place] + s2[place], 1e-6);
  });
});

Deno.test("withoutRepetition() changes S2 alone, to a name that is neither IO nor S", () => {
  withoutRepetition(prompts).forEach(({ clean }, n) => {
    const { marks, correct: [io], wrong: [s] } = prompts[n];
    const changed = clean.flatMap((id, p) => id === prompts[n].clean[p] ? [] : [p]);
    assertEquals(changed, [marks!.S2]);
    assert(clean[marks!.S2] !== io && clean[marks!.S2] !== s);
  });
});

Deno.test("someSteps() takes the first and the last step of a suite, ascending", () => {
  const steps = someSteps("pythia-nano", 5);
  assertEquals(steps[0], 0);
  assertEquals(steps, [...new Set(steps)].sort((a, b) => a - b));
  assert(steps.length <= 6);
  assertEquals(someSteps("pythia-70m", 3), [0, 18_000, 143_000]);
});
