import { assertEquals } from "@std/assert";
import { promptBatches, readoutRows } from "./prompt_batches.ts";
import { pair, smallReadout } from "../../tests/support/circuit_cases.ts";

const PAIRS = [
  pair([1, 2, 3, 4, 9], [1, 2, 5, 4, 9], 3),
  pair([6, 7, 8], [6, 0, 8], 2),
  pair([1, 2, 3, 4], [1, 2, 3, 0], 3),
  pair([4, 5, 6], [4, 5, 6], 2),
];

Deno.test("promptBatches() groups by read-out position, cuts there and splits off the shared prefix", () => {
  const readout = smallReadout(4);
  const batches = promptBatches(PAIRS, readout);
  assertEquals(batches.map(({ readout: _, ...rest }) => rest), [
    {
      indices: [0, 2],
      prefix: [[1, 2], [1, 2]],
      clean: [[3, 4], [3, 4]],
      corrupted: [[5, 4], [3, 0]],
      position: 1,
    },
    {
      indices: [1, 3],
      prefix: [[6], [4]],
      clean: [[7, 8], [5, 6]],
      corrupted: [[0, 8], [5, 6]],
      position: 1,
    },
  ]);
  for (const batch of batches) {
    batch.indices.forEach((i, n) => {
      const row = (
        r: typeof readout,
        k: number,
      ) => [
        ...r.ids.subarray(k * r.width, (k + 1) * r.width),
        ...r.weights.subarray(k * 2, k * 2 + 2),
      ];
      assertEquals(row(batch.readout, n), row(readout, i));
    });
  }
});

Deno.test("promptBatches() without sharing keeps prompts whole up to the read-out", () => {
  const batches = promptBatches(PAIRS, smallReadout(4), { sharePrefix: false });
  for (const { indices, prefix, clean, corrupted, position } of batches) {
    indices.forEach((i, n) => {
      assertEquals(prefix[n], []);
      assertEquals(clean[n], PAIRS[i].clean.slice(0, PAIRS[i].position + 1));
      assertEquals(corrupted[n], PAIRS[i].corrupted.slice(0, PAIRS[i].position + 1));
      assertEquals(position, PAIRS[i].position);
    });
  }
});

Deno.test("promptBatches() limits the batch size and loses no prompt", () => {
  const many = Array.from({ length: 11 }, (_, i) => pair([i, 1, 2], [i, 3, 2], 2));
  for (const batchSize of [1, 3, 4, 11, 100]) {
    const batches = promptBatches(many, smallReadout(11), { batchSize });
    assertEquals(batches.flatMap((b) => b.indices).toSorted((a, b) => a - b), [...many.keys()]);
    assertEquals(Math.max(...batches.map((b) => b.indices.length)), Math.min(batchSize, 11));
  }
});

Deno.test("promptBatches() never puts the read-out into the prefix", () => {
  const [batch] = promptBatches([pair([1, 2, 3], [1, 2, 3], 2)], smallReadout(1));
  assertEquals([batch.clean, batch.position], [[[3]], 0]);
});

Deno.test("readoutRows() takes rows in the given order", () => {
  const r = smallReadout(3);
  assertEquals([...readoutRows(r, [2, 0]).ids], [...r.ids.subarray(4, 6), ...r.ids.subarray(0, 2)]);
});
