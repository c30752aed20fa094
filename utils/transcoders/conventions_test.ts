import { assert, assertEquals, assertThrows } from "@std/assert";
import { plainRow, randomCoder } from "../../tests/support/coder_cases.ts";
import { uniform } from "../../tests/support/random_model.ts";
import { readingBare, readingMlpInput, readsBare, readsMlpInput } from "./conventions.ts";

const next = uniform(8);
const gain = Float32Array.from({ length: 5 }, () => 1.5 + next());
const bias = Float32Array.from({ length: 5 }, next);
const rows = Array.from({ length: 4 }, () => Array.from({ length: 5 }, next));

Deno.test("A coder moved over LayerNorm's gain and bias gives the same for the moved input", () => {
  const coder = randomCoder({ skip: true, activation: { name: "jumprelu" } });
  const moved = readingMlpInput(coder, { gain, bias });
  assert(readsBare(coder) && readsMlpInput(moved));
  assertEquals(moved.config.inputHook, "blocks.1.mlp.hook_in");
  const back = readingBare(moved, { gain, bias });
  assertEquals(back.config, coder.config);
  for (const n of rows) {
    const expected = plainRow(coder, n);
    const x = n.map((v, i) => gain[i] * v + bias[i]);
    const found = [plainRow(moved, x), plainRow(back, n)];
    for (const { a, y } of found) {
      a.forEach((v, f) => assert(Math.abs(v - expected.a[f]) < 2e-6));
      y.forEach((v, j) => assert(Math.abs(v - expected.y[j]) < 2e-6));
    }
  }
});

Deno.test("A coder cannot be moved over gains near 0, or from another hook point", () => {
  const coder = randomCoder();
  const zero = gain.with(3, 1e-9);
  assertThrows(() => readingMlpInput(coder, { gain: zero, bias }), Error, "gain in dimension 3 is");
  const other = randomCoder({ inputHook: "blocks.1.hook_resid_mid" });
  assertThrows(() => readingMlpInput(other, { gain, bias }), Error, "reads ln2.hook_normalized");
  assertThrows(() => readingBare(other, { gain, bias }), Error, "reads mlp.hook_in");
  assert(readsBare(randomCoder({ inputHook: "blocks.1.mlp.hook_in", inputConvention: "folded" })));
});
