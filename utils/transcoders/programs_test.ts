import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ACTIVATIONS,
  plainRow,
  randomCoder,
  randomTensor,
} from "../../tests/support/coder_cases.ts";
import { uniform } from "../../tests/support/random_model.ts";
import { ProgramCache } from "../onnx/mod.ts";
import { decode, encode, reconstruct } from "./programs.ts";

const ROWS = 6;
/** Runs with a cache that is closed at the end. */
const withCache = async (use: (cache: ProgramCache) => Promise<void>) => {
  const cache = new ProgramCache({ threads: 1 });
  try {
    await use(cache);
  } finally {
    await cache.close();
  }
};

function assertNear(found: ArrayLike<number>, expected: number[], what: string) {
  assertEquals(found.length, expected.length, what);
  expected.forEach((x, i) =>
    assert(Math.abs(found[i] - x) < 1e-5, `${what}[${i}]: ${found[i]} ${x}`)
  );
}

for (const [name, activation] of Object.entries(ACTIVATIONS)) {
  for (const skip of [false, true]) {
    const path = skip ? " with a linear path" : "";
    Deno.test(`encode() and decode() of ${name}${path} equal plain loops`, () =>
      withCache(async (cache) => {
        const coder = randomCoder({ activation, skip }, 3);
        const x = randomTensor([2, ROWS / 2, 5], uniform(4));
        const rows = Array.from(
          { length: ROWS },
          (_, r) => plainRow(coder, x.data.subarray(5 * r, 5 * r + 5)),
        );
        const a = await encode(cache, coder, x);
        assertEquals(a.shape, [2, ROWS / 2, 7]);
        assertNear(a.data, rows.flatMap((row) => row.a), "a");
        const y = await decode(cache, coder, a, { x });
        assertEquals(y.shape, [2, ROWS / 2, 4]);
        assertNear(y.data, rows.flatMap((row) => row.y), "y");
        assertEquals((await reconstruct(cache, coder, x)).data, y.data);
        if (activation.name === "topk") {
          const negative = rows.some((row) => row.a.some((value) => value < 0));
          assertEquals(negative, activation.signed ?? false, "the rows tell the two kinds apart");
        }
      }));
  }
}

Deno.test("decode() gives each layer's part of a cross-layer coder", () =>
  withCache(async (cache) => {
    const coder = randomCoder({ kind: "cross_layer", decoderLayers: [1, 2, 3], skip: true }, 5);
    const x = randomTensor([ROWS, 5], uniform(6));
    const a = await encode(cache, coder, x);
    for (const at of [0, 1, 2]) {
      const expected = Array.from(
        { length: ROWS },
        (_, r) => plainRow(coder, x.data.subarray(5 * r, 5 * r + 5), at).y,
      ).flat();
      assertNear((await decode(cache, coder, a, { x, at })).data, expected, `layer ${1 + at}`);
    }
    await assertRejects(() => decode(cache, coder, a, { x, at: 3 }), Error, "writes to 3 layer(s)");
  }));

Deno.test("encode() and decode() name a width that is not the coder's", () =>
  withCache(async (cache) => {
    const coder = randomCoder({ skip: true });
    const wrong = randomTensor([2, 4], uniform(1));
    await assertRejects(
      () => encode(cache, coder, wrong),
      Error,
      "input of the coder: found shape [2, 4], expected […, 5]",
    );
    await assertRejects(() => decode(cache, coder, wrong, { x: wrong }), Error, "expected […, 7]");
    const a = randomTensor([2, 7], uniform(1));
    await assertRejects(() => decode(cache, coder, a), Error, "needs its input");
  }));
