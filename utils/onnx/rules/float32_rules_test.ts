/**
 * Gradients of the operators that ONNX Runtime has in float32 only: they meet central differences of double-precision
 * formulas of our own. The others, and that every operator has a test, are in `rules_test.ts`.
 */
import { assert } from "@std/assert";
import {
  erf,
  gelu,
  gradients,
  Graph,
  hardSigmoid,
  layerNorm,
  rmsNorm,
  rotaryEmbedding,
  Session,
  tensor,
  Value,
} from "../mod.ts";
import { random } from "../testing/mod.ts";

/** Runs a float32 gradient of one input with random cotangents and compares it with a derivative given in double. */
async function compareFloat32(
  shape: number[],
  build: (x: Value) => Value,
  f: (row: Float64Array, r: number) => Float64Array,
  tolerance: number,
) {
  const g = new Graph();
  const x = g.input("x", shape);
  const y = build(x);
  const w = Float32Array.from(random(shape, [-1, 1], 9));
  const [dx] = gradients([y], [g.constant(w, shape)], [x]);
  const session = await Session.compile({ y, dx });
  const value = Float32Array.from(random(shape, [-2.5, 2.5], 3));
  const out = await session.run({ x: tensor(value, shape) });
  const row = shape.at(-1)!;
  for (let r = 0; r < value.length / row; r++) {
    const at = Float64Array.from(value.subarray(r * row, (r + 1) * row));
    const forward = f(at, r);
    forward.forEach((v, j) => assert(Math.abs(v - out.y.data[r * row + j]) < 1e-5));
    for (let j = 0; j < row; j++) {
      const h = 1e-5;
      const up = f(at.with(j, at[j] + h), r), down = f(at.with(j, at[j] - h), r);
      let expected = 0;
      for (let k = 0; k < row; k++) expected += w[r * row + k] * (up[k] - down[k]) / (2 * h);
      const ours = out.dx.data[r * row + j];
      assert(Math.abs(ours - expected) < tolerance, `[${r},${j}]: ${ours} against ${expected}`);
    }
  }
  await session.release();
}

/** erf by its Maclaurin series, exact to double precision for |x| < 4. */
function erfSeries(x: number): number {
  let term = x, total = x;
  for (let n = 1; n < 120; n++) {
    term *= -x * x / n;
    total += term / (2 * n + 1);
  }
  return total * 2 / Math.sqrt(Math.PI);
}

Deno.test("gradients() of Erf equals central differences of its series", () =>
  compareFloat32([2, 4], erf, (r) => r.map(erfSeries), 2e-6));

Deno.test("gradients() of Gelu (exact) equals central differences of x·Φ(x)", () =>
  compareFloat32(
    [2, 4],
    (x) => gelu(x),
    (r) => r.map((x) => x * 0.5 * (1 + erfSeries(x * Math.SQRT1_2))),
    2e-6,
  ));

Deno.test("gradients() of Gelu (tanh) equals central differences of its formula", () =>
  compareFloat32(
    [2, 4],
    (x) => gelu(x, "tanh"),
    (r) =>
      r.map((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
    2e-6,
  ));

Deno.test("gradients() of HardSigmoid equals central differences of its formula, both sides cut off", () =>
  compareFloat32(
    [2, 8],
    (x) => hardSigmoid(x, 0.4, 0.5),
    (r) => r.map((x) => Math.min(1, Math.max(0, 0.4 * x + 0.5))),
    2e-6,
  ));

Deno.test("gradients() of RotaryEmbedding equals central differences of turned pairs", () => {
  // one head of 6 dimensions of which 4 rotate, two positions
  const cos = [[0.8, 0.28], [-0.6, 0.96]], sin = [[0.6, -0.96], [0.8, 0.28]];
  return compareFloat32(
    [1, 1, 2, 6],
    (x) =>
      rotaryEmbedding(
        x,
        x.graph.constant(cos.flat(), [2, 2]),
        x.graph.constant(sin.flat(), [2, 2]),
      ),
    (row, p) =>
      row.map((x, i) =>
        i >= 4
          ? x
          : i < 2
          ? x * cos[p][i] - row[i + 2] * sin[p][i]
          : x * cos[p][i - 2] + row[i - 2] * sin[p][i - 2]
      ),
    2e-6,
  );
});

Deno.test("gradients() of LayerNormalization equals central differences of its formula", () => {
  const w = [0.5, -1, 2, 1.5, 0.7], b = [0.1, 0.2, 0.3, -0.4, 0];
  return compareFloat32(
    [3, 5],
    (x) => layerNorm(x, x.graph.constant(w), x.graph.constant(b), 1e-5).output,
    (row) => {
      const m = row.reduce((s, x) => s + x, 0) / row.length;
      const v = row.reduce((s, x) => s + (x - m) ** 2, 0) / row.length;
      return row.map((x, i) => (x - m) / Math.sqrt(v + 1e-5) * w[i] + b[i]);
    },
    5e-6,
  );
});

Deno.test("gradients() of rmsNorm equals central differences of its formula", () => {
  const w = [0.5, -1, 2, 1.5, 0.7];
  return compareFloat32(
    [3, 5],
    (x) => rmsNorm(x, x.graph.constant(w), 1e-5).output,
    (row) => {
      const square = row.reduce((s, x) => s + x * x, 0) / row.length;
      return row.map((x, i) => x / Math.sqrt(square + 1e-5) * w[i]);
    },
    5e-6,
  );
});

Deno.test("gradients() of LayerNormalization reaches weight and bias", async () => {
  const g = new Graph();
  const x = g.input("x", [4, 3]), w = g.input("w", [3]), b = g.input("b", [3]);
  const { output } = layerNorm(x, w, b, 1e-5);
  const c = g.input("c", [4, 3]);
  const [dw, db] = gradients([output], [c], [w, b]);
  const session = await Session.compile({ output, dw, db });
  const feeds = {
    x: tensor(Float32Array.from(random([4, 3], [-1, 1], 5)), [4, 3]),
    w: tensor(Float32Array.of(1, 2, 3), [3]),
    b: tensor(Float32Array.of(0.5, 0, -0.5), [3]),
    c: tensor(Float32Array.from(random([4, 3], [-1, 1], 6)), [4, 3]),
  };
  const out = await session.run(feeds);
  for (let j = 0; j < 3; j++) {
    let dwj = 0, dbj = 0;
    for (let r = 0; r < 4; r++) {
      const normalised = (out.output.data[3 * r + j] - feeds.b.data[j]) / feeds.w.data[j];
      dwj += feeds.c.data[3 * r + j] * normalised;
      dbj += feeds.c.data[3 * r + j];
    }
    assert(Math.abs(out.dw.data[j] - dwj) < 1e-5 && Math.abs(out.db.data[j] - dbj) < 1e-5);
  }
  await session.release();
});
