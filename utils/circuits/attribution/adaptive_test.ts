/** Tests `adaptive` against plain midpoints: its scores of a prompt are those of the first number of points that is enough. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { nBackward } from "../graph/graph.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { attribute } from "./attribution.ts";
import { pathPoints, pointsAfter, pointsOfRound } from "./quadrature.ts";
import { assertClose, referenceCase } from "../../../tests/support/circuit_cases.ts";

Deno.test("rounds of adaptive add up to 5, 15, 45 … midpoints, none of them twice", () => {
  const seen: number[] = [];
  for (let round = 0; round < 4; round++) {
    const added = pointsOfRound(round);
    seen.push(...added.map(({ alpha }) => alpha));
    const expected = pathPoints("midpoint", pointsAfter(round));
    assertEquals(expected.length, 5 * 3 ** round);
    assertClose(seen.toSorted((a, b) => a - b), expected.map(({ alpha }) => alpha), 1e-12);
    assert(added.every(({ weight }) => weight === expected[0].weight));
  }
});

for (const architecture of ["neox", "gpt2"] as const) {
  Deno.test(`each prompt has the scores of its own number of midpoints (${architecture})`, async () => {
    const { c, model, pairs } = await referenceCase(architecture);
    const readout = c.readout("prob_diff");
    const batches = promptBatches(pairs, readout, { batchSize: 3 });
    const run = (quadrature: "midpoint" | "adaptive", steps?: number) =>
      attribute(model, batches, { quadrature, steps, tolerance: 0.005, perPrompt: true });
    const adaptive = await run("adaptive");
    const rounds = await Promise.all([5, 15, 45].map((steps) => run("midpoint", steps)));
    const cells = adaptive.perPrompt!.length / pairs.length;
    const scoresOf = ({ perPrompt }: typeof adaptive, n: number) =>
      perPrompt!.subarray(n * cells, (n + 1) * cells);
    const changes = adaptive.cleanMetric.map((clean, n) => clean - adaptive.corruptedMetric[n]);
    const allowed = 0.005 * changes.reduce((sum, x) => sum + Math.abs(x), 0) / pairs.length;
    const used = pairs.map((_, n) => {
      const round = rounds.findIndex((each) => {
        const sum = scoresOf(each, n).subarray(0, nBackward(model.config))
          .reduce((a, b) => a + b, 0);
        return Math.abs(sum - changes[n]) <= allowed;
      });
      assert(round >= 0, `45 points are enough for prompt ${n}`);
      assertClose(scoresOf(adaptive, n), scoresOf(rounds[round], n), 2e-6, `prompt ${n}`);
      return pointsAfter(round);
    });
    assert(new Set(used).size > 1, `prompts need different numbers of points, found ${used}`);
    assertAlmostEquals(
      adaptive.completeness.points!,
      used.reduce((a, b) => a + b, 0) / used.length,
      1e-12,
    );
    assert(adaptive.completeness.missing! <= 0.005);
    // Nodes and neurons add up over prompts in the same way: the input's edges leave its node.
    const all = Array.from(
      { length: cells },
      (_, cell) => pairs.reduce((sum, _, n) => sum + scoresOf(adaptive, n)[cell], 0) / pairs.length,
    );
    assertClose(adaptive.scores, all, 2e-6);
    const { nodes, neurons } = adaptive.nodes;
    const d = neurons.length / nodes.length;
    assertClose(
      nodes,
      Array.from(nodes, (_, u) => neurons.subarray(u * d, (u + 1) * d).reduce((a, b) => a + b, 0)),
      2e-6,
    );
    await assertRejects(
      () => attribute(model, batches, { quadrature: "adaptive", method: "EAP" }),
      Error,
      'quadrature "adaptive" is for method EAP-IG-inputs, found "EAP"',
    );
    await c.close();
  });
}
