import { assert, assertEquals } from "@std/assert";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { circuitQuantities } from "../../verify/circuit_quantities.ts";
import { findQuantity, relativeError } from "../../verify/comparison.ts";
import { CircuitEvaluator } from "../evaluation/evaluation.ts";
import { exactScores } from "./exact.ts";
import { edgeCount, nBackward, nForward, realEdgeMask } from "../graph/graph.ts";
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
import { metricOf, slowCircuit, sourcesOf } from "../../../tests/oracle/oracle_circuits.ts";

const PAIRS = smallPairs().slice(1, 3);
const cut = (tokens: number[], n: number) => tokens.slice(0, PAIRS[n].position + 1);
const at = (scores: ArrayLike<number>, mask: Uint8Array) =>
  Array.from(scores).filter((_, cell) => mask[cell]);

/** Returns the rise of the loss on prompt n when some cells are off, by editing inputs one by one. */
function slowRise(small: SmallModel, n: number, zero: boolean, off: (cell: number) => boolean) {
  const { config, weights } = small;
  const clean = cut(PAIRS[n].clean, n);
  const corrupted = sourcesOf(config, oracle(config, weights, cut(PAIRS[n].corrupted, n)));
  if (zero) corrupted.forEach((own) => own.fill(0));
  const mask = realEdgeMask(config).map((real, cell) => Number(real && !off(cell)));
  const readout = smallReadout(PAIRS.length);
  return metricOf(small, oracle(config, weights, clean), n, readout) -
    slowCircuit(small, clean, corrupted, mask, n, readout);
}

for (const name of ["GPT-NeoX", "GPT-NeoX sequential", "GPT-2"]) {
  const config = ARCHITECTURES[name];
  for (const intervention of ["patching", "zero"] as const) {
    Deno.test(`exactScores() are the changes from switching one edge or node: ${name}, ${intervention}`, async () => {
      const small = smallModel(config);
      const batches = promptBatches(PAIRS, smallReadout(PAIRS.length), {
        sharePrefix: intervention === "patching",
      });
      const progress: number[] = [];
      const { scores, perPrompt, nodes } = await exactScores(small.model, batches, {
        intervention,
        perPrompt: true,
        memory: 60e3,
        onProgress: (done, total) => progress.push(done / total),
      });
      const columns = nBackward(config), real = realEdgeMask(config);
      const means = new Float64Array(scores.length), ofNodes = new Float64Array(nForward(config));
      PAIRS.forEach((_, n) => {
        const expected = means.map((_, cell) =>
          real[cell] ? slowRise(small, n, intervention === "zero", (c) => c === cell) : 0
        );
        const own = perPrompt!.subarray(n * scores.length, (n + 1) * scores.length);
        assertClose(own, expected, 1e-5, `prompt ${n}`);
        expected.forEach((x, cell) => means[cell] += x / PAIRS.length);
        ofNodes.forEach((_, u) => {
          const off = (cell: number) => Math.floor(cell / columns) === u;
          ofNodes[u] += slowRise(small, n, intervention === "zero", off) / PAIRS.length;
        });
      });
      assertClose(scores, means, 1e-5, "mean");
      assertClose(nodes.nodes, ofNodes, 1e-5, "nodes");
      assertEquals(progress.at(-1), 1);
      assertEquals(progress, progress.toSorted((a, b) => a - b));
    });
  }
}

for (const architecture of ["neox", "gpt2"] as const) {
  Deno.test(`exactScores() equal the reference scores and the evaluation of the graph without one edge (${architecture})`, async () => {
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const key = "scores.logit_diff.exact";
    const found = (await findQuantity(circuitQuantities, key)!.compute(c, key))!;
    const error = relativeError(found, await c.read(key));
    assert(error < 1e-5, `${error}`);
    const batches = promptBatches(pairs, readout);
    const evaluator = await CircuitEvaluator.prepare(model, batches);
    const real = realEdgeMask(evaluator.shape);
    const cells = Array.from(real.keys()).filter((cell) => real[cell]);
    assertEquals(cells.length, edgeCount(evaluator.shape));
    const metrics = await evaluator.evaluate(cells.map((cell) => real.with(cell, 0)));
    const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
    const change = metrics.map((values) => mean(values) - mean(evaluator.cleanMetric));
    assertClose(at(found, real), change, 1e-5, "evaluated");
    await c.close();
  });

  Deno.test(`exactScores() do not depend on batches, memory or prefix sharing (${architecture})`, async () => {
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const some = pairs.slice(0, 2);
    const scores = async (
      options: { batchSize?: number; sharePrefix?: boolean },
      memory?: number,
    ) => (await exactScores(model, promptBatches(some, readout, options), { memory })).scores;
    const plain = await scores({});
    assertEquals(await scores({}), plain, "the same run twice");
    assertClose(await scores({ batchSize: 1 }), plain, 5e-6, "one prompt per batch");
    assertClose(await scores({ sharePrefix: false }), plain, 5e-6, "no shared prefix");
    assertClose(await scores({}, 1), plain, 5e-6, "one edge at a time");
    await c.close();
  });
}
