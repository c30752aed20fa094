import { assertAlmostEquals, assertEquals } from "@std/assert";
import { knownShape, standInSource, unitBytes, unitNames } from "./mod.ts";

Deno.test("known shapes have the published numbers of parameters", () => {
  // Pythia's paper, table 1: parameters without embeddings; GPT-2's 124M include the embedding
  const published = { "70m": 18_915_328, "410m": 302_311_424, "2.8b": 2_517_652_480 };
  for (const [size, expected] of Object.entries(published)) {
    const { config } = knownShape(`EleutherAI/pythia-${size}-deduped`)!;
    const vocabulary = 2 * config.vocabSize * config.dModel;
    const all = unitNames(config).reduce((sum, unit) => sum + unitBytes(config, unit) / 4, 0);
    assertEquals(all - vocabulary, expected, size);
  }
  const { config } = knownShape("openai-community/gpt2")!;
  const units = unitNames(config).map((unit) => unitBytes(config, unit) / 4);
  const tied = config.vocabSize * config.dModel;
  assertEquals(units.reduce((a, b) => a + b, 0) - tied, 124_439_808);
  assertEquals(knownShape("someone/else"), undefined);
});

Deno.test("stand-in weights of all layers share the memory of one", async () => {
  const { config } = knownShape("EleutherAI/pythia-14m")!;
  const source = standInSource(config);
  const [first, last] = [await source.load("0"), await source.load("5")];
  assertEquals(first.in_w.shape, [4 * 128, 128]);
  assertEquals(first.in_w.data === last.in_w.data, true);
  const layer = unitBytes(config, "0");
  assertAlmostEquals(source.bytes() / layer, 1, 0.4);
});
