import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  abs,
  add,
  cast,
  compileBothWays,
  detach,
  exp,
  gradients,
  Graph,
  greater,
  layerNorm,
  less,
  mul,
  Session,
  sub,
  tanh,
  tensor,
  Value,
  withGradient,
} from "../mod.ts";
import { buildModel } from "../model.ts";

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

/** Values on both sides of the threshold, inside and outside the band, none on its edge. */
const POINTS = [-0.5, 0.9, 0.95, 1.05, 1.1, 3];

/**
 * Returns JumpReLU, x·H(x − θ), with its own derivative H(x − θ) in x and, in θ, the straight-through one of
 * Rajamanoharan et al. 2024 (equation 11): −θ/ε where |x − θ| < ε/2, 0 elsewhere.
 */
function jumpRelu(x: Value, theta: Value, epsilon: number): Value {
  const open = cast(greater(x, theta), x.dtype);
  const band = cast(less(abs(sub(x, theta)), epsilon / 2), x.dtype);
  return withGradient(
    mul(x, open),
    [x, theta],
    (g) => [mul(g, open), mul(g, mul(mul(theta, -1 / epsilon), band))],
  );
}

Deno.test("withGradient() follows the rule: JumpReLU's straight-through threshold", async () => {
  const g = new Graph();
  const x = g.input("x", [2, 6], "float64"), theta = g.input("theta", [6], "float64");
  const dy = g.input("dy", [2, 6], "float64");
  const y = jumpRelu(mul(x, 2), exp(theta), 0.25);
  const [dx, dTheta] = gradients([y], [dy], [x, theta]);
  const points = [...POINTS, ...POINTS.toReversed()];
  const thetas = [1, 1, 1, 1, 2, 3.1];
  const cotangent = points.map((_, i) => i + 1);
  const out = await evaluate({ y, dx, dTheta }, {
    x: tensor(Float64Array.from(points, (p) => p / 2), [2, 6]),
    theta: f64(...thetas.map(Math.log)),
    dy: tensor(Float64Array.from(cotangent), [2, 6]),
  });
  const expected = thetas.map(() => 0);
  points.forEach((p, i) => {
    const t = thetas[i % 6];
    assertAlmostEquals(out.y[i], p > t ? p : 0, 1e-12);
    assertAlmostEquals(out.dx[i], p > t ? 2 * cotangent[i] : 0, 1e-12);
    // dθ of ours is dθ/d ln θ: one more factor θ
    if (Math.abs(p - t) < 0.125) expected[i % 6] += cotangent[i] * -t / 0.25 * t;
  });
  assert(
    expected.filter((e) => e !== 0).length >= 4,
    "the band must be met for the test to mean anything",
  );
  expected.forEach((e, j) => assertAlmostEquals(out.dTheta[j], e, 1e-10));
});

Deno.test("withGradient() differentiates what the rule made: a tanh known by its derivative only", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64");
  const t = tanh(x);
  // The value is a constant to every operator's rule; 1 − tanh² comes from the rule, whose tanh is differentiable.
  const y = withGradient(detach(t), [x], (c) => [mul(c, sub(1, mul(t, t)))]);
  const [first] = gradients([y], [ones(x)], [x]);
  const [second] = gradients([first], [ones(x)], [x]);
  const points = [0.3, -1.2, 0.8];
  const out = await evaluate({ y, first, second }, { x: f64(...points) });
  const h = 1e-5;
  points.forEach((p, i) => {
    assertAlmostEquals(out.y[i], Math.tanh(p), 1e-14);
    assertAlmostEquals(out.first[i], (Math.tanh(p + h) - Math.tanh(p - h)) / (2 * h), 1e-9);
    const slope = (at: number) => 1 - Math.tanh(at) ** 2;
    assertAlmostEquals(out.second[i], (slope(p + h) - slope(p - h)) / (2 * h), 1e-9);
  });
});

Deno.test("withGradient() replaces the operators' gradients, and leaves those of other uses", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64"), other = g.input("other", [3], "float64");
  const square = mul(x, x);
  const ruled = withGradient(square, [other], (c) => [mul(c, 10)]);
  // `square` is used twice: plainly, and as a value whose gradient goes to `other` alone
  const [dx, dOther] = gradients([add(square, ruled)], [ones(x)], [x, other]);
  const silent = withGradient(square, [x], () => [undefined]);
  const [none] = gradients([silent], [ones(x)], [x]);
  const out = await evaluate({ dx, dOther, none }, { x: f64(1, -2, 3), other: f64(0, 0, 0) });
  assertEquals(out, { dx: [2, -4, 6], dOther: [10, 10, 10], none: [0, 0, 0] });
});

Deno.test("withGradient() is a new value each time, and no node of a model", () => {
  const g = new Graph();
  const x = g.input("x", [3]);
  const y = mul(x, x);
  const double = () => withGradient(y, [x], (c) => [mul(c, 2)]);
  assertNotStrictEquals(double(), double());
  assertEquals(Object.fromEntries(buildModel({ y: double() }).operators), { Mul: 1 });
});

Deno.test("withGradient() is cut like any value: backward sessions take it, or what its rule reads", async () => {
  const g = new Graph();
  const x = g.input("x", [3], "float64"), dy = g.input("dy", [3], "float64");
  const open = cast(greater(x, 0), "float64");
  const y = withGradient(mul(x, open), [x], (c) => [mul(c, open)]);
  const out = mul(y, y);
  const [dx] = gradients([out], [dy], [x]);
  const both = await compileBothWays({ out }, { dx }, { y, open }, {});
  assertEquals(both.savedNames.sort(), ["open", "y"]);
  assertEquals(both.backward.inputNames.sort(), ["dy", "open", "y"]);
  const forward = await both.forward.run({ x: f64(1, -2, 3) });
  assertEquals([...forward.out.data], [1, 0, 9]);
  const feeds = { y: forward.y, open: forward.open, dy: f64(1, 1, 10) };
  assertEquals([...(await both.backward.run(feeds)).dx.data], [2, 0, 60]);
  await both.release();
});

Deno.test("withGradient() refuses cotangents that do not fit, naming value and input", () => {
  const g = new Graph();
  const x = g.input("x", [3]), w = g.input("w", [4]);
  const differentiate = (rule: (c: Value) => Value[]) => () =>
    gradients([withGradient(mul(x, 2), [x], rule)], [ones(x)], [x]);
  assertThrows(differentiate(() => []), Error, "float32[3] gave 0 cotangents for 1 inputs");
  assertThrows(differentiate(() => [w]), Error, "gave w: float32[4] as the cotangent of x");
  assertThrows(
    differentiate((c) => [cast(c, "float64")]),
    Error,
    "float64[3] as the cotangent of x",
  );
});
