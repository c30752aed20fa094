import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import {
  add,
  buildModel,
  compileBothWays,
  detach,
  gradients,
  Graph,
  layerNorm,
  mul,
  Session,
  sub,
  tensor,
  type Value,
} from "./mod.ts";

const f64 = (...values: number[]) => tensor(Float64Array.from(values), [values.length]);
const ones = (x: Value) => x.graph.constant(new Array(3).fill(1), [3], x.dtype);

/** Compiles and runs a model once. */
async function evaluate(
  outputs: Record<string, Value>,
  feeds: Record<string, ReturnType<typeof f64>>,
) {
  const session = await Session.compile(outputs);
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]]));
}

Deno.test("detach() gives the elements of its input, and no gradient passes", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64");
  const y = mul(detach(mul(x, x)), 5);
  const [dx] = gradients([y], [ones(x)], [x]);
  assertEquals(await evaluate({ y, dx }, { x: f64(1, -2, 3) }), { y: [5, 20, 45], dx: [0, 0, 0] });
});

Deno.test("detach() inside a function holds that factor constant in the first and second derivative", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64");
  // f = x²·c with c = x: f' = 2xc = 2x², f'' = 2c = 2x, where x³ has 3x² and 6x.
  const f = mul(mul(x, x), detach(x));
  const [first] = gradients([f], [ones(x)], [x]);
  const [second] = gradients([first], [ones(x)], [x]);
  const [third] = gradients([second], [ones(x)], [x]);
  assertEquals(await evaluate({ f, first, second, third }, { x: f64(1, -2, 3) }), {
    f: [1, -8, 27],
    first: [2, 8, 18],
    second: [2, -4, 6],
    third: [0, 0, 0],
  });
});

Deno.test("gradients() with respect to a detached value is that of the value's own uses", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64");
  const held = detach(x);
  const [dx, dHeld] = gradients([mul(x, mul(held, held))], [ones(x)], [x, held]);
  assertEquals(await evaluate({ dx, dHeld }, { x: f64(1, -2, 3) }), {
    dx: [1, 4, 9],
    dHeld: [2, 8, 18],
  });
});

Deno.test("detach() is a value of its own, the same one for the same input", () => {
  const g = new Graph();
  const x = g.input("x", [3]);
  assertNotStrictEquals(detach(x), x);
  assertStrictEquals(detach(x), detach(x));
  // The same product of the plain and of the detached input are two nodes: their gradients differ.
  assertNotStrictEquals(mul(x, detach(x)), mul(x, x));
});

Deno.test("detach() needs no gradient rule of the operators before it, such as LayerNorm's statistics", () => {
  const g = new Graph();
  const x = g.input("x", ["n", 4]);
  const { mean, inverseScale } = layerNorm(
    x,
    g.constant([1, 1, 1, 1]),
    g.constant([0, 0, 0, 0]),
    1e-5,
  );
  const cosh = g.add("Cosh", [x], "float32", ["n", 4]);
  const y = add(mul(sub(x, detach(mean)), detach(inverseScale)), detach(cosh));
  const [dx] = gradients([y], [g.input("dy", ["n", 4])], [x]);
  assertEquals(Object.fromEntries(buildModel({ dx }).operators), { LayerNormalization: 1, Mul: 1 });
});

Deno.test("A model contains no node for detach(), and cuts and results may be detached values", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64"), dy = g.input("dy", [3], "float64");
  const inner = mul(x, x), held = detach(inner), c = g.constant(Float64Array.of(1, 2, 3));
  const y = mul(held, x);
  const [dx] = gradients([y], [dy], [x]);
  assertEquals(Object.fromEntries(buildModel({ y }).operators), { Mul: 2 });
  const feeds = { x: f64(1, -2, 3) };
  const out = await evaluate(
    { held, inner, input: detach(x), constant: detach(c), twice: detach(held) },
    feeds,
  );
  assertEquals(out, {
    held: [1, 4, 9],
    inner: [1, 4, 9],
    input: [1, -2, 3],
    constant: [1, 2, 3],
    twice: [1, 4, 9],
  });
  // Saved before or after the detachment, the backward session takes what it needs.
  for (const saved of [{ kept: inner }, { kept: held }]) {
    const both = await compileBothWays({ y }, { dx }, saved, {});
    assertEquals(both.savedNames, ["kept"]);
    assertEquals(both.backward.inputNames.sort(), ["dy", "kept"]);
    const { kept } = await both.forward.run(feeds);
    const back = await both.backward.run({ kept, dy: f64(1, 10, 100) });
    assertEquals([...back.dx.data], [1, 40, 900]);
    await both.release();
  }
});
