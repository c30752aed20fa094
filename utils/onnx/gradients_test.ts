import { assertEquals, assertThrows } from "@std/assert";
import {
  add,
  cast,
  concat,
  expand,
  gather,
  gradients,
  Graph,
  greater,
  maximum,
  mul,
  relu,
  Session,
  tensor,
  topK,
} from "./mod.ts";

Deno.test("gradients() through symbolic dimensions and a concatenated past", async () => {
  const g = new Graph();
  const past = g.input("past", ["batch", "past", 2], "float64");
  const now = g.input("now", ["batch", "pos", 2], "float64");
  const all = concat([past, now], 1);
  const y = mul(all, all);
  const [dNow] = gradients([y], [expand(g.constant(1, [], "float64"), y.shape)], [now]);
  const session = await Session.compile({ dNow });
  const out = await session.run({
    past: tensor(Float64Array.of(1, 2, 3, 4), [1, 2, 2]),
    now: tensor(Float64Array.of(5, 6), [1, 1, 2]),
  });
  assertEquals([...out.dNow.data], [10, 12]);
  await session.release();
});

Deno.test("gradients() along an axis of which only the run knows the length, neighbours included", async () => {
  const g = new Graph();
  const x = g.input("x", ["batch", "pos", 2], "float64");
  const rows = gather(x, g.input("at", ["rows"], "int32"), 1);
  const [dx] = gradients([rows], [mul(rows, 10)], [x]);
  const session = await Session.compile({ dx });
  const out = await session.run({
    x: tensor(Float64Array.from({ length: 12 }, (_, i) => i), [2, 3, 2]),
    at: tensor(Int32Array.of(2, 0, 2, -1), [4]), // −1 counts from the end
  });
  assertEquals([...out.dx.data], [0, 10, 0, 0, 120, 150, 60, 70, 0, 0, 300, 330]);
  await session.release();
});

Deno.test("gradients() splits the cotangent of a maximum evenly among equal elements", async () => {
  const g = new Graph();
  const x = g.input("x", [2, 4], "float64");
  const [dx] = gradients([maximum(x, [1])], [g.constant(Float64Array.of(6, 5))], [x]);
  const session = await Session.compile({ dx });
  const out = await session.run({ x: tensor(Float64Array.of(7, 1, 7, 7, 0, 2, 1, 0), [2, 4]) });
  assertEquals([...out.dx.data], [2, 0, 2, 2, 0, 5, 0, 0]);
  await session.release();
});

Deno.test("gradients() of what a comparison or an index decides are zero: no rule is asked for", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64");
  const step = cast(greater(x, 0), "float64");
  const place = cast(topK(x, 1).indices, "float64");
  const y = add(mul(step, x), place);
  const one = g.constant(Float64Array.of(1, 1, 1));
  const [dx] = gradients([y], [one], [x]);
  const [relu2] = gradients(gradients([relu(mul(x, x))], [one], [x]), [one], [x]);
  const session = await Session.compile({ y, dx, relu2 });
  const out = await session.run({ x: tensor(Float64Array.of(2, -3, 4), [3]) });
  assertEquals([...out.y.data], [4, 2, 6]);
  assertEquals([...out.dx.data], [1, 0, 1]);
  assertEquals([...out.relu2.data], [2, 2, 2]);
  await session.release();
});

Deno.test("gradients() of a value nothing depends on are zeros", async () => {
  const g = new Graph();
  const a = g.input("a", [2]), b = g.input("b", [3]);
  const [db] = gradients([mul(a, a)], [g.constant([1, 1])], [b]);
  const session = await Session.compile({ db });
  assertEquals([...(await session.run({ b: tensor(new Float32Array(3), [3]) })).db.data], [
    0,
    0,
    0,
  ]);
  await session.release();
});

Deno.test("gradients() names an operator that has no rule", () => {
  const g = new Graph();
  const x = g.input("x", [3]);
  const y = g.add("Cosh", [x], "float32", [3]);
  assertThrows(
    () => gradients([y], [g.constant([1, 1, 1])], [x]),
    Error,
    "operator Cosh has no gradient rule",
  );
});
