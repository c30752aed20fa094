import { assertAlmostEquals, assertEquals } from "@std/assert";
import { tensor } from "../onnx/mod.ts";
import { MatmulRate } from "./matmul_rate.ts";

Deno.test("MatmulRate counts the operations of its products and times each run", async () => {
  const shapes = { a: [4, 3], b: [5, 4] };
  const forward = 2 * 7 * (12 + 20);
  for (
    const [options, factor] of [[{}, 1], [{ data: true }, 2], [
      { data: true, weight: true },
      3,
    ]] as const
  ) {
    const rate = await MatmulRate.compile(shapes, 7, options);
    assertEquals(rate.flops, factor * forward);
    assertEquals(rate.times, []);
    const perSecond = await rate.sample();
    assertEquals(rate.times.length, 1);
    assertAlmostEquals(perSecond * rate.times[0] / 1000, rate.flops, 1e-6 * rate.flops);
    await rate.release();
  }
});

Deno.test("MatmulRate runs every set of weights", async () => {
  const set = () => ({ a: tensor(new Float32Array(12), [4, 3]) });
  const rate = await MatmulRate.compile({ a: [4, 3] }, 7, { weights: [set(), set(), set()] });
  assertEquals(rate.flops, 3 * 2 * 7 * 12);
  await rate.release();
});
