import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { HookedModel } from "../model/hooked_model.ts";
import { Graph, mul, Session, tensor } from "../onnx/mod.ts";
import { buildStep, scalarsOf, viewOf } from "../training/mod.ts";
import { languageModelObjective } from "./objective.ts";
import { isDecayed, modelParameters, vectorSource } from "./parameters.ts";
import { ADAMW, TINY, tinyTrainer, tokenIds } from "./testdata.ts";

const BATCH = 3, CONTEXT = 7;
const parameters = modelParameters(TINY);

/** Mean cross-entropy in double precision from logits `[batch, context, V]`. */
function crossEntropy(logits: Float32Array, ids: Int32Array): number {
  const V = TINY.vocabSize;
  let sum = 0;
  for (let b = 0; b < BATCH; b++) {
    for (let p = 0; p < CONTEXT; p++) {
      const row = Array.from(logits.subarray((b * CONTEXT + p) * V, (b * CONTEXT + p + 1) * V));
      const max = Math.max(...row);
      const total = row.reduce((s, x) => s + Math.exp(x - max), 0);
      sum += Math.log(total) + max - row[ids[b * (CONTEXT + 1) + p + 1]];
    }
  }
  return sum / (BATCH * CONTEXT);
}

Deno.test("the training loss is the cross-entropy of the logits that HookedModel gives", async () => {
  const trainer = await tinyTrainer();
  const ids = tokenIds(BATCH, CONTEXT + 1);
  const model = HookedModel.fromSource(vectorSource(TINY, trainer.state.weights));
  const rows = Array.from(
    { length: BATCH },
    (_, b) => [...ids.subarray(b * (CONTEXT + 1), (b + 1) * (CONTEXT + 1) - 1)],
  );
  const logits = (await model.allLogits(rows)).data;
  const { loss } = await trainer.evaluate({ ids, rows: BATCH });
  assertAlmostEquals(loss, crossEntropy(logits, ids), 1e-5);
  assertAlmostEquals(loss, Math.log(TINY.vocabSize), 0.3);
  model.close();
  await trainer.release();
});

Deno.test("the gradient predicts the change of the loss along every tensor", async () => {
  const trainer = await tinyTrainer();
  const ids = tokenIds(BATCH, CONTEXT + 1);
  const objective = languageModelObjective(TINY);
  const g = new Graph();
  const inputs = parameters.map(({ name, shape }) => [name, g.input(name, shape)]);
  const built = objective.build(g, Object.fromEntries(inputs), {});
  const slopes = Object.entries(built.gradients).map(([name, x]) =>
    [`slope of ${name}`, mul(x, built.gradientFactor!)] as const
  );
  const session = await Session.compile(Object.fromEntries(slopes));
  const { weights } = trainer.state;
  const out = await session.run({
    ...objective.feeds({ ids, rows: BATCH }, 1),
    ...Object.fromEntries(
      parameters.map((p) => [p.name, tensor(viewOf(weights, p), [...p.shape])]),
    ),
  });
  for (const parameter of parameters) {
    const slope = out[`slope of ${parameter.name}`].data;
    const norm = Math.hypot(...slope);
    // key biases shift all scores of a query by the same amount up to rotation: little to test there
    if (norm < 1e-4) continue;
    const view = viewOf(weights, parameter);
    const before = view.slice();
    const h = 1e-2;
    const at = async (sign: number) => {
      view.forEach((_, i) => view[i] = before[i] + sign * h * slope[i] / norm);
      return (await trainer.evaluate({ ids, rows: BATCH })).loss;
    };
    const difference = (await at(1) - await at(-1)) / (2 * h);
    view.set(before);
    assertAlmostEquals(difference, norm, 0.02 * norm + 1e-4, parameter.name);
  }
  await session.release();
  await trainer.release();
});

Deno.test("a step in place gives what a step into other buffers gives, bit for bit", async () => {
  const trainer = await tinyTrainer();
  assertEquals(trainer.secondBuffers, []);
  const objective = languageModelObjective(TINY);
  const { replaced } = buildStep(objective, ADAMW);
  const outputs = replaced.map(({ input, result }) => [`next ${input.name}`, result]);
  const session = await Session.compile(Object.fromEntries(outputs));
  let apart = Object.fromEntries(
    replaced.map(({ input: { name, shape }, memory }) => [
      name,
      tensor(memory(trainer.state).slice(), shape as number[]),
    ]),
  );
  for (let t = 1; t <= 4; t++) {
    const batch = { ids: tokenIds(BATCH, CONTEXT + 1, t), rows: BATCH };
    await trainer.step(batch);
    const scalars = Object.entries(scalarsOf(ADAMW, t)).map(([name, value]) =>
      [name, tensor(Float32Array.of(value), [])] as const
    );
    const out = await session.run({
      ...objective.feeds(batch, t),
      ...Object.fromEntries(scalars),
      ...apart,
    });
    apart = Object.fromEntries(
      replaced.map(({ input: { name, shape } }) => [
        name,
        tensor(out[`next ${name}`].data.slice(), shape as number[]),
      ]),
    );
    for (const { input, memory } of replaced) {
      assertEquals(memory(trainer.state), apart[input.name].data, input.name);
    }
  }
  await session.release();
  await trainer.release();
});

Deno.test("modelParameters() are the checkpoint's tensors; decay acts on matrices but the embedding", () => {
  assertEquals(parameters.length, 2 + 12 * TINY.nLayers + 2);
  assertEquals(parameters[0].name, "gpt_neox.embed_in.weight");
  const decayed = parameters.filter(isDecayed).map(({ feed }) => feed);
  assertEquals(decayed, [
    ...Array(TINY.nLayers).fill(["qkv_w", "o_w", "in_w", "out_w"]).flat(),
    "W_U",
  ]);
  assertThrows(() => modelParameters({ ...TINY, tied: true }), Error, "tied embeddings");
});

Deno.test("a batch that is shown again and again is memorised", async () => {
  const trainer = await tinyTrainer();
  const ids = tokenIds(BATCH, CONTEXT + 1);
  const before = trainer.state.weights.slice();
  const first = (await trainer.step({ ids, rows: BATCH })).loss;
  assertNotEquals(trainer.state.weights, before);
  for (let t = 2; t <= 150; t++) await trainer.step({ ids, rows: BATCH });
  const last = (await trainer.evaluate({ ids, rows: BATCH })).loss;
  // the first token of a row says nothing certain about the second, unless the rows differ in it
  assert(first > 2.5 && last < 0.1, `loss ${first} → ${last}`);
  assertEquals(trainer.state.step, 150);
  await trainer.release();
});

Deno.test("two trainings from one seed are equal bit for bit, from two seeds they are not", async () => {
  const trained = async (seed: number) => {
    const trainer = await tinyTrainer(seed);
    for (let t = 0; t < 5; t++) await trainer.step({ ids: tokenIds(16, 33, t), rows: 16 });
    await trainer.release();
    return trainer.state.weights;
  };
  const once = await trained(1);
  assertEquals(await trained(1), once);
  assertNotEquals(await trained(2), once);
});
