/**
 * Circuits of models with a norm after attention, where a head's output is its share of what the norm lets through: shares add
 * up, the whole circuit is the model, and exact scores are what evaluation and patched hook points give.
 */
import { exactScores } from "./exact.ts";
import { attribute } from "../attribution/attribution.ts";
import {
  batchActivations,
  type Intervention,
  type MeanActivations,
  meanActivations,
  sourceDifferences,
} from "../activations/mod.ts";
import { CircuitEvaluator } from "../evaluation/evaluation.ts";
import {
  circuitShape,
  layerRows,
  nBackward,
  nForward,
  realEdgeMask,
  sourceNode,
} from "../graph/mod.ts";
import { promptBatches } from "../../tasks/prompt_batches.ts";
import { type HookedModel, hookName } from "../../model/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import { assertClose, pair, runtime, smallReadout } from "../../../tests/support/circuit_cases.ts";
import { randomTokens } from "../../../tests/support/random_model.ts";
import { llamaConfigOf, llamaModel } from "../../../tests/support/llama_model.ts";

/** Biases, windows shorter than the prompts, caps, groups, tied and untied; no reference case has these together. */
const CASES = {
  gemma2: llamaConfigOf("gemma2", { attention_bias: true, num_key_value_heads: 1 }),
  gemma3: llamaConfigOf("gemma3_text", { sliding_window_pattern: 2, tie_word_embeddings: false }),
  olmo2: llamaConfigOf("olmo2", { attention_bias: true, tie_word_embeddings: true }),
};
const PAIRS = [0, 1].map((i) => {
  const clean = randomTokens(7, 17, 7 * i);
  return pair(clean, clean.map((t, p) => p === 2 || p === 4 + i ? (t + 3) % 17 : t), 6);
});
const READOUT = smallReadout(PAIRS.length);

for (const [name, config] of Object.entries(CASES)) {
  const shape = circuitShape(config);
  const cases: Intervention[] = name === "gemma2"
    ? ["patching", "zero", "mean", "mean-positional"]
    : ["patching", "mean"];
  for (const intervention of cases) {
    Deno.test(`Exact scores of ${name} are those of circuits without one edge and runs with one node switched, and the whole circuit is the model: ${intervention}`, async () => {
      const model = llamaModel(config, runtime);
      const batches = promptBatches(PAIRS, READOUT, { sharePrefix: intervention === "patching" });
      const means = intervention.startsWith("mean")
        ? await meanActivations(
          model,
          PAIRS.map((p) => p.corrupted),
          intervention === "mean-positional",
        )
        : undefined;
      const { scores, nodes } = await exactScores(model, batches, { intervention, means });
      const evaluator = await CircuitEvaluator.prepare(model, batches, { intervention, means });
      const whole = realEdgeMask(shape);
      const cells = Array.from(whole.keys()).filter((cell) => whole[cell]);
      const without = (off: (cell: number) => boolean) =>
        Uint8Array.from(whole, (on, cell) => on && !off(cell) ? 1 : 0);
      const [all, ...found] = await evaluator.evaluate([
        Uint8Array.from(whole, Number),
        ...cells.map((cell) => without((c) => c === cell)),
      ]);
      assertClose(all, evaluator.cleanMetric, 1e-5, "the whole circuit");
      const rise = (metric: Float32Array) =>
        metric.reduce((sum, x, n) => sum + evaluator.cleanMetric[n] - x, 0) / PAIRS.length;
      assertClose(cells.map((cell) => scores[cell]), found.map(rise), 2e-5, "edges");
      assertClose(nodes.nodes, await nodeRises(model, intervention, means), 2e-5, "nodes");
      model.close();
    });
  }
}

for (const intervention of ["patching", "zero", "mean"] as const) {
  Deno.test(`Shares of heads add up to what attention adds, its bias included: ${intervention}`, async () => {
    for (const config of Object.values(CASES)) {
      const model = llamaModel(config, runtime);
      const [batch] = promptBatches(PAIRS, READOUT, { sharePrefix: false });
      const means = await meanActivations(model, batch.corrupted, false);
      const activations = await batchActivations(model, batch, intervention, means);
      const D = await sourceDifferences(model, activations);
      const [, sources, P, d] = D.shape;
      const name = hookName(1, "hook_attn_out");
      const read = async (tokens: number[][]) =>
        (await model.run(tokens, { read: [name] })).hooks.get(name)!.data;
      const [clean, corrupted] = [await read(batch.clean), await read(batch.corrupted)];
      const mean = (i: number) => {
        const column = corrupted.filter((_, j) => j % d === i % d);
        return column.reduce((a, b) => a + b, 0) / column.length;
      };
      const given = { patching: (i: number) => corrupted[i], zero: () => 0, mean }[intervention];
      const { heads, mlp } = layerRows(circuitShape(config), 1);
      const sum = clean.map((_, i) => {
        const n = Math.floor(i / (P * d)), rest = i % (P * d);
        let total = 0;
        for (let u = heads; u < mlp; u++) total += D.data[(n * sources + u) * P * d + rest];
        return total;
      });
      assertClose(sum, clean.map((x, i) => given(i) - x), 1e-5, "shares");
      model.close();
    }
  });
}

Deno.test("EAP-IG-activations moves the output of the norm after attention", async () => {
  const model = llamaModel(CASES.gemma2, runtime);
  const shape = circuitShape(CASES.gemma2), columns = nBackward(shape), steps = 3;
  const batches = promptBatches(PAIRS.slice(0, 1), smallReadout(1), { sharePrefix: false });
  const { scores } = await attribute(model, batches, { method: "EAP-IG-activations", steps });
  // The gradient at the logits' input, by patching each output of a layer, and the input, to points of its path.
  const [{ clean: [clean], corrupted: [corrupted] }] = batches;
  const points = ["hook_attn_out", "hook_mlp_out"] as const;
  const names = [
    "hook_embed",
    ...[0, 1].flatMap((l) => points.map((point) => hookName(l, point))),
  ];
  const runs = await Promise.all(
    [clean, corrupted].map((tokens) => model.run([tokens], { read: names })),
  );
  const last = hookName(1, "hook_resid_post");
  let gradient = new Float64Array(7 * 16);
  for (const hook of names) {
    const [from, to] = runs.map(({ hooks }) => hooks.get(hook)!);
    for (let k = 1; k <= steps; k++) {
      const value = tensor(
        from.data.map((x, i) => x + (1 - k / steps) * (to.data[i] - x)),
        from.shape,
      );
      const { gradients } = await model.gradients([clean], [6], smallReadout(1), [last], {
        patches: [{ hook, value }],
      });
      gradient = gradient.map((x, i) => x - gradients.get(last)!.data[i] / steps);
    }
  }
  const D = await sourceDifferences(model, await batchActivations(model, batches[0]));
  const expected = Array.from(
    { length: nForward(shape) },
    (_, u) =>
      gradient.reduce((sum, x, i) => sum + x * D.data[u * gradient.length + i], 0) / names.length,
  );
  assertClose(
    expected.map((_, u) => scores[u * columns + columns - 1]),
    expected,
    2e-5,
    "into the logits",
  );
  model.close();
});

/** Returns the rise of the loss when the output of one node is another, by patching what its layer adds to the stream. */
async function nodeRises(model: HookedModel, intervention: Intervention, means?: MeanActivations) {
  const [batch] = promptBatches(PAIRS, READOUT, { sharePrefix: false });
  const activations = await batchActivations(model, batch, intervention, means);
  const D = await sourceDifferences(model, activations);
  const [N, sources, P, d] = D.shape;
  const rises: number[] = [];
  for (let u = 0; u < sources; u++) {
    const node = sourceNode(circuitShape(model.config), u);
    const point = node.kind === "head" ? "hook_attn_out" : "hook_mlp_out";
    const hook = node.kind === "input" ? "hook_embed" : hookName(node.layer, point);
    const { hooks } = await model.run(batch.clean, { read: [hook] });
    const { data, shape } = hooks.get(hook)!;
    const value = tensor(
      data.map((x, i) => {
        const n = Math.floor(i / (P * d));
        return x + D.data[(n * sources + u) * P * d + i % (P * d)];
      }),
      shape,
    );
    const metric = await model.metric(batch.clean, [6, 6], batch.readout, {
      patches: [{ hook, value }],
    });
    rises.push(metric.reduce((sum, x, n) => sum + activations.cleanMetric[n] - x, 0) / N);
  }
  return rises;
}
