import { assert, assertEquals, assertThrows } from "@std/assert";
import { dtypeOf, DTYPES } from "./dtype.ts";
import {
  cast,
  type Dtype,
  Graph,
  joinRows,
  repeatRows,
  Session,
  sliceRows,
  sliceWithinRows,
  takeRows,
  tensor,
} from "./mod.ts";

/** Numbers 0, 1, 2 … in a shape, in the middle of a larger array. */
function counting(...shape: number[]) {
  const size = shape.reduce((a, b) => a * b, 1);
  const buffer = Float32Array.from({ length: size + 6 }, (_, i) => i - 3);
  return tensor(buffer.subarray(3, size + 3), shape);
}

Deno.test("sliceRows() is a view of the rows asked for", () => {
  const t = counting(4, 2, 1);
  const middle = sliceRows(t, 1, 3);
  assertEquals(middle.shape, [2, 2, 1]);
  assertEquals([...middle.data], [2, 3, 4, 5]);
  middle.data[0] = 70;
  assertEquals(t.data[2], 70);
  assertEquals(sliceRows(t, 4, 4).shape, [0, 2, 1]);
  for (const [from, to] of [[-1, 2], [0, 5], [3, 2], [0.5, 1]]) {
    assertThrows(() => sliceRows(t, from, to), RangeError, `${from} … ${to} − 1 asked for`);
  }
});

Deno.test("sliceWithinRows() takes the same inner rows of every row, as a view where they lie together", () => {
  const t = counting(2, 3, 2);
  const last = sliceWithinRows(t, 1, 3);
  assertEquals(last.shape, [2, 2, 2]);
  assertEquals([...last.data], [2, 3, 4, 5, 8, 9, 10, 11]);
  assert(last.data.buffer !== t.data.buffer);
  const all = sliceWithinRows(t, 0, 3), single = sliceWithinRows(sliceRows(t, 1, 2), 1, 2);
  assertEquals([...all.data], [...t.data]);
  assertEquals(single.shape, [1, 1, 2]);
  assertEquals([...single.data], [8, 9]);
  assert(all.data.buffer === t.data.buffer && single.data.buffer === t.data.buffer);
  assertThrows(() => sliceWithinRows(t, 1, 4), RangeError, "the tensor of shape [2,3,2] has 3");
});

Deno.test("takeRows() copies rows in the order given, repeated ones too", () => {
  const t = counting(3, 2);
  const taken = takeRows(t, [2, 0, 2]);
  assertEquals(taken.shape, [3, 2]);
  assertEquals([...taken.data], [4, 5, 0, 1, 4, 5]);
  assert(taken.data.buffer !== t.data.buffer);
  assertEquals(takeRows(t, []).shape, [0, 2]);
  assertThrows(() => takeRows(t, [0, 3]), RangeError, "rows 3 … 4 − 1 asked for");
});

Deno.test("repeatRows() puts whole copies one after another", () => {
  const t = counting(2, 2);
  const twice = repeatRows(t, 2);
  assertEquals(twice.shape, [4, 2]);
  assertEquals([...twice.data], [0, 1, 2, 3, 0, 1, 2, 3]);
  assert(repeatRows(t, 1) === t);
  assertEquals(repeatRows(t, 0).shape, [0, 2]);
  assertThrows(() => repeatRows(t, 1.5), RangeError, "1.5 times");
});

Deno.test("joinRows() joins tensors of different lengths, and undoes sliceRows()", () => {
  const t = counting(5, 1, 2);
  const joined = joinRows([sliceRows(t, 0, 2), sliceRows(t, 2, 2), sliceRows(t, 2, 5)]);
  assertEquals(joined.shape, t.shape);
  assertEquals([...joined.data], [...t.data]);
  assert(joinRows([t]) === t);
  assertThrows(() => joinRows([]), Error, "no tensors");
  assertThrows(() => joinRows([t, counting(5, 2, 1)]), Error, "float32[5,1,2] and float32[5,2,1]");
  const wide = { ...t, dtype: "float64" as const };
  assertThrows(() => joinRows([t, wide]), Error, "float64[5,1,2]");
});

Deno.test("Rows keep the element type, whichever it is, and ONNX Runtime knows each by its number", async () => {
  for (const dtype of Object.keys(DTYPES) as Dtype[]) {
    const g = new Graph();
    const x = g.input("x", [2, 2]);
    const session = await Session.compile({ y: cast(x, dtype) });
    const { y } = await session.run({ x: tensor(Float32Array.of(1, 0, 1, 1), [2, 2]) });
    assertEquals(dtypeOf(y.data), dtype);
    const rows = joinRows([
      repeatRows(y, 2),
      takeRows(y, [1]),
      sliceWithinRows(repeatRows(y, 2), 0, 2),
    ]);
    assertEquals(dtypeOf(rows.data), dtype);
    assertEquals(Array.from(rows.data, Number).slice(0, 10), [1, 0, 1, 1, 1, 0, 1, 1, 1, 1]);
    await session.release();
  }
});
