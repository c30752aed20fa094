import { assert, assertEquals, assertRejects } from "@std/assert";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { uniform } from "../../../tests/support/random_model.ts";
import { circuitQuantities } from "../../verify/circuit_quantities.ts";
import { findQuantity, relativeError } from "../../verify/comparison.ts";
import type { Intervention } from "../activations/activations.ts";
import { meanActivations } from "../activations/mean_activations.ts";
import { CircuitEvaluator } from "./evaluation.ts";
import { type CircuitShape, edgeCell, nBackward, nForward, realEdgeMask } from "../graph/graph.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { pruneCircuit } from "../graph/pruning.ts";
import {
  ARCHITECTURES,
  assertClose,
  referenceCase,
  type SmallModel,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import { slowCircuit, type Sources, sourcesOf } from "../../../tests/oracle/oracle_circuits.ts";

/** Returns a mask that keeps each edge with probability p. */
function randomMask(shape: CircuitShape, p: number, seed: number): Uint8Array {
  const next = uniform(seed);
  return realEdgeMask(shape).map((real) => Number(real && (next() + 1) / 2 < p));
}

function edges(shape: CircuitShape, ...names: string[]): Uint8Array {
  const mask = new Uint8Array(nForward(shape) * nBackward(shape));
  for (const name of names) mask[edgeCell(shape, name)] = 1;
  return mask;
}

/** Returns a path through the last MLP; in sequential models it starts at a head of the same layer. */
const intoLastMlp = ({ parallel }: CircuitShape) => [
  parallel ? "m0->m1" : "a1.h2->m1",
  "m1->logits",
];

const PAIRS = smallPairs();
const cut = (tokens: number[], n: number) => tokens.slice(0, PAIRS[n].position + 1);

/** Computes what edges outside the circuit carry on prompt n, from the definition of the intervention. */
function corruptedByHand({ config, weights }: SmallModel, intervention: Intervention) {
  const corrupted = PAIRS.map((p, n) => cut(p.corrupted, n));
  const runs = corrupted.map((tokens) => sourcesOf(config, oracle(config, weights, tokens)));
  const d = config.dModel;
  const value = (n: number, u: number, p: number, i: number) => {
    if (intervention === "patching") return runs[n][u][p * d + i];
    if (intervention === "zero") return 0;
    let total = 0, count = 0;
    corrupted.forEach((tokens, m) =>
      tokens.forEach((_, q) => {
        if (intervention === "mean-positional" && q !== p) return;
        total += runs[m][u][q * d + i];
        count++;
      })
    );
    return total / count;
  };
  return (n: number): Sources =>
    runs[n].map((own, u) => own.map((_, k) => value(n, u, Math.floor(k / d), k % d)));
}

/** Reads logits under two interventions and probabilities under the other two. */
const readoutFor = (intervention: Intervention) =>
  smallReadout(PAIRS.length, intervention.startsWith("mean") ? "probabilities" : "logits");

async function prepare(small: SmallModel, intervention: Intervention) {
  const batches = promptBatches(PAIRS, readoutFor(intervention), {
    sharePrefix: intervention === "patching",
  });
  const prompts = PAIRS.map((p, n) => cut(p.corrupted, n));
  const means = intervention.startsWith("mean")
    ? await meanActivations(small.model, prompts, intervention === "mean-positional")
    : undefined;
  return CircuitEvaluator.prepare(small.model, batches, { intervention, means });
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  for (const intervention of ["patching", "zero", "mean", "mean-positional"] as const) {
    Deno.test(`evaluate() equals editing every input one by one: ${name}, ${intervention}`, async () => {
      const small = smallModel(config);
      const evaluator = await prepare(small, intervention);
      const { shape } = evaluator;
      const masks = [
        realEdgeMask(shape),
        new Uint8Array(realEdgeMask(shape).length),
        edges(shape, "input->a0.h1<v>", "a0.h1->logits"),
        edges(shape, "input->m0", "m0->a1.h2<k>", "a1.h2->logits", ...intoLastMlp(config)),
        ...[0.15, 0.4, 0.7, 0.95].map((p, i) => randomMask(shape, p, i)),
      ];
      const found = await evaluator.evaluate(masks);
      const corrupted = corruptedByHand(small, intervention);
      const readout = readoutFor(intervention);
      masks.forEach((mask, c) => {
        const pruned = pruneCircuit(shape, mask);
        const expected = PAIRS.map((p, n) =>
          slowCircuit(small, cut(p.clean, n), corrupted(n), pruned, n, readout)
        );
        assertClose(found[c], expected, 2e-5, `circuit ${c}`);
      });
    });
  }

  Deno.test(`evaluate() of the full circuit is the model and of the empty one the corrupted run: ${name}`, async () => {
    const small = smallModel(config);
    const evaluator = await prepare(small, "patching");
    const full = realEdgeMask(evaluator.shape);
    const [whole, empty] = await evaluator.evaluate([full, new Uint8Array(full.length)]);
    const prompts = (which: "clean" | "corrupted") => PAIRS.map((p) => p[which]);
    const positions = PAIRS.map((p) => p.position), readout = smallReadout(PAIRS.length);
    const clean = await small.model.metric(prompts("clean"), positions, readout);
    const corrupted = await small.model.metric(prompts("corrupted"), positions, readout);
    assertClose(evaluator.cleanMetric, clean, 1e-6);
    assertClose(evaluator.corruptedMetric, corrupted, 1e-6);
    assertClose(whole, clean, 2e-6);
    assertEquals(empty, evaluator.corruptedMetric);
  });
}

for (const architecture of ["neox", "gpt2"] as const) {
  Deno.test(`evaluate() gives the reference metrics of circuits (${architecture})`, async () => {
    const { c } = await referenceCase(architecture);
    const keys = c.quantities().filter((key) => key.startsWith("circuit."));
    assert(keys.length === 42);
    for (const key of keys) {
      const { compute, tolerance } = findQuantity(circuitQuantities, key)!;
      const error = relativeError((await compute(c, key))!, await c.read(key));
      assert(error <= Math.min(tolerance, 5e-6), `${key}: ${error}`);
    }
    await c.close();
  });

  Deno.test(`evaluate() does not depend on batches, memory, prefix sharing or the other circuits (${architecture})`, async () => {
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const plain = await CircuitEvaluator.prepare(model, promptBatches(pairs, readout));
    const masks = [0, 0.1, 0.3, 0.6, 0.9, 1].map((p, i) => randomMask(plain.shape, p, 5 + i));
    const together = await plain.evaluate(masks);
    assertEquals(await plain.evaluate(masks), together, "the same run twice");
    const variants = {
      "one by one": await Promise.all(masks.map(async (m) => (await plain.evaluate([m]))[0])),
      "little memory": await (await CircuitEvaluator.prepare(
        model,
        promptBatches(pairs, readout),
        { memory: 100e3 },
      )).evaluate(masks),
      "no shared prefix": await (await CircuitEvaluator.prepare(
        model,
        promptBatches(pairs, readout, { sharePrefix: false }),
      )).evaluate(masks),
      "one prompt per batch": await (await CircuitEvaluator.prepare(
        model,
        promptBatches(pairs, readout, { batchSize: 1 }),
      )).evaluate(masks),
    };
    for (const [what, found] of Object.entries(variants)) {
      masks.forEach((_, i) => assertClose(found[i], together[i], 2e-6, `${what}, circuit ${i}`));
    }
    await c.close();
  });
}

Deno.test("CircuitEvaluator.prepare() refuses a shared prefix that the intervention would change", async () => {
  const small = smallModel(ARCHITECTURES["GPT-2"]);
  const batches = promptBatches(PAIRS.slice(0, 2), smallReadout(2));
  await assertRejects(
    () => CircuitEvaluator.prepare(small.model, batches, { intervention: "zero" }),
    Error,
    "without sharing",
  );
});

Deno.test("evaluate() of the whole model under zero or mean ablation is still the model", async () => {
  const small = smallModel(ARCHITECTURES["GPT-NeoX"]);
  for (const intervention of ["zero", "mean", "mean-positional"] as const) {
    const evaluator = await prepare(small, intervention);
    const [whole] = await evaluator.evaluate([realEdgeMask(evaluator.shape)]);
    assertClose(whole, evaluator.cleanMetric, 5e-6, intervention);
  }
});
