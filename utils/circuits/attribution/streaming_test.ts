import { assert, assertEquals } from "@std/assert";
import { batchBytes, boundedBatches, packed } from "../activations/memory_plan.ts";
import { CircuitEvaluator } from "../evaluation/evaluation.ts";
import { HookedModel } from "../../model/hooked_model.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { attribute } from "./attribution.ts";
import {
  ARCHITECTURES,
  runtime,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import { randomModel } from "../../../tests/support/random_model.ts";

const PAIRS = smallPairs();
const BATCHES = promptBatches(PAIRS, smallReadout(PAIRS.length), { batchSize: 1 });

for (
  const [name, method] of [
    ["GPT-NeoX", "EAP-IG-inputs"],
    ["GPT-2", "EAP-IG-activations"],
  ] as const
) {
  Deno.test(`scores and circuits with streamed weights equal those in memory, bit for bit: ${name}`, async () => {
    const config = ARCHITECTURES[name];
    const results = [undefined, 0].map(async (memoryBudget) => {
      const { source, loads } = randomModel(config, 3);
      const model = HookedModel.fromSource(source, { runtime, memoryBudget });
      const options = { method, steps: 3, perPrompt: true, inOneSession: false, tokensPerPass: 4 };
      const scores = [await attribute(model, BATCHES, options)];
      if (method === "EAP-IG-inputs") {
        scores.push(await attribute(model, BATCHES, { ...options, quadrature: "adaptive" }));
      }
      const before = loads();
      const evaluator = await CircuitEvaluator.prepare(model, BATCHES);
      const cells = scores[0].scores.length;
      const masks = [3, 7].map((k) => Uint8Array.from({ length: cells }, (_, i) => i % k ? 1 : 0));
      const circuits = await evaluator.evaluate(masks);
      return { scores, circuits, loads: loads() - before };
    });
    const [inMemory, streamed] = await Promise.all(results);
    assertEquals(streamed.scores, inMemory.scores);
    assertEquals(streamed.circuits, inMemory.circuits);
    // Prefixes, prompts and circuits: three readings of two layers and the unembedding for all batches.
    assert(streamed.loads <= 3 * 3 + 1, `${streamed.loads} units read`);
  });
}

Deno.test("attribution with streamed weights reads them as often for four batches as for one", async () => {
  const config = { ...ARCHITECTURES["GPT-NeoX"], nLayers: 4 };
  const reads = async (batches: typeof BATCHES) => {
    const { source, loads } = randomModel(config, 3);
    const model = HookedModel.fromSource(source, { runtime, memoryBudget: 0 });
    await attribute(model, batches, { steps: 3, tokensPerPass: 1 });
    return loads();
  };
  const [one] = BATCHES.filter(({ prefix }) => prefix[0].length > 0);
  assertEquals(await reads([one]), await reads(BATCHES));
});

Deno.test("boundedBatches() cuts a batch by its bytes, and keeps every prompt", () => {
  const config = ARCHITECTURES["GPT-NeoX"];
  const pairs = Array.from({ length: 7 }, () => PAIRS[0]);
  const [batch] = promptBatches(pairs, smallReadout(7));
  const whole = batchBytes(config, batch);
  assertEquals(boundedBatches(config, [batch], whole), [batch]);
  const parts = boundedBatches(config, [batch], whole / 2.5);
  for (const part of parts) assert(batchBytes(config, part) <= whole / 2.5);
  assertEquals(parts.flatMap(({ indices }) => indices), batch.indices);
  assertEquals(parts.flatMap(({ readout }) => [...readout.ids]), [...batch.readout.ids]);
  assertEquals(
    boundedBatches(config, [batch], 1).map(({ clean }) => clean.length),
    Array(7).fill(1),
  );
});

Deno.test("packed() fills groups in order, up to the limit", () => {
  const groups = (limit: number) => packed([3, 1, 2, 9, 1, 1], (bytes) => bytes, limit);
  assertEquals(groups(4), [[3, 1], [2], [9], [1, 1]]);
  assertEquals(groups(0), [[3], [1], [2], [9], [1], [1]]);
  assertEquals(groups(100), [[3, 1, 2, 9, 1, 1]]);
});
