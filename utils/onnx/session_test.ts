import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { availableDevices, parseDevice } from "./device.ts";
import {
  add,
  type Device,
  exp,
  expand,
  free,
  gradients,
  Graph,
  matmul,
  matmulStacked,
  mul,
  reshape,
  Session,
  split,
  tensor,
} from "./mod.ts";

const f32 = (...values: number[]) => Float32Array.from(values);

/** y = x · w + 1 over `[rows, 2]`. */
function affine() {
  const g = new Graph();
  const x = g.input("x", ["rows", 2]), w = g.input("w", [2, 2]);
  return { x, w, y: add(matmul(x, w), 1) };
}

Deno.test("Session.run() reads a view into a larger buffer where it lies", async () => {
  const { y } = affine();
  const session = await Session.compile({ y });
  const buffer = f32(9, 9, 9, 1, 2, 3, 4, 9);
  const x = tensor(buffer.subarray(3, 7), [2, 2]);
  const w = tensor(f32(1, 0, 0, 1), [2, 2]);
  assertEquals([...(await session.run({ x, w })).y.data], [2, 3, 4, 5]);
  buffer[3] = 10; // every run reads the view again; a copy would be stale
  assertEquals([...(await session.run({ x, w })).y.data], [11, 3, 4, 5]);
  await session.release();
});

Deno.test("Session.run() writes into given arrays, and only there", async () => {
  const { y } = affine();
  const session = await Session.compile({ y });
  const buffer = f32(7, 0, 0, 0, 0, 7);
  const target = tensor(buffer.subarray(1, 5), [2, 2]);
  const feeds = { x: tensor(f32(1, 2, 3, 4), [2, 2]), w: tensor(f32(1, 0, 0, 1), [2, 2]) };
  const out = await session.run(feeds, { y: target });
  assertEquals([...buffer], [7, 2, 3, 4, 5, 7]);
  assert(out.y === target);
  await session.release();
});

Deno.test("Session.run() may write a result over the array that was fed", async () => {
  const g = new Graph();
  const x = g.input("x", ["n"]);
  const session = await Session.compile({ next: mul(x, 2) });
  const state = tensor(f32(1, 3), [2]);
  for (let i = 0; i < 3; i++) await session.run({ x: state }, { next: state });
  assertEquals([...state.data], [8, 24]);
  await session.release();
});

Deno.test("Session.run() names the feed that is missing or does not fit", async () => {
  const { y } = affine();
  const session = await Session.compile({ y });
  const x = tensor(f32(1, 2), [1, 2]), w = tensor(f32(1, 0, 0, 1), [2, 2]);
  const fails = async (feeds: Parameters<typeof session.run>[0], ...parts: string[]) => {
    const { message } = await assertRejects(() => session.run(feeds), Error);
    for (const part of parts) assert(message.includes(part), message);
  };
  await fails({ x }, 'missing feed "w"', "given: x");
  await fails({ x: tensor(f32(1, 2, 3), [1, 3]), w }, 'feed "x"', "[1, 3]", "[rows, 2]");
  await fails({ x, w: tensor(f32(1, 2), [2]) }, 'feed "w"', "[2]", "[2, 2]");
  await fails({ x: tensor(Float64Array.of(1, 2), [1, 2]), w }, 'feed "x"', "float64", "float32");
  await fails(
    { x: { dtype: "float32", shape: [2, 2], data: f32(1) }, w },
    'feed "x"',
    "1 elements",
  );
  assertThrows(() => tensor(f32(1, 2, 3), [2, 2]), RangeError, "needs 4 elements");
  await session.release();
});

Deno.test("Session.run() refuses a symbol with two sizes, naming both feeds", async () => {
  const g = new Graph();
  const y = add(g.input("a", ["n"]), g.input("b", ["n"]));
  const session = await Session.compile({ y });
  const error = await assertRejects(
    () => session.run({ a: tensor(f32(1, 2), [2]), b: tensor(f32(1), [1]) }),
    Error,
  );
  assert(
    /feed "b".*"n" is 1 here but 2 in "a"|feed "a".*"n" is 2 here but 1 in "b"/.test(error.message),
    error.message,
  );
  await session.release();
});

Deno.test("Session.run() ignores feeds that the model does not use", async () => {
  const { y } = affine();
  const session = await Session.compile({ y });
  const feeds = { x: tensor(f32(1, 2), [1, 2]), w: tensor(f32(1, 0, 0, 1), [2, 2]) };
  const out = await session.run({ ...feeds, other: tensor(f32(1), [1]) });
  assertEquals([...out.y.data], [2, 3]);
  await session.release();
});

Deno.test("Session.compile() gives a value under two names, and an input as a result", async () => {
  const { x, y } = affine();
  const session = await Session.compile({ y, again: y, x });
  const feeds = { x: tensor(f32(1, 2), [1, 2]), w: tensor(f32(1, 0, 0, 1), [2, 2]) };
  const out = await session.run(feeds);
  assertEquals([...out.y.data], [2, 3]);
  assertEquals([...out.again.data], [2, 3]);
  assertEquals([...out.x.data], [1, 2]);
  await session.release();
});

Deno.test("Session.compile() cuts forward and backward out of one graph", async () => {
  const g = new Graph();
  const x = g.input("x", ["n"]), dy = g.input("dy", ["n"]);
  const inner = exp(x);
  const y = mul(inner, inner);
  const [dx] = gradients([y], [dy], [x]);
  const forward = await Session.compile({ y, saved: inner });
  const backward = await Session.compile({ dx }, { saved: inner });
  assertEquals(forward.inputNames, ["x"]);
  assertEquals(backward.inputNames.sort(), ["dy", "saved"]);
  const { saved } = await forward.run({ x: tensor(f32(0.5, -1), [2]) });
  const out = await backward.run({ saved, dy: tensor(f32(1, 2), [2]) });
  assertAlmostEquals(out.dx.data[0], 2 * Math.exp(1), 1e-5);
  assertAlmostEquals(out.dx.data[1], 4 * Math.exp(-2), 1e-5);
  await forward.release();
  await backward.release();
});

Deno.test("Shape vectors take the sizes of the run, products and sums included", async () => {
  const g = new Graph();
  const x = g.input("x", ["batch", "pos", 2]);
  const y = reshape(x, ["pos", "batch", 2]); // both symbols move: no size can be inferred
  const ones = expand(g.constant(1, []), ["batch*pos", "batch+pos"]);
  const session = await Session.compile({ y, ones });
  for (const [batch, pos] of [[2, 3], [1, 5]]) {
    const data = Float32Array.from({ length: batch * pos * 2 }, (_, i) => i);
    const feeds = { x: tensor(data, [batch, pos, 2]) };
    const out = await session.run(feeds);
    assertEquals(out.y.shape, [pos, batch, 2]);
    assertEquals([...out.y.data], [...data]);
    assertEquals(out.ones.shape, [batch * pos, batch + pos]);
    assert(out.ones.data.every((one) => one === 1));
  }
  await session.release();
});

Deno.test("split() cuts an axis at lengths that only the run knows, and gradients join the parts", async () => {
  const g = new Graph();
  const x = g.input("x", [2, "past+pos"]);
  const before = g.input("before", ["past"]), pos = g.input("pos_only", ["pos"]);
  const [past, own] = split(x, 1, ["past", "pos"]);
  const y = mul(own, pos);
  const [dx] = gradients([past, y], [mul(past, 2), y], [x]);
  const session = await Session.compile({ own, dx, shifted: add(past, before) });
  const out = await session.run({
    x: tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]),
    before: tensor(f32(7), [1]),
    pos_only: tensor(Float32Array.of(10, 100), [2]),
  });
  assertEquals([...out.own.data], [2, 3, 5, 6]);
  assertEquals([...out.shifted.data], [8, 11]);
  assertEquals([...out.dx.data], [2, 200, 30000, 8, 500, 60000]);
  assertThrows(() => split(x, 1, ["pos", "past"]), RangeError, "sizes [pos,past]");
  await session.release();
});

Deno.test("matmulStacked() takes its second factors from between one another's rows", async () => {
  const [C, m, k, n] = [2, 3, 4, 5];
  const g = new Graph();
  const product = matmulStacked(g.input("a", ["C", m, k]), g.input("b", [k, "C", n]));
  const session = await Session.compile({ product });
  const a = Float32Array.from({ length: C * m * k }, (_, i) => i % 7);
  const b = Float32Array.from({ length: k * C * n }, (_, i) => (i * i) % 11);
  const out = await session.run({ a: tensor(a, [C, m, k]), b: tensor(b, [k, C, n]) });
  const expected = Array.from({ length: C * m * n }, (_, at) => {
    const [c, i, j] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[(c * m + i) * k + l] * b[(l * C + c) * n + j];
    return sum;
  });
  assertEquals([...out.product.data], expected);
  assertThrows(() => matmulStacked(g.inputs.get("b")!, g.inputs.get("a")!), Error, "do not fit");
  await session.release();
});

Deno.test("Shape vectors name a dimension that no input has", async () => {
  const g = new Graph();
  const ones = expand(g.constant(1, []), ["heads"]);
  await assertRejects(
    () => Session.compile({ ones, y: exp(g.input("x", ["n"])) }),
    Error,
    'no input of the model has the dimension "heads"',
  );
});

Deno.test("An unknown device is refused with the devices there are", async () => {
  assert(availableDevices().includes("cpu"));
  const { message } = assertThrows(() => parseDevice("abacus"), Error);
  assert(message.includes("abacus") && message.includes("bundled here: cpu"), message);
  const { y } = affine();
  await assertRejects(
    () => Session.compile({ y }, {}, { device: "abacus" as Device }),
    Error,
    "known: cpu, webgpu, cuda",
  );
});

Deno.test({
  name: "A device whose provider is not here is refused with those that are",
  ignore: availableDevices().includes("cuda"),
  fn: async () => {
    const { y } = affine();
    const error = await assertRejects(
      () => Session.compile({ y }, {}, { device: "cuda" }),
      Error,
    );
    assert(/device "cuda" \(bundled here: .*cpu/.test(error.message), error.message);
  },
});

Deno.test("free() gives the memory of results back, and refuses views", async () => {
  const { y } = affine();
  const session = await Session.compile({ y });
  const feeds = { x: tensor(f32(1, 2), [1, 2]), w: tensor(f32(1, 0, 0, 1), [2, 2]) };
  const out = await session.run(feeds);
  free(out.y);
  assertEquals(out.y.data.length, 0);
  assertEquals([...(await session.run(feeds)).y.data], [2, 3]);
  const view = tensor(f32(1, 2, 3).subarray(1), [2]);
  assertThrows(() => free(view), Error, "[2] is a view");
  assertEquals([...view.data], [2, 3]);
  await session.release();
});
