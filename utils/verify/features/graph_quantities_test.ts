/** Compares attribution graphs with circuit-tracer's (tests/reference/transcoders). */
import { assert, assertEquals } from "@std/assert";
import { coderGraphRows } from "./graph_quantities.ts";
import { relativeError } from "../comparison.ts";
import { readJson } from "../../base/mod.ts";
import { attributionGraph, linearRun } from "../../feature_circuits/mod.ts";
import { HookedModel } from "../../model/mod.ts";
import { openSafetensors } from "../../tensor_files/mod.ts";
import { openCoders } from "../../transcoders/mod.ts";

const REFERENCE = new URL("../../../tests/reference", import.meta.url).pathname;

const EXPECTED: Record<string, string[]> = {
  neox: [
    "relu.adjacency",
    "relu.edges",
    "relu_top40.selected_features",
    "relu_custom.row",
    "clt.influence",
    "graph_relu.schema",
    "graph_relu.nodes",
    "graph_relu.links",
    "graph_relu.weights",
  ],
  gpt2: ["topk_skip.adjacency", "topk_skip.edges", "topk_skip.node_mask", "topk_skip.rest"],
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`graphs are circuit-tracer's: ${name}`, async () => {
    const model = await HookedModel.load(`${REFERENCE}/${name}/model`);
    const found: string[] = [];
    for await (const row of coderGraphRows(`${REFERENCE}/transcoders/${name}`, model)) {
      const { quantity, error, exact } = row;
      assert(error <= (exact ? 0 : 1e-5), `${quantity}: ${error}`);
      found.push(quantity);
    }
    assertEquals(expected.filter((quantity) => !found.includes(quantity)), []);
    model.close();
  });
}

Deno.test("graphs of another model are not circuit-tracer's", async () => {
  const model = await HookedModel.load(`${REFERENCE}/neox/model`);
  const { o_w } = await model.weights.layer(1);
  o_w.data[0] += 0.1;
  let worst = 0;
  for await (const { error } of coderGraphRows(`${REFERENCE}/transcoders/neox`, model)) {
    worst = Math.max(worst, error);
  }
  assert(worst > 1e-3, `${worst}`);
  model.close();
});

Deno.test("edges predict circuit-tracer's interventions with everything constrained", async () => {
  const dir = `${REFERENCE}/transcoders/neox`;
  const model = await HookedModel.load(`${REFERENCE}/neox/model`);
  const json = await readJson(`${dir}/graphs.json`) as {
    tokens: number[];
    "relu.interventions": { set: [number, number, number, number][] }[];
  };
  const tensors = await openSafetensors(`${dir}/graphs.safetensors`);
  const { coders } = await openCoders(`${dir}/transcoders/relu`);
  const run = await linearRun(model, coders, json.tokens, { ignore: [0] });
  const { W_U } = await model.weights.unembedding();
  const [V, d] = W_U.shape;
  const graph = await attributionGraph(
    run,
    Array.from({ length: V }, (_, token) => ({
      label: `logit ${token}`,
      hook: "ln_final.hook_out",
      position: json.tokens.length - 1,
      vector: W_U.data.subarray(token * d, (token + 1) * d),
      weight: 0,
    })),
  );
  const { count: K, places } = run.features;
  const base = await tensors.read("relu.interventions.base");
  const predicted = json["relu.interventions"].flatMap(({ set }) => {
    const logits = Array.from(base);
    for (const [layer, position, feature, value] of set) {
      const place = String([layer, position, feature]);
      const i = Array.from({ length: K }, (_, j) => j)
        .findIndex((j) => String(places.subarray(3 * j, 3 * j + 3)) === place);
      assert(i >= 0, `feature ${place} is active`);
      const times = value / graph.activations[i] - 1;
      logits.forEach((_, v) => logits[v] += times * graph.edges[(K + v) * graph.columns + i]);
    }
    return logits;
  });
  const direct = await tensors.read("relu.interventions.direct.logits");
  const error = relativeError(Float32Array.from(predicted), direct);
  assert(error < 1e-5, `${error}`);
  tensors.close();
  model.close();
});
