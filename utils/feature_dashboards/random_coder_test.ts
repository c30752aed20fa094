import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomCoder as someCoder } from "../../tests/support/coder_cases.ts";
import { tensor } from "../onnx/mod.ts";
import { Runtime } from "../model/mod.ts";
import { encode } from "../transcoders/mod.ts";
import { randomCoder } from "./random_coder.ts";

Deno.test("a random coder has the norms of its model, k active features, and directions of its own", async () => {
  const like = someCoder({ dIn: 20, dOut: 20, features: 50, layer: 0 }, 1);
  const centre = Float32Array.from({ length: 20 }, (_, i) => i / 5);
  const random = randomCoder(like, 6.4, centre, 3);
  const row = (data: Float32Array, f: number) => Array.from(data.subarray(f * 20, f * 20 + 20));
  for (const key of ["W_enc", "W_dec"] as const) {
    let cosine = 0;
    for (let f = 0; f < 50; f++) {
      const [a, b] = [row(random.weights[key].data, f), row(like.weights[key].data, f)];
      assertAlmostEquals(Math.hypot(...a), Math.hypot(...b), 1e-5);
      cosine += a.reduce((sum, x, i) => sum + x * b[i], 0) / Math.hypot(...a) / Math.hypot(...b) /
        50;
    }
    assert(Math.abs(cosine) < 0.12, `${key}: mean cosine ${cosine}`);
  }
  const runtime = new Runtime({ threads: 1 });
  const x = tensor(
    Float32Array.from({ length: 40 }, (_, i) => centre[i % 20] + (i < 20 ? 0 : Math.sin(i))),
    [2, 20],
  );
  const { data } = await encode(runtime, random, x);
  const active = [0, 1].map((r) =>
    data.subarray(r * 50, r * 50 + 50).filter((a) => a > 1e-5).length
  );
  // at the mean input every pre-activation is 0
  assertEquals(active, [0, 6]);
});
