/** Attribution graphs of Llama-style models: RMSNorm scales are frozen, keys are grouped, heads are wider than d/H. */
import { assert } from "@std/assert";
import { attributionGraph, graphRows } from "./graph.ts";
import { conservation } from "./conservation.ts";
import { headTargets, logitTargets } from "./targets.ts";
import { linearRun } from "../linear/mod.ts";
import { randomCoder } from "../../../tests/support/coder_cases.ts";
import { HookedModel, hookNames } from "../../model/mod.ts";

async function caseOf(name: string) {
  const dir = new URL(`../../../tests/reference/architectures/${name}/model`, import.meta.url);
  const model = await HookedModel.load(dir.pathname);
  const { dModel } = model.config;
  const coders = Array.from({ length: 3 }, (_, layer) =>
    randomCoder({
      layer,
      dIn: dModel,
      dOut: dModel,
      features: 14,
      inputHook: `blocks.${layer}.${name === "olmo2" ? "hook_mlp_in" : "mlp.hook_in"}`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
      skip: layer > 0,
    }, layer + 1));
  return { model, coders, tokens: [51, 92, 17, 82, 30, 29, 4] };
}

for (const name of ["llama3", "qwen2", "olmo", "gemma2", "gemma3", "olmo2"]) {
  Deno.test(`the edges into every node of ${name} add up to its value`, async () => {
    const { model, coders, tokens } = await caseOf(name);
    const run = await linearRun(model, coders, tokens);
    const graph = await attributionGraph(run, await logitTargets(run, { most: 4 }));
    const { ofLargest, ofOwn } = conservation(graph);
    assert(ofLargest < 1e-5 && ofOwn < 1e-5, `${ofLargest} ${ofOwn}`);
    const point = "attn.hook_v";
    const { hooks } = await model.run([tokens], { read: hookNames(model.config, point) });
    const targets = await headTargets(model, 2, 3, "v", 5);
    const rows = await graphRows(run);
    const { rows: list, constants } = await rows.targetRows(targets);
    const { columns } = rows.sources;
    const data = new Float32Array(list.length * columns);
    await rows.walk.edges(list, { data, offset: (r) => r * columns });
    const value = hooks.get(`blocks.2.${point}`)!;
    const [, , K, e] = value.shape;
    for (let i = 0; i < e; i++) {
      const sum = data.subarray(i * columns, (i + 1) * columns).reduce((a, b) => a + b, 0);
      const expected = value.data[(5 * K + K - 1) * e + i];
      assert(Math.abs(sum + constants[i] - expected) < 2e-5, `${sum + constants[i]} ${expected}`);
    }
    model.close();
  });
}
