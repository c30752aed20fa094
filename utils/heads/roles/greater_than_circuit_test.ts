import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { PromptPair } from "../../tasks/prompt_pair.ts";
import { greaterThanParts } from "./greater_than_circuit.ts";
import type { Head } from "../head.ts";
import { ARCHITECTURES, referenceModel } from "../../../tests/support/head_cases.ts";

/** Makes prompts of two lengths with six "years", tokens 40 … 45. The first year is four positions before END. */
function prompts(): PromptPair[] {
  return Array.from({ length: 9 }, (_, i) => {
    const clean = Array.from({ length: 8 + i % 2 }, (_, p) => (17 * i + 31 * p + 5) % 96);
    const yy = i % 5;
    const position = clean.length - 1;
    clean[position - 4] = 40 + yy;
    return {
      clean,
      corrupted: clean,
      cleanText: "",
      corruptedText: "",
      position,
      wrong: [40, 41, 42, 43, 44, 45].slice(0, yy + 1),
      correct: [40, 41, 42, 43, 44, 45].slice(yy + 1),
      marks: { YY: position - 4, END: position },
    };
  });
}

for (const architecture of ARCHITECTURES) {
  Deno.test(`greaterThanParts() equals loops over one prompt at a time (${architecture})`, async () => {
    const model = await referenceModel(architecture);
    const heads: Head[] = [[1, 3], [0, 2], [0, 0], [2, 1]];
    const mlps = [2, 0];
    const found = await greaterThanParts(model, prompts(), { mlps, heads }, 2);
    const { W_U } = await model.weights.unembedding();
    const { dModel: d } = model.config;
    const lens = (out: Float32Array) =>
      [40, 41, 42, 43, 44, 45].map((id) =>
        out.reduce((sum, x, i) => sum + x * W_U.data[id * d + i], 0)
      );
    const largest = (values: number[]) => values.indexOf(Math.max(...values));
    const looks = heads.map(() => 0), points = heads.map(() => 0), promotes = mlps.map(() => 0);
    for (const { clean, wrong, position } of prompts()) {
      const read = [0, 1, 2].flatMap((l) =>
        ["attn.hook_pattern", "attn.hook_result", "hook_mlp_out"].map((p) => `blocks.${l}.${p}`)
      );
      const { hooks } = await model.run([clean], { read });
      const T = clean.length;
      heads.forEach(([l, h], i) => {
        const at = (h * T + position) * T;
        const row = [...hooks.get(`blocks.${l}.attn.hook_pattern`)!.data.subarray(at, at + T)];
        if (largest(row) === position - 4) looks[i] += 1 / 9;
        const from = (position * 4 + h) * d;
        const out = hooks.get(`blocks.${l}.attn.hook_result`)!.data.subarray(from, from + d);
        const yy = wrong.length - 1;
        if ([yy, yy + 1].includes(largest(lens(out)))) points[i] += 1 / 9;
      });
      mlps.forEach((l, i) => {
        const from = position * d;
        const years = lens(hooks.get(`blocks.${l}.hook_mlp_out`)!.data.subarray(from, from + d));
        const average = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
        promotes[i] +=
          (average(years.slice(wrong.length)) - average(years.slice(0, wrong.length))) / 9;
      });
    }
    heads.forEach(([l, h], i) => {
      assertAlmostEquals(found.attn_patterns[`a${l}.h${h}`], looks[i], 1e-9);
      assertAlmostEquals(found.attn_logits[`a${l}.h${h}`], points[i], 1e-9);
    });
    mlps.forEach((l, i) => assertAlmostEquals(found.mlp_logits[`m${l}`], promotes[i], 1e-5));
    model.close();
  });
}

Deno.test("greaterThanParts() is empty for a circuit without parts", async () => {
  const model = await referenceModel("neox");
  assertEquals(await greaterThanParts(model, prompts(), { mlps: [], heads: [] }), {
    attn_patterns: {},
    attn_logits: {},
    mlp_logits: {},
  });
  model.close();
});
