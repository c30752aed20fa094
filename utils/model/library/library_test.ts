import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ARCHITECTURES } from "../../../tests/support/hook_checks.ts";
import { oracle } from "../../../tests/oracle/oracle_transformer.ts";
import { randomModel, randomTokens, smallConfig } from "../../../tests/support/random_model.ts";
import { gpt2Tokenizer } from "../../../tests/support/tokenizers.ts";
import type { ModelConfig } from "../config.ts";
import { HookedModel } from "../hooked_model.ts";
import type { NdTensor } from "../../onnx/mod.ts";
import { Runtime } from "../runtime.ts";
import { matchHooks } from "../run/hook_patterns.ts";

function setup(config: ModelConfig) {
  const { source, weights } = randomModel(config, 5);
  const prompts = [randomTokens(4, config.vocabSize, 1), randomTokens(7, config.vocabSize, 2)];
  const model = HookedModel.fromSource(source, { runtime: new Runtime({ threads: 1 }) });
  return { model, weights, prompts, [Symbol.asyncDispose]: () => model.runtime.close() };
}

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`${name}: losses, caches and greedy texts are those of the oracle's logits`, async () => {
    await using context = setup(config);
    const { model, weights, prompts } = context, V = config.vocabSize;
    const rowsOf = (tokens: number[]) => {
      const { logits } = oracle(config, weights, tokens, () => {});
      return tokens.map((_, p) => [...logits.subarray(p * V, (p + 1) * V)]);
    };
    const expected = prompts.map((prompt) =>
      rowsOf(prompt).slice(0, -1).map((row, p) =>
        Math.log(row.reduce((sum, x) => sum + Math.exp(x - row[prompt[p + 1]]), 0))
      )
    );
    const losses = await model.loss(prompts, { perToken: true });
    assertEquals(losses.map((list) => list.length), [3, 6]);
    losses.flat().forEach((x, i) => assertAlmostEquals(x, expected.flat()[i], 1e-4));
    const all = expected.flat();
    assertAlmostEquals(await model.loss(prompts), all.reduce((a, b) => a + b) / all.length, 1e-4);

    const { logits, cache } = await model.runWithCache(prompts, ["*hook_z", "ln_final.*"]);
    assertEquals([...cache.keys()], [
      "blocks.0.attn.hook_z",
      "blocks.1.attn.hook_z",
      "ln_final.hook_scale",
      "ln_final.hook_normalized",
    ]);
    assertEquals(logits.data, (await model.allLogits(prompts)).data);
    const { hooks } = oracle(config, weights, prompts[1], () => {});
    const z = hooks.get("blocks.1.attn.hook_z")!;
    cache.get("blocks.1.attn.hook_z")!.slice(1).data.forEach((x, i) =>
      assertAlmostEquals(x, z.data[i], 1e-4)
    );

    const greedy = [...prompts[0]];
    for (let i = 0; i < 6; i++) {
      const row = rowsOf(greedy).at(-1)!;
      greedy.push(row.indexOf(Math.max(...row)));
    }
    const { tokens, text } = await model.generate(prompts[0], { maxTokens: 6 });
    assertEquals([tokens, text], [greedy.slice(4), ""]);
    // With a function that changes nothing, every step runs the whole text.
    let longest = 0;
    const call = (x: NdTensor) => void (longest = x.shape[1]);
    const hooked = { maxTokens: 6, hooks: [{ at: "blocks.0.hook_mlp_out", call } as const] };
    assertEquals((await model.generate(prompts[0], hooked)).tokens, tokens);
    assertEquals(longest, 9);
  });

  Deno.test(`${name}: the logit lens is the oracle's final LayerNorm and unembedding of each layer's stream`, async () => {
    await using context = setup(config);
    const { model, weights, prompts } = context;
    const lens = await model.logitLens(prompts, [3, 5]);
    assertEquals(lens.shape, [3, 2, config.vocabSize]);
    const last = await model.logits(prompts, [3, 5]);
    lens.slice(-1).data.forEach((x, i) => assertAlmostEquals(x, last.data[i], 1e-5));
    // Before layer 1: the oracle's model with the outputs of layer 1 set to zero.
    for (const [b, position] of [3, 5].entries()) {
      const { logits } = oracle(config, weights, prompts[b], (hook, { data }) => {
        if (/^blocks\.1\.hook_(attn|mlp)_out$/.test(hook)) data.fill(0);
      });
      const row = logits.subarray(position * config.vocabSize, (position + 1) * config.vocabSize);
      lens.slice(1, b).data.forEach((x, i) => assertAlmostEquals(x, row[i], 1e-4));
    }
  });
}

Deno.test("sampling follows softmax(logits / temperature) and depends on the seed alone", async () => {
  await using context = setup(smallConfig("gpt_neox"));
  const { model, prompts: [prompt] } = context;
  const { data } = await model.logits([prompt]);
  const draw = async (seed: number) =>
    (await model.generate(prompt, { maxTokens: 1, temperature: 2, seed })).tokens[0];
  const n = 600, counts = new Float64Array(data.length);
  for (let seed = 0; seed < n; seed++) counts[await draw(seed)]++;
  const weights = Array.from(data, (x) => Math.exp(x / 2));
  const total = weights.reduce((a, b) => a + b);
  weights.forEach((w, i) => {
    const p = w / total, deviation = Math.sqrt(p * (1 - p) / n);
    assert(
      Math.abs(counts[i] / n - p) < 4.5 * deviation + 1 / n,
      `token ${i}: ${counts[i] / n}, ${p}`,
    );
  });
  assertEquals(await draw(7), await draw(7));
  await assertRejects(() => model.generate(prompt, { temperature: -1 }), RangeError, "temperature");
  await assertRejects(() => model.generate(prompt, { maxTokens: 1.5 }), RangeError, "maxTokens");
});

Deno.test("texts are tokenized; single tokens get a hint; what is not a prompt is named", async () => {
  const tokenizer = gpt2Tokenizer();
  const config = smallConfig("gpt_neox", { vocabSize: tokenizer.vocabSize });
  const runtime = new Runtime({ threads: 1 });
  const model = HookedModel.fromSource(randomModel(config, 1).source, { runtime, tokenizer });
  const text = "When Mary and John";
  const ids = tokenizer.encode(text);
  assertEquals(model.toTokens(text), ids);
  assertEquals(model.toStringTokens(text), ["When", " Mary", " and", " John"]);
  assertEquals(model.toText(ids), text);
  assertEquals(model.toSingleToken(" Mary"), ids[1]);
  const said = (word: string) => assertThrows(() => model.toSingleToken(word), Error).message;
  assert(said(" mary").endsWith('found [" m" "ary"]; did you mean " Mary"?'), said(" mary"));
  assert(said("").endsWith("must be a single token, found []"), said(""));
  assertEquals((await model.logits(text)).data, (await model.logits([ids], [3])).data);
  assertEquals((await model.logits([text, ids])).shape, [2, tokenizer.vocabSize]);
  const wrong = (prompts: unknown) => assertRejects(() => model.run(prompts as string), TypeError);
  for (const prompts of [[1, 2], 5, null, [{}], undefined]) {
    assert((await wrong(prompts)).message.startsWith("prompts: expected a text, or a list of"));
  }
  await assertRejects(() => model.run(""), Error, 'the prompt "" has no tokens');
  const { text: next, tokens } = await model.generate(text, { maxTokens: 3 });
  assertEquals([tokens.length, next], [3, tokenizer.decode(tokens)]);
  await runtime.close();
});

Deno.test("read-outs that do not fit the prompts are named", async () => {
  await using context = setup(smallConfig("gpt2"));
  const { model, prompts: [prompt] } = context;
  const cases: [number[], string][] = [
    [[99], "position 99 of prompt 0: it has 4 tokens, at positions 0 … 3"],
    [[], "positions: expected one per prompt, that is 1, found 0"],
    [[1, 2], "found 2"],
    [[-1], "position -1"],
    [[0.5], "position 0.5"],
  ];
  const row = {
    kind: "logits" as const,
    ids: Int32Array.of(1),
    weights: Float32Array.of(1),
    width: 1,
  };
  for (const [positions, message] of cases) {
    await assertRejects(() => model.logits([prompt], positions), RangeError, message);
    await assertRejects(() => model.metric([prompt], positions, row), RangeError, message);
    await assertRejects(() => model.gradients([prompt], positions, row, []), RangeError, message);
    await assertRejects(() => model.logitLens([prompt], positions), RangeError, message);
  }
  await assertRejects(
    () => model.metric([prompt, prompt], [1, 1], row),
    RangeError,
    "rows of the metric: expected one per prompt, that is 2, found 1",
  );
  await assertRejects(() => model.loss([[1]]), Error, "prompt 0 has 1 token");
  await assertRejects(() => model.run("text"), Error, "no folder with a tokenizer");
});

Deno.test("patterns find hook points; head inputs only by name", () => {
  const config = smallConfig("gpt_neox");
  assertEquals(matchHooks("blocks.*.attn.hook_z", config), [
    "blocks.0.attn.hook_z",
    "blocks.1.attn.hook_z",
  ]);
  assertEquals(matchHooks(["blocks.1.*_input", "hook_embed"], config), [
    "hook_embed",
    "blocks.1.hook_q_input",
    "blocks.1.hook_k_input",
    "blocks.1.hook_v_input",
  ]);
  const all = matchHooks("*", config);
  // 22 points in a block, without three head inputs and the residual between attention and MLP
  assertEquals(all.length, 2 * (22 - 4) + 3);
  assertThrows(() => matchHooks("blocks.*.hook_zz", config), Error, "no hook point matches");
  assertThrows(() => matchHooks("blocks.*.attn.hook.z", config), Error, "the nearest names are");
});
