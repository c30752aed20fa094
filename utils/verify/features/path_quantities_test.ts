/** Compares paths between features with transcoder_circuits' (tests/reference/transcoders). */
import { assert, assertEquals } from "@std/assert";
import { featurePathRows } from "./path_quantities.ts";
import { HookedModel } from "../../model/mod.ts";

const REFERENCE = new URL("../../../tests/reference", import.meta.url).pathname;

const EXPECTED = [
  "root0.attention",
  "root0.transcoder",
  "root0.pullback",
  "root0.parts",
  "root0.paths_raw",
  "root0.paths_capped",
  "root0.paths_raw_with_first_source.contributions",
  "root0.graph_edges",
  "root0.graph_nodes.values",
  "root0.error_edges.values",
  "root0.edges_without_tokens",
  "root0.top_features",
  "custom.paths_raw",
  "mean_ixg.value",
];

const CASES: Record<string, string[]> = {
  neox: [...EXPECTED, "deembedding.direct", "deembedding.head", "ov_norms"],
  gpt2: EXPECTED,
};

for (const [name, expected] of Object.entries(CASES)) {
  Deno.test(`paths are transcoder_circuits': ${name}`, async () => {
    const model = await HookedModel.load(`${REFERENCE}/${name}/model`);
    const found: string[] = [];
    for await (const row of featurePathRows(`${REFERENCE}/transcoders/${name}`, model)) {
      const { quantity, error, exact } = row;
      assert(error <= (exact ? 0 : 2e-5), `${quantity}: ${error}`);
      found.push(quantity);
    }
    assertEquals(expected.filter((quantity) => !found.includes(quantity)), []);
    model.close();
  });
}
