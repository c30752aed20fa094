/** Compares attribution graphs with circuit-tracer's (tests/reference/transcoders). */
import { assert, assertEquals } from "@std/assert";
import { coderGraphRows } from "./graph_quantities.ts";
import { HookedModel } from "../model/mod.ts";

const REFERENCE = new URL("../../tests/reference", import.meta.url).pathname;

const EXPECTED: Record<string, string[]> = {
  neox: [
    "relu.adjacency",
    "relu.edges",
    "relu_top40.selected_features",
    "relu_custom.row",
    "clt.influence",
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
