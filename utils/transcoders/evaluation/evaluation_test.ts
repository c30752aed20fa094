import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { randomTensor } from "../../../tests/support/coder_cases.ts";
import { uniform } from "../../../tests/support/random_model.ts";
import { ProgramCache, tensor } from "../../onnx/mod.ts";
import { FitMeter } from "./fit_quality.ts";
import { LossMeter } from "./token_losses.ts";

const withCache = async (use: (cache: ProgramCache) => Promise<void>) => {
  const cache = new ProgramCache({ threads: 1 });
  try {
    await use(cache);
  } finally {
    await cache.close();
  }
};

Deno.test("FitMeter gives the values of a case worked by hand", () =>
  withCache(async (cache) => {
    const meter = new FitMeter(cache, 3, 2);
    assertThrows(() => meter.quality(), Error, "at least one row");
    const f32 = (shape: number[], ...data: number[]) => tensor(Float32Array.from(data), shape);
    // Targets (3, 1), (1, 1), (2, −2): mean (2, 0), variance 1+1 + 1+1 + 0+4 = 8, energy 10 + 2 + 8 = 20.
    // Errors (1, 0), (0, −2), (0, 0): 1 + 4 = 5.
    await meter.add(
      f32([2, 3], 1, 0, 2, 0, 0, -1),
      f32([2, 2], 4, 1, 1, -1),
      f32([2, 2], 3, 1, 1, 1),
    );
    // The second row of this batch does not count.
    await meter.add(
      f32([1, 2, 3], 0, 0, 0, 5, 5, 5),
      f32([1, 2, 2], 2, -2, 9, 9),
      f32([1, 2, 2], 2, -2, 100, 50),
      Uint8Array.of(1, 0),
    );
    const { rows, l0, mse, fvu, explained_variance_uncentred } = meter.quality();
    assertEquals([rows, l0], [3, 1]);
    assertAlmostEquals(mse, 5 / 6, 1e-6);
    assertAlmostEquals(fvu, 5 / 8, 1e-6);
    assertAlmostEquals(explained_variance_uncentred, 1 - 5 / 20, 1e-6);
  }));

Deno.test("LossMeter equals plain loops, and ignores padding", () =>
  withCache(async (cache) => {
    const V = 5, next = uniform(2);
    const prompts = [[0, 3, 1], [2, 4, 4, 1]];
    const clean = randomTensor([2, 4, V], next), replaced = randomTensor([2, 4, V], next);
    const logs = ({ data }: typeof clean, row: number) => {
      const z = Array.from(data.subarray(row * V, row * V + V));
      const total = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
      return z.map((x) => x - total);
    };
    let ce = 0, kl = 0;
    prompts.forEach((tokens, b) =>
      tokens.forEach((_, p) => {
        const [c, r] = [logs(clean, 4 * b + p), logs(replaced, 4 * b + p)];
        kl += c.reduce((sum, x, v) => sum + Math.exp(x) * (x - r[v]), 0);
        if (p + 1 < tokens.length) ce -= r[tokens[p + 1]];
      })
    );
    const meter = new LossMeter(cache);
    await meter.add(prompts, clean, replaced);
    const found = meter.losses();
    assertAlmostEquals(found.ce, ce / 5, 1e-6);
    assertAlmostEquals(found.kl, kl / 7, 1e-6);
    assert(found.kl > 0);
    await meter.add(prompts, clean, clean);
    assertAlmostEquals(meter.losses().kl, kl / 14, 1e-6, "the same logits add nothing");
  }));
