import { assertEquals, assertThrows } from "@std/assert";
import { NdTensor } from "./nd_tensor.ts";
import { tensor } from "./dtype.ts";

/** [2, 3, 4] with elements 100·i + 10·j + k. */
const counting = NdTensor.from(
  [0, 1].map((i) => [0, 1, 2].map((j) => [0, 1, 2, 3].map((k) => 100 * i + 10 * j + k))),
);

Deno.test("slice() takes indices, ranges and everything, also from the end", () => {
  assertEquals(counting.slice(1, 2, 3).item(), 123);
  assertEquals(counting.slice(-1, -1, -1).item(), 123);
  assertEquals(counting.slice(null, 1, [1, 3]).toArray(), [[11, 12], [111, 112]]);
  assertEquals(counting.slice(0, [-2, 3]).toArray(), [[10, 11, 12, 13], [20, 21, 22, 23]]);
  assertEquals(counting.slice().toArray(), counting.toArray());
  assertEquals(counting.slice(0, [1, 1]).shape, [0, 4]);
});

Deno.test("argmax() and mean() drop an axis; the first of equals wins", () => {
  assertEquals(counting.argmax(0).toArray(), [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]);
  assertEquals(counting.argmax().toArray(), [[3, 3, 3], [3, 3, 3]]);
  assertEquals(NdTensor.from([2, 5, 5]).argmax().item(), 1);
  assertEquals(counting.mean(1).toArray(), [[10, 11, 12, 13], [110, 111, 112, 113]]);
});

Deno.test("with() and map() leave the original as it is", () => {
  const t = NdTensor.from([[1, 2], [3, 4]]);
  assertEquals(t.with([null, 1], 0).toArray(), [[1, 0], [3, 0]]);
  assertEquals(t.with([0], NdTensor.from([8, 9])).toArray(), [[8, 9], [3, 4]]);
  assertEquals(t.map((x, i) => x * i).toArray(), [[0, 2], [6, 12]]);
  assertEquals(t.toArray(), [[1, 2], [3, 4]]);
});

Deno.test("a wrapped tensor shares its elements and keeps its type", () => {
  const bools = tensor(Uint8Array.of(1, 0), [2]);
  assertEquals([NdTensor.of(bools).data, NdTensor.of(bools).dtype], [bools.data, "bool"]);
});

Deno.test("indices, ranges, axes and shapes that do not exist are named", () => {
  assertThrows(() => counting.slice(2), RangeError, "index 2 on axis 0 of shape [2,3,4]");
  assertThrows(() => counting.slice(0, -4), RangeError, "index -4 on axis 1");
  assertThrows(() => counting.slice(0, [2, 1]), RangeError, "range [2,1] on axis 1");
  assertThrows(() => counting.slice(0.5), RangeError, "index 0.5");
  assertThrows(() => counting.slice(0, 0, 0, 0), RangeError, "4 selectors");
  assertThrows(() => counting.argmax(3), RangeError, "axis 3");
  assertThrows(() => counting.slice(0).item(), RangeError, "[3,4]");
  assertThrows(() => counting.with([0], NdTensor.from([1])), RangeError, "[3,4], the value [1]");
  assertThrows(() => NdTensor.from([[1, 2], [3]]), RangeError, "rows differ");
  assertThrows(() => new NdTensor(new Float32Array(3), [2]), RangeError, "needs 2");
});
