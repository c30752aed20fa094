import { assert, assertEquals, assertRejects } from "@std/assert";
import { graphCase } from "../../../tests/support/graph_cases.ts";
import { randomTokens } from "../../../tests/support/random_model.ts";
import { SHADES } from "../../results/mod.ts";
import { rowsOf, runCoders } from "../../transcoders/mod.ts";
import { drawStudy, floorCoders, type RatedKind, studyName } from "../mod.ts";

const OPTIONS = {
  ...{ perKind: 6, leastFrequency: 0, top: 2, bands: 2, perBand: 1, before: 5, after: 3, seed: 3 },
  ...{ model: "tiny", step: 5 },
};

Deno.test("blind study: each item shows its feature's activations, and nothing else of it", async () => {
  const { model, coders } = graphCase("GPT-2, stream"), { vocabSize } = model.config;
  const prompts = Array.from({ length: 12 }, (_, i) => randomTokens(9, vocabSize, i));
  const batches = [rowsOf(prompts.slice(0, 5)), rowsOf(prompts.slice(5))];
  const vocabulary = Array.from({ length: vocabSize }, (_, id) => `t${id} `);
  const random = await floorCoders(model, coders, batches, 1);
  const kinds: RatedKind[] = [
    { kind: "transcoder", source: "first", coders },
    { kind: "random", source: "second", coders: random },
  ];
  const draw = (options = {}) =>
    drawStudy(model, kinds, batches, vocabulary, { ...OPTIONS, ...options });
  const { study, key } = await draw();
  assertEquals(key.items.map(({ number }) => number), study.items.map(({ number }) => number));
  for (const { kind } of kinds) {
    const own = key.items.filter((item) => item.kind === kind);
    assertEquals(own.length, 6);
    // six of each kind from three layers: two of each
    assertEquals(own.map(({ layer }) => layer).sort(), [0, 0, 1, 1, 2, 2]);
  }
  assertEquals(new Set(key.items.map(({ kind, layer, id }) => `${kind}${layer}.${id}`)).size, 12);
  const runs = new Map(
    await Promise.all(
      kinds.map(async ({ kind, coders }) =>
        [
          kind,
          await Promise.all(prompts.map((tokens) => runCoders(model, coders, [tokens]))),
        ] as const
      ),
    ),
  );
  const textOf = (ids: readonly number[]) => ids.map((id) => vocabulary[id]).join("");
  for (const { kind, layer, id, frequency, number } of key.items) {
    const values = runs.get(kind)!.map((run) => {
      const { data } = run[layer].activations;
      return Array.from({ length: 9 }, (_, p) => Math.max(0, data[p * 14 + id]));
    });
    const max = Math.max(...values.flat());
    const fired = values.flat().filter((x) => x > 0).length;
    assert(Math.abs(frequency - fired / 108) < 1e-4);
    const { lists } = study.items[number - 1];
    assertEquals(lists.map(({ length }) => length), [2, 1, 1]);
    for (const [window, peak, from, end, ...pairs] of lists.flat()) {
      const shown = study.rows[window].map((token) => study.vocabulary[token]).join("");
      const places = prompts.flatMap((tokens, row) =>
        tokens.flatMap((_, p) => {
          const start = Math.max(0, p - 5), stop = Math.min(9, p + 4);
          return p - start === peak && stop - start === end &&
              textOf(tokens.slice(start, stop)) === shown
            ? [values[row].slice(start, stop)]
            : [];
        })
      );
      assertEquals(from, 0);
      // the same text may be in two rows; a shade is the next whole step above the share of the maximum
      const fits = places.some((values) => {
        const expected = values.flatMap((x, p) => x > 0 ? [p, x / max * SHADES] : []);
        return expected.length === pairs.length && pairs.every((value, i) => {
          const over = value - expected[i];
          return i % 2 === 0 ? over === 0 : over > -1e-4 && over < 1 + 1e-4;
        });
      });
      assert(fits, `${kind} ${layer}.${id}: ${pairs} in ${places.length} places`);
    }
    // the first example is the largest activation of all
    assertEquals(Math.max(...lists[0][0].slice(4).filter((_, i) => i % 2 === 1)), SHADES);
  }
  const page = JSON.stringify(study);
  for (const word of ["transcoder", "random", "first", "second", "layer", "frequency", "tiny"]) {
    assert(!page.includes(word), word);
  }
  assertEquals(await studyName(key), study.study);
  assertEquals(await draw(), { study, key });
  assert((await draw({ seed: 4 })).study.study !== study.study);
  await assertRejects(() => draw({ perKind: 50 }), Error, "rate fewer per kind");
  model.close();
});
