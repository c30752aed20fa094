import { assert, assertEquals, assertRejects } from "@std/assert";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { Runtime } from "../../model/runtime.ts";
import { circuitQuantities } from "../../verify/circuit_quantities.ts";
import { findQuantity, relativeError } from "../../verify/comparison.ts";
import type { Intervention } from "../activations/activations.ts";
import { attribute, type AttributionOptions, GRADIENT_METHODS } from "./attribution.ts";
import { nBackward, realEdgeMask } from "../graph/graph.ts";
import { type BatchOptions, promptBatches } from "../../tasks/prompt_batches.ts";
import {
  ARCHITECTURES,
  assertClose,
  referenceCase,
  type SmallModel,
  smallModel,
  smallPairs,
  smallReadout,
} from "../../../tests/support/circuit_cases.ts";
import {
  editInputs,
  metricOf,
  type Sources,
  sourcesOf,
} from "../../../tests/oracle/oracle_circuits.ts";

for (const architecture of ["neox", "gpt2"] as const) {
  Deno.test(`attribute() gives the reference scores (${architecture})`, async () => {
    const { c } = await referenceCase(architecture);
    const keys = c.quantities().filter((key) => /^scores\..*\.(eap|clean)/.test(key));
    assertEquals(keys.length, 10);
    for (const key of keys) {
      const found = (await findQuantity(circuitQuantities, key)!.compute(c, key))!;
      const error = relativeError(found, await c.read(key));
      assert(error < 5e-6, `${key}: ${error}`);
    }
    await c.close();
  });

  Deno.test(`attribute() does not depend on batches, prefix sharing, passes or threads (${architecture})`, async () => {
    const { c, model, pairs, readout } = await referenceCase(architecture);
    const two = await referenceCase(architecture, new Runtime({ threads: 2 }));
    const run = (batching: BatchOptions, options: AttributionOptions = {}, own = model) =>
      attribute(own, promptBatches(pairs, readout, batching), {
        method: "EAP-IG-inputs",
        steps: 7,
        perPrompt: true,
        ...options,
      });
    const plain = await run({});
    const again = await run({});
    assertEquals(again.scores, plain.scores, "the same run twice");
    assertEquals(again.perPrompt, plain.perPrompt);
    assertEquals(again.nodes, plain.nodes);
    const variants = {
      "one prompt per batch": await run({ batchSize: 1 }),
      "two prompts per batch": await run({ batchSize: 2 }),
      "no shared prefix": await run({ sharePrefix: false }),
      "one path point per pass": await run({}, { tokensPerPass: 1 }),
      "three path points per pass": await run({ batchSize: 1 }, { tokensPerPass: 30 }),
      "two threads": await run({}, {}, two.model),
    };
    for (const [what, { scores, perPrompt, nodes }] of Object.entries(variants)) {
      assertClose(scores, plain.scores, 2e-6, what);
      assertClose(perPrompt!, plain.perPrompt!, 2e-6, what);
      assertClose(nodes.nodes, plain.nodes.nodes, 2e-6, `${what}, nodes`);
    }
    await c.close();
    await two.c.close();
    await two.model.runtime.close();
  });
}

Deno.test("attribute() returns every prompt's scores: their mean is the total, and each equals a run alone", async () => {
  const { model, config } = smallModel(ARCHITECTURES["GPT-2"]);
  const pairs = smallPairs(), readout = smallReadout(pairs.length);
  const cells = realEdgeMask(config).length;
  for (const method of GRADIENT_METHODS) {
    const options = { method, steps: 3, perPrompt: true };
    const { scores, perPrompt } = await attribute(model, promptBatches(pairs, readout), options);
    const mean = scores.map((_, i) =>
      pairs.reduce((sum, _, n) => sum + perPrompt![n * cells + i], 0) / pairs.length
    );
    assertClose(mean, scores, 1e-6, method);
    for (const batch of promptBatches(pairs, readout, { batchSize: 1 })) {
      const [n] = batch.indices;
      const alone = await attribute(model, [{ ...batch, indices: [0] }], options);
      const own = perPrompt!.subarray(n * cells, (n + 1) * cells);
      assertClose(own, alone.scores, 5e-6, `${method}, prompt ${n}`);
    }
  }
});

/** Returns the slope of the loss when one edge at a time moves along D, by central differences. */
function slopes(
  { config, weights }: SmallModel,
  tokens: number[],
  D: Sources,
  loss: (run: ReturnType<typeof oracle>) => number,
  replace: (name: string, data: Float64Array) => void = () => {},
): Float64Array {
  const columns = nBackward(config), step = 1e-4;
  return Float64Array.from(realEdgeMask(config), (real, cell) => {
    if (!real) return 0;
    const at = (sign: number) => {
      const shifted = D[Math.floor(cell / columns)].map((x) => sign * step * x);
      const edit = editInputs(config, (v) => v === cell % columns ? shifted : undefined);
      return loss(oracle(config, weights, tokens, (name, value) => {
        replace(name, value.data);
        edit(name, value);
      }));
    };
    return (at(1) - at(-1)) / (2 * step);
  });
}

const PAIRS = smallPairs().slice(1, 3);
const cut = (which: "clean" | "corrupted", n: number) =>
  PAIRS[n][which].slice(0, PAIRS[n].position + 1);

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`attribute() by EAP is the slope of the loss along the difference: ${name}`, async () => {
    const small = smallModel(config);
    const readout = smallReadout(PAIRS.length, "probabilities");
    for (const intervention of ["patching", "zero"] as Intervention[]) {
      const { perPrompt } = await attribute(
        small.model,
        promptBatches(PAIRS, readout, { sharePrefix: intervention === "patching" }),
        { method: "EAP", intervention, perPrompt: true },
      );
      PAIRS.forEach((_, n) => {
        const of = (tokens: number[]) => sourcesOf(config, oracle(config, small.weights, tokens));
        const clean = of(cut("clean", n)), corrupted = of(cut("corrupted", n));
        const D = clean.map((own, u) =>
          own.map((x, i) => (intervention === "zero" ? 0 : corrupted[u][i]) - x)
        );
        const loss = (run: ReturnType<typeof oracle>) => -metricOf(small, run, n, readout);
        const expected = slopes(small, cut("clean", n), D, loss);
        const cells = expected.length;
        const found = perPrompt!.subarray(n * cells, (n + 1) * cells);
        assertClose(found, expected, 1e-5, `${intervention}, prompt ${n}`);
      });
    }
  });
}

for (const name of ["GPT-NeoX", "GPT-2"]) {
  const config = ARCHITECTURES[name];

  Deno.test(`attribute() by EAP-IG-activations moves one component at a time: ${name}`, async () => {
    const small = smallModel(config);
    const readout = smallReadout(PAIRS.length);
    const batches = promptBatches(PAIRS, readout);
    const options = { method: "EAP-IG-activations", steps: 1, quadrature: "midpoint" } as const;
    const { perPrompt } = await attribute(small.model, batches, { ...options, perPrompt: true });
    const n = 0;
    const runs = (["clean", "corrupted"] as const).map((which) =>
      oracle(config, small.weights, cut(which, n))
    );
    const [clean, corrupted] = runs.map((run) => sourcesOf(config, run));
    const D = clean.map((own, u) => own.map((x, i) => corrupted[u][i] - x));
    const loss = (run: ReturnType<typeof oracle>) => -metricOf(small, run, n, readout);
    const components = [
      "hook_embed",
      ...[0, 1].flatMap((l) => [`blocks.${l}.attn.hook_z`, `blocks.${l}.hook_mlp_out`]),
    ];
    const expected = new Float64Array(D.length * nBackward(config));
    for (const component of components) {
      const [a, b] = runs.map(({ hooks }) => hooks.get(component)!.data);
      const middle = a.map((x, i) => (x + b[i]) / 2);
      slopes(small, cut("clean", n), D, loss, (hook, data) => {
        if (hook === component) data.set(middle);
      }).forEach((x, i) => expected[i] += x / components.length);
    }
    assertClose(perPrompt!.subarray(0, expected.length), expected, 1e-5);
  });
}

Deno.test("attribute() refuses paths towards corrupted prompts under another intervention, and zero steps", async () => {
  const { model } = smallModel(ARCHITECTURES["GPT-NeoX"]);
  const batches = promptBatches(PAIRS, smallReadout(PAIRS.length), { sharePrefix: false });
  for (const method of ["EAP-IG-inputs", "clean-corrupted"] as const) {
    const run = () => attribute(model, batches, { method, intervention: "zero" });
    await assertRejects(run, Error, method);
  }
  await assertRejects(
    () => attribute(model, batches, { steps: 0 }),
    RangeError,
    "positive integer",
  );
});
