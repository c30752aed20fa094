import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plainRow, randomCoder } from "../../../tests/support/coder_cases.ts";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import { setup } from "../../../tests/support/spliced_coder.ts";
import type { OracleWeights } from "../../../tests/oracle/oracle_transformer.ts";
import { PythonRandom } from "../../base/mod.ts";
import type { ModelConfig } from "../../model/mod.ts";
import type { CoderConfig } from "../coder.ts";
import { unitRows } from "../random_rows.ts";
import { cleanRun } from "./clean_run.ts";
import { hasMlpJacobian, jacobianCosine } from "./jacobian.ts";
import { rowsOf } from "./token_rows.ts";

/** Normal distribution function by Abramowitz & Stegun's bound is too rough; this is the series of erf. */
function phi(x: number): number {
  let term = x, total = x;
  for (let n = 1; n < 200; n++) total += term *= x * x / (2 * n + 1);
  return 0.5 + total * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

const ACTIVATIONS: Record<ModelConfig["activation"], (x: number) => number> = {
  gelu: (x) => x * phi(x),
  gelu_tanh: (x) => x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(0, x),
  silu: (x) => x / (1 + Math.exp(-x)),
};

/** The MLP of layer 1 in plain loops, from what a coder reads to what it should give. */
function plainMlp(
  config: ModelConfig,
  w: OracleWeights,
  x: ArrayLike<number>,
  { bare, centred }: { bare: boolean; centred: boolean },
): number[] {
  const { dModel: d, dMlp: m } = config;
  const neox = config.architecture === "gpt_neox";
  const of = (name: string, at: number) => w[`1.${name}`][at];
  const read = Array.from(x, (v, i) => bare ? v * of("ln2_w", i) + of("ln2_b", i) : v);
  const post = Array.from({ length: m }, (_, k) => {
    const sum = read.reduce((s, v, i) => s + v * of("in_w", neox ? k * d + i : i * m + k), 0);
    return ACTIVATIONS[config.activation](sum + of("in_b", k));
  });
  const out = Array.from(
    { length: d },
    (_, j) =>
      of("out_b", j) +
      post.reduce((s, v, k) => s + v * of("out_w", neox ? j * m + k : k * d + j), 0),
  );
  const mean = centred ? out.reduce((a, b) => a + b) / d : 0;
  return out.map((v) => v - mean);
}

const CASES: Record<string, Partial<CoderConfig> & { point: string }> = {
  "the MLP's input": { point: "mlp.hook_in" },
  "the bare normalised vector": { point: "ln2.hook_normalized", skip: true },
  "the folded MLP's input": {
    point: "mlp.hook_in",
    inputConvention: "folded",
    activation: { name: "jumprelu" },
  },
};

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  for (const [what, { point, ...changes }] of Object.entries(CASES)) {
    Deno.test(`the Jacobian cosine of a coder of ${what} in a ${name} model equals central differences`, async () => {
      await using context = setup(config);
      const { model, weights, prompts } = context;
      const coder = randomCoder({
        dIn: 12,
        dOut: 12,
        activation: { name: "topk", k: 3 },
        inputHook: `blocks.1.${point}`,
        ...changes,
      }, 2);
      assert(hasMlpJacobian(coder));
      const rows = rowsOf(prompts, [prompts[0][1]]);
      const { points: [{ input }] } = await cleanRun(model, [coder.config], rows);
      const found = await jacobianCosine(model, coder, input, rows, { tokens: 5, seed: 3 });

      const counted = Array.from(rows.counted.keys()).filter((i) => rows.counted[i] === 1).slice(
        0,
        5,
      );
      const v = unitRows(20, 12, new PythonRandom(3)).data;
      const bare = point !== "mlp.hook_in" || changes.inputConvention === "folded";
      const centred = changes.inputConvention === "folded";
      let total = 0;
      for (let k = 0; k < 20; k++) {
        const x = [...input.data.subarray(counted[k % 5] * 12, counted[k % 5] * 12 + 12)];
        const moved = (h: number) => x.map((value, i) => value + h * v[k * 12 + i]);
        const along = (f: (x: number[]) => number[]) => {
          const [a, b] = [f(moved(1e-6)), f(moved(-1e-6))];
          return a.map((value, j) => (value - b[j]) / 2e-6);
        };
        const real = along((at) => plainMlp(config, weights, at, { bare, centred }));
        const made = along((at) => plainRow(coder, at).y);
        const dot = (a: number[], b: number[]) => a.reduce((s, value, j) => s + value * b[j], 0);
        const norms = Math.sqrt(dot(real, real) * dot(made, made));
        total += norms > 0 ? dot(real, made) / norms : 0;
      }
      assertAlmostEquals(found, total / 20, 1e-4);
    });
  }
}

Deno.test("coders that do not read and give what an MLP does have no Jacobian to compare", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model, prompts } = context;
  const stream = randomCoder({ dIn: 12, dOut: 12, inputHook: "blocks.1.hook_resid_mid" });
  const hook = "blocks.1.hook_mlp_out";
  const sae = randomCoder({ kind: "sae", dIn: 12, dOut: 12, inputHook: hook, outputHook: hook });
  assertEquals([stream, sae].map(hasMlpJacobian), [false, false]);
  const rows = rowsOf(prompts);
  const { points: [{ input }] } = await cleanRun(model, [sae.config], rows);
  await assertRejects(() => jacobianCosine(model, sae, input, rows), Error, "what an MLP does");
});
