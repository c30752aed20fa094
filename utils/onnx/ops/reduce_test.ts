import { assertEquals, assertThrows } from "@std/assert";
import { gradients, Graph, Session, tensor, topK } from "../mod.ts";

Deno.test("topK() gives values and places, best first, and the lower index first where elements are equal", async () => {
  const g = new Graph();
  const x = g.input("x", ["rows", 5]);
  const most = topK(x, 3), least = topK(x, 2, { axis: 1, largest: false });
  const down = topK(x, 1, { axis: 0 });
  assertEquals(most.values.shape, ["rows", 3]);
  assertEquals(most.indices.dtype, "int64");
  assertEquals(down.indices.shape, [1, 5]);
  const session = await Session.compile({
    values: most.values,
    indices: most.indices,
    least: least.values,
    leastAt: least.indices,
    top: down.values,
    topAt: down.indices,
  });
  const rows = [[3, 7, 7, 1, 7], [0, 0, 0, -1, -1]];
  const out = await session.run({ x: tensor(Float32Array.from(rows.flat()), [2, 5]) });
  const indices = (name: keyof typeof out) => Array.from(out[name].data, Number);
  assertEquals([...out.values.data], [7, 7, 7, 0, 0, 0]);
  assertEquals(indices("indices"), [1, 2, 4, 0, 1, 2]);
  assertEquals([...out.least.data], [1, 3, -1, -1]);
  assertEquals(indices("leastAt"), [3, 0, 3, 4]);
  assertEquals([...out.top.data], [3, 7, 7, 1, 7]);
  assertEquals(indices("topAt"), [0, 0, 0, 0, 0]);
  await session.release();
});

Deno.test("topK() gives the gradient to the elements chosen, so at a tie to the lower index alone", async () => {
  const g = new Graph();
  const x = g.input("x", [2, 4]), dy = g.input("dy", [2, 2]);
  const [dx] = gradients([topK(x, 2).values], [dy], [x]);
  const session = await Session.compile({ dx });
  const out = await session.run({
    x: tensor(Float32Array.of(1, 5, 5, 5, 9, 2, 8, 2), [2, 4]),
    dy: tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
  });
  assertEquals([...out.dx.data], [0, 1, 2, 0, 3, 0, 4, 0]);
  await session.release();
});

Deno.test("topK() refuses a number of elements that the axis does not have", () => {
  const x = new Graph().input("x", ["rows", 4]);
  for (const k of [0, 5, 1.5]) {
    assertThrows(() => topK(x, k), RangeError, `TopK: ${k} elements along axis -1 of x: float32`);
  }
  assertThrows(() => topK(x, 1, { axis: 2 }), RangeError, "axis 2 of a rank 2 value");
  assertEquals(topK(x, 5, { axis: 0 }).values.shape, [5, 4]);
});
