import { assertEquals } from "@std/assert";
import { randomModel, smallConfig } from "../../../tests/support/random_model.ts";
import { layerStacks, loopOverLayers } from "./layer_loop.ts";
import { ModelWeights } from "./model_weights.ts";
import { WeightStore } from "./weight_store.ts";

const CONFIG = smallConfig("gpt_neox", { nLayers: 5 });

/** Makes a store that keeps only its two streaming slots in memory, and a list of the units that it has begun to read. */
function streaming() {
  const { source } = randomModel(CONFIG, 2);
  const begun: string[] = [];
  const load = (unit: string) => {
    begun.push(unit);
    return source.load(unit);
  };
  return { store: new WeightStore({ ...source, load }, 0), source, begun };
}

Deno.test("layerStacks() cuts a range from its beginning, in either direction", () => {
  assertEquals(layerStacks({ from: 1, to: 6 }, 2), [[1, 2], [3, 4], [5]]);
  assertEquals(layerStacks({ from: 1, to: 6, reverse: true }, 2), [[5], [3, 4], [1, 2]]);
  assertEquals(layerStacks({ from: 3, to: 3 }, 1), []);
});

Deno.test("loopOverLayers() reads the next stack ahead, and every unit once", async () => {
  for (
    const [range, size, expected] of [
      [{}, 1, [["0", "1"], ["0", "1", "2"], ["0", "1", "2", "3"], ["0", "1", "2", "3", "4"]]],
      [{ from: 3, thenUnembed: true }, 1, [["3", "4"], ["3", "4", "unembed"]]],
      [{ to: 3, reverse: true }, 1, [["2", "1"], ["2", "1", "0"], ["2", "1", "0"]]],
      [{ only: (l: number) => l % 3 === 1 }, 1, [["1", "4"], ["1", "4"]]],
      [{ from: 1, to: 4 }, 2, [["1", "2", "3"], ["1", "2", "3"]]],
    ] as const
  ) {
    const { store, begun } = streaming();
    let turn = 0;
    for await (const _ of loopOverLayers(store, range, size)) {
      if (turn < expected.length) assertEquals(begun, [...expected[turn]]);
      turn++;
    }
    assertEquals(new Set(begun).size, begun.length);
  }
});

Deno.test("ModelWeights.layers() yields each layer's weights as feeds of one layer", async () => {
  const { store, source } = streaming();
  const weights = new ModelWeights(store);
  const seen: number[] = [];
  for await (const { layer, feeds } of weights.layers({ from: 1, to: 4, reverse: true })) {
    const unit = await source.load(String(layer));
    for (const [name, value] of Object.entries(unit)) assertEquals(feeds[`0.${name}`], value);
    assertEquals(Object.keys(feeds).length, Object.keys(unit).length);
    seen.push(layer);
  }
  assertEquals(seen, [3, 2, 1]);
  const all = await weights.allLayers();
  assertEquals(all["4.in_w"], (await source.load("4")).in_w);
  assertEquals(Object.keys(all).length, 5 * 12);
  assertEquals(await weights.layerFeeds(2), {
    ...Object.fromEntries(
      Object.entries(await source.load("2")).map(([name, value]) => [`0.${name}`, value]),
    ),
  });
});

Deno.test("ModelWeights.load() reads what stays in memory, and asSource() reads through it", async () => {
  const { source, loads } = randomModel(CONFIG, 2);
  const weights = new ModelWeights(new WeightStore(source));
  await weights.load();
  assertEquals(loads(), 7);
  const { W_U } = await weights.asSource().load("unembed");
  assertEquals(W_U, (await weights.unembedding()).W_U);
  assertEquals(loads(), 7);
  assertEquals([weights.allInMemory, new ModelWeights(streaming().store).allInMemory], [
    true,
    false,
  ]);
});
