import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { EDGE_METHODS, edgeScores } from "./edge_scores.ts";
import { nBackward, realEdgeMask } from "../graph/graph.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import {
  ARCHITECTURES,
  assertClose,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";

const PAIRS = smallPairs();

for (const name of ["GPT-NeoX", "GPT-2"]) {
  Deno.test(`edgeScores() of every method have the same form: ${name}`, async () => {
    const { model, config } = smallModel(ARCHITECTURES[name]);
    const batches = promptBatches(PAIRS, smallReadout(PAIRS.length));
    const real = realEdgeMask(config);
    const positions = PAIRS.map((p) => p.position);
    const metric = (which: "clean" | "corrupted") =>
      model.metric(PAIRS.map((p) => p[which]), positions, smallReadout(PAIRS.length));
    for (const method of EDGE_METHODS) {
      const progress: number[] = [];
      const found = await edgeScores(model, batches, {
        method,
        steps: 3,
        perPrompt: true,
        onProgress: (done, total) => progress.push(done / total),
      });
      assertEquals(progress.at(-1), 1, method);
      assertEquals(found.scores.length, real.length);
      assert(
        found.scores.every((x, cell) => real[cell] || x === 0),
        `${method}: a cell that is not an edge must have score 0`,
      );
      const mean = found.scores.map((_, i) =>
        PAIRS.reduce((sum, _, n) => sum + found.perPrompt![n * real.length + i], 0) / PAIRS.length
      );
      assertClose(mean, found.scores, 1e-6, method);
      assertClose(found.cleanMetric, await metric("clean"), 1e-6, method);
      assertClose(found.corruptedMetric, await metric("corrupted"), 1e-6, method);
      if (method === "information-flow-routes") continue;
      const out = found.scores.subarray(0, nBackward(config)).reduce((a, b) => a + b, 0);
      assertAlmostEquals(found.completeness.sum, out, 1e-5, method);
      const change = found.cleanMetric.reduce((a, b) => a + b) -
        found.corruptedMetric.reduce((a, b) => a + b);
      assertAlmostEquals(found.completeness.change, change / PAIRS.length, 1e-5, method);
    }
  });
}

Deno.test("edgeScores() have one sign: positive where corrupting the edge raises the loss", async () => {
  const { model, config } = smallModel(ARCHITECTURES["GPT-NeoX"]);
  // Only the final LayerNorm comes after edges into the logits, so the estimate follows the exact score.
  const batches = promptBatches(PAIRS.slice(0, 1), smallReadout(1));
  const logits = nBackward(config) - 1;
  const of = async (method: typeof EDGE_METHODS[number]) =>
    (await edgeScores(model, batches, { method, steps: 5 })).scores
      .filter((_, cell) => cell % nBackward(config) === logits);
  const [gradient, exact] = [await of("EAP-IG-inputs"), await of("exact")];
  const inner = gradient.reduce((sum, x, i) => sum + x * exact[i], 0);
  const norm = (v: Float32Array) => Math.hypot(...v);
  assert(inner / norm(gradient) / norm(exact) > 0.5, `${inner / norm(gradient) / norm(exact)}`);
});

Deno.test("edgeScores() reject interventions that a method has no path for", async () => {
  const { model } = smallModel(ARCHITECTURES["GPT-NeoX"]);
  const batches = promptBatches(PAIRS, smallReadout(PAIRS.length), { sharePrefix: false });
  for (const method of ["EAP-IG-inputs", "clean-corrupted"] as const) {
    await assertRejects(
      () => edgeScores(model, batches, { method, intervention: "zero" }),
      Error,
      method,
    );
  }
});
