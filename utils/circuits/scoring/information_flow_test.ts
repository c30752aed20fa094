import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { circuitQuantities } from "../../verify/circuit_quantities.ts";
import { findQuantity, relativeError } from "../../verify/comparison.ts";
import { destinationNode, nBackward, nForward, prevIndex } from "../graph/graph.ts";
import { informationFlowRoutes } from "./information_flow.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import {
  ARCHITECTURES,
  assertClose,
  referenceCase,
  type SmallModel,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import { sourcesOf } from "../../../tests/oracle/oracle_circuits.ts";

/** Computes the importances of one clean prompt edge by edge, straight from the definition. */
function slowRoutes({ config, weights }: SmallModel, tokens: number[]): Float64Array {
  const run = oracle(config, weights, tokens);
  const sources = sourcesOf(config, run);
  const columns = nBackward(config), d = config.dModel;
  const scores = new Float64Array(nForward(config) * columns);
  for (let v = 0; v < columns; v++) {
    const { kind, layer } = destinationNode(config, v).node;
    const point = kind === "logits"
      ? `blocks.${layer - 1}.hook_resid_post`
      : `blocks.${layer}.hook_${kind === "mlp" ? "mlp_in" : "resid_pre"}`;
    const y = run.hooks.get(point)!.data;
    for (let p = 0; p < tokens.length; p++) {
      const norm = (f: (i: number) => number) =>
        Array.from({ length: d }, (_, i) => Math.abs(f(p * d + i))).reduce((a, b) => a + b);
      const near = sources.slice(0, prevIndex(config, v)).map((z) =>
        Math.max(0, norm((i) => y[i]) - norm((i) => y[i] - z[i]))
      );
      const total = near.reduce((a, b) => a + b);
      near.forEach((x, u) => scores[u * columns + v] += total > 0 ? x / total / tokens.length : 0);
    }
  }
  return scores;
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`informationFlowRoutes() are the shares of proximity: ${name}`, async () => {
    const small = smallModel(config);
    const pairs = smallPairs();
    const batches = promptBatches(pairs, smallReadout(4));
    const seen: number[] = [];
    const found = await informationFlowRoutes(small.model, batches, {
      perPrompt: true,
      onProgress: (done, total) => seen.push(done / total),
    });
    const slow = pairs.map((p) => slowRoutes(small, p.clean.slice(0, p.position + 1)));
    const cells = slow[0].length;
    slow.forEach((expected, n) => {
      const own = found.perPrompt!.subarray(n * cells, (n + 1) * cells);
      assertClose(own, expected, 1e-5, `prompt ${n}`);
    });
    const mean = slow[0].map((_, i) => slow.reduce((sum, s) => sum + s[i], 0) / slow.length);
    assertClose(found.scores, mean, 1e-5, "mean");
    assertEquals(seen, [0.25, 0.5, 0.75, 1]);
    const metric = await small.model.metric(
      pairs.map((p) => p.clean),
      pairs.map((p) => p.position),
      smallReadout(4),
    );
    assertClose(found.cleanMetric, metric, 1e-6, "clean metric");
  });
}

for (const architecture of ["neox", "gpt2"] as const) {
  Deno.test(`informationFlowRoutes() equal the reference scores, which add up to 1 (${architecture})`, async () => {
    const { c } = await referenceCase(architecture);
    const key = "scores.information_flow_routes";
    const { compute } = findQuantity(circuitQuantities, key)!;
    const found = (await compute(c, key))!;
    const error = relativeError(found, await c.read(key));
    assert(error < 2e-6, `${error}`);
    const columns = nBackward(c.model.config);
    for (let v = 0; v < columns; v++) {
      const sum = found.reduce((total, x, i) => total + (i % columns === v ? x : 0), 0);
      // GPT-2's position embedding is not a source, so the share of the token embedding may be 0.
      if (architecture === "neox" || v >= 3 * c.model.config.nHeads + 1) {
        assertAlmostEquals(sum, 1, 1e-5);
      }
    }
    await c.close();
  });
}
