import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { tensor } from "../../onnx/mod.ts";
import { gpt2Tokenizer } from "../../../tests/support/tokenizers.ts";
import { relativeError } from "../../verify/comparison.ts";
import { ReferenceCase } from "../../verify/reference_case.ts";
import { cspaScores } from "./cspa.ts";
import { compileDivergences } from "./cspa_graphs.ts";
import { functionWordIds } from "./function_words.ts";
import { plainCspa } from "../../../tests/oracle/plain_cspa.ts";

const CASES = ["neox", "gpt2"] as const;
const open = (name: string) =>
  ReferenceCase.open(fromFileUrl(new URL(`../../../tests/reference/${name}`, import.meta.url)));

async function settings(c: ReferenceCase) {
  return {
    docs: await c.tokens("cspa.docs"),
    evalDocs: c.heads!.cspa.eval_docs,
    kUnembeddings: c.heads!.cspa.k_unembeddings,
    functionWords: Array.from(await c.read("cspa.function_words")),
  };
}

for (const name of CASES) {
  Deno.test(`cspaScores() gives the reference scores (${name})`, async () => {
    const c = await open(name);
    const { docs, ...options } = await settings(c);
    const { scores } = await cspaScores(await c.folded(), docs, options);
    const error = relativeError(scores, await c.read("cspa.score"));
    assert(error < 2e-5, `${error}`);
    await c.close();
  });

  Deno.test(`cspaScores() follows the definition with other settings (${name})`, async () => {
    const c = await open(name);
    const model = await c.folded();
    const { docs } = await settings(c);
    // Repeated tokens, and so many function words that some destinations have too few candidates.
    const repeating = docs.map((doc) => doc.map((id, k) => k % 5 === 4 ? doc[k - 3] : id));
    const options = { evalDocs: 3, kUnembeddings: 0.4, functionWords: docs.flat().slice(0, 30) };
    const found = await cspaScores(model, repeating, options);
    for (const [layer, head] of [[0, 1], [2, 3]]) {
      const plain = await plainCspa(model, repeating, { ...options, layer, head });
      const i = layer * model.config.nHeads + head;
      assertAlmostEquals(found.ablated[i], plain.ablated, 1e-5 * plain.ablated);
      assertAlmostEquals(found.kept[i], plain.kept, 1e-5 * plain.kept);
      assertAlmostEquals(found.scores[i], plain.score, 1e-5);
    }
    await c.close();
  });
}

Deno.test("cspaScores() without any allowed source is mean ablation, with score 0", async () => {
  const c = await open("neox");
  const { docs, ...options } = await settings(c);
  const functionWords = [...new Set(docs.flat())];
  const { scores, ablated } = await cspaScores(await c.folded(), docs, {
    ...options,
    functionWords,
  });
  assert(ablated.every((kl) => kl > 0));
  scores.forEach((score) => assertAlmostEquals(score, 0, 1e-6));
  await c.close();
});

Deno.test("cspaScores() does not depend on slicing of the vocabulary, and skips layers before startLayer", async () => {
  const c = await open("gpt2");
  const model = await c.folded();
  const { docs, ...options } = await settings(c);
  const whole = await cspaScores(model, docs, options);
  const { nHeads } = model.config;
  const layers: number[] = [];
  const parts = await cspaScores(model, docs, {
    ...options,
    columns: 13,
    startLayer: 1,
    onLayer: (layer) => layers.push(layer),
  });
  assertEquals(layers, [1, 2]);
  assertEquals([...parts.scores.slice(0, nHeads)], new Array(nHeads).fill(0));
  const error = relativeError(parts.kept.slice(nHeads), whole.kept.slice(nHeads));
  assert(error < 1e-6, `${error}`);
  await c.close();
});

Deno.test("cspaScores() refuses unfolded weights and documents of different lengths", async () => {
  const c = await open("neox");
  const options = { functionWords: [] };
  await assertRejects(() => cspaScores(c.model, [[1, 2]], options), Error, "folded weights");
  const model = await c.folded();
  await assertRejects(
    () => cspaScores(model, [[1, 2], [1, 2, 3]], options),
    Error,
    "document 1 has 3 tokens, document 0 has 2",
  );
  await c.close();
});

Deno.test("compileDivergences() matches double precision in both forms, the exact one for any change", async () => {
  const c = await open("neox");
  const { config } = c.model;
  const [V, e, T] = [config.vocabSize, config.dHead, 3];
  const wave = (n: number, size: number, phase: number) =>
    Float32Array.from({ length: n }, (_, i) => size * Math.sin(phase + i * 1.7 + i * i * 0.013));
  const p = [0, 1, 2].map((q) => {
    const weights = Array.from(wave(V, 3, q), Math.exp);
    const sum = weights.reduce((a, b) => a + b);
    return weights.map((w) => w / sum);
  });
  const product = (a: Float32Array, b: Float32Array, q: number, t: number, n: number) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[q * n + j] * b[j * V + t];
    return sum;
  };
  async function compare(size: number, form: "quick" | "exact") {
    const [shift, OU] = [wave(T * e, size, 0.3), wave(e * V, 1, 0.7)];
    const [coef, gram] = [wave(T * T, size, 1.3), wave(T * V, 1, 2.1)];
    const changes = p.map((_, q) =>
      Array.from({ length: V }, (_, t) => {
        const ablated = product(shift, OU, q, t, e);
        return { ablated, kept: ablated + product(coef, gram, q, t, T) };
      })
    );
    const drift = (name: "ablated" | "kept") =>
      p.map((row, q) => row.reduce((s, w, t) => s + w * changes[q][t][name], 0));
    const feed = (list: number[]) => tensor(Float32Array.from(list), [1, 1, T, 1]);
    const session = await compileDivergences(config, form, {});
    const found = await session.run({
      p: tensor(Float32Array.from(p.flat()), [1, T, V]),
      gram: tensor(gram, [1, T, V]),
      coef: tensor(coef, [1, 1, T, T]),
      OU: tensor(OU, [1, e, V]),
      shift: tensor(shift, [1, 1, T, e]),
      drift: feed(drift("ablated")),
      drift_kept: feed(drift("kept")),
    });
    await session.release();
    let largest = -Infinity;
    for (const name of ["ablated", "kept"] as const) {
      p.forEach((row, q) => {
        const mean = drift(name)[q];
        const x = changes[q].map((change) => change[name] - mean);
        largest = Math.max(largest, ...x);
        const kl = Math.log(row.reduce((s, w, t) => s + w * Math.exp(x[t]), 0));
        assertAlmostEquals(Math.log1p(found[name].data[q]), kl, 2e-5 * kl + 1e-10, `${name} ${q}`);
      });
    }
    if (form === "quick") {
      assertAlmostEquals(2 * Math.max(...found.largest.data), largest, 1e-5 * largest);
    }
    return largest;
  }
  for (const size of [0.001, 0.03, 0.3]) await compare(size, "quick");
  for (const size of [0.001, 0.3]) await compare(size, "exact");
  const overflowing = 88.8;
  assert(await compare(50, "exact") > overflowing);
  await c.close();
});

Deno.test("functionWordIds() drops entries that are not one token and includes the end-of-text token", () => {
  const tokenizer = gpt2Tokenizer();
  const ids = functionWordIds(tokenizer);
  assertEquals(ids.includes(tokenizer.singleToken(" the")!), true);
  assertEquals(ids.includes(tokenizer.eosId!), true);
  assertEquals(ids.includes(tokenizer.singleToken(" house")!), false);
  assertEquals(ids, [...new Set(ids)].sort((a, b) => a - b));
  // 33 control characters and the list's distinct words, each one GPT-2 token.
  assertEquals(ids.length, 33 + 114);
});
