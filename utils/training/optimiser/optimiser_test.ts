import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Graph } from "../../onnx/mod.ts";
import { buildModel } from "../../onnx/model.ts";
import { givenGradients, trainerFrom } from "../testdata.ts";
import { adamW } from "./adamw.ts";
import { scaleByAdam } from "./adam.ts";
import { clipByGlobalNorm } from "./clip.ts";
import { decayWeights } from "./decay.ts";
import { chain, type Optimiser } from "./part.ts";
import { scaleByRate } from "./rate.ts";
import { tangentToRows, unitRows } from "./unit_rows.ts";

const SPECS = [{ name: "matrix", shape: [2, 3] }, { name: "bias", shape: [3] }];
const START = [0.5, -1.2, 0, 3, -0.02, 0.7, 1, -1, 0.25];
const rate = (t: number) => 0.01 * t;

/** Gradients of step `t`: odd steps have a norm far above 1, even ones one below it. */
const gradient = (t: number) =>
  START.map((_, i) => (t % 2 ? 4 : 0.1) * Math.sin(1.7 * t + i * i + 0.3));

/** Runs steps on `gradient(t)` and compares the parameters after each with what `oracle` makes of the last ones. */
async function compare(
  optimiser: Optimiser,
  oracle: (w: number[], g: number[], t: number) => number[],
  { steps = 6, start = START, specs = SPECS, tolerance = 2e-6 } = {},
) {
  const trainer = await trainerFrom(givenGradients(specs), optimiser, start);
  let w = start;
  const norms: number[] = [];
  for (let t = 1; t <= steps; t++) {
    const g = gradient(t);
    const { metrics } = await trainer.step({ matrix: g.slice(0, 6), bias: g.slice(6) });
    norms.push(metrics.norm);
    w = oracle(w, g, t);
    w.forEach((x, i) =>
      assertAlmostEquals(trainer.state.weights[i], x, tolerance, `step ${t}, element ${i}`)
    );
  }
  await trainer.release();
  return norms;
}

const clipped = (g: number[], limit: number) => {
  const norm = Math.hypot(...g);
  return g.map((x) => x * Math.min(1, limit / norm));
};

/** Adam in double precision, element by element. */
function adamOracle(beta1: number, beta2: number, epsilon: number) {
  const m = START.map(() => 0), v = START.map(() => 0);
  return (g: number[], t: number) =>
    g.map((gi, i) => {
      m[i] = beta1 * m[i] + (1 - beta1) * gi;
      v[i] = beta2 * v[i] + (1 - beta2) * gi * gi;
      return m[i] / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
    });
}

Deno.test("scaleByRate() alone is gradient descent", async () => {
  await compare(chain(scaleByRate(rate)), (w, g, t) => w.map((x, i) => x - rate(t) * g[i]));
});

for (const joined of [true, false]) {
  Deno.test(`clipByGlobalNorm() limits the norm over all parameters (joined: ${joined})`, async () => {
    const norms = await compare(
      chain(clipByGlobalNorm(0.7, { joined }), scaleByRate(rate)),
      (w, g, t) => clipped(g, 0.7).map((u, i) => w[i] - rate(t) * u),
    );
    norms.forEach((norm, i) => {
      const expected = Math.hypot(...gradient(i + 1));
      assertAlmostEquals(norm, expected, 1e-6 * expected);
    });
    assert(norms.some((norm) => norm > 0.7) && norms.some((norm) => norm < 0.7), String(norms));
  });
}

Deno.test("clipByGlobalNorm() after parts that scaled differently limits what they made", async () => {
  await compare(
    chain(decayWeights(() => 0.3), clipByGlobalNorm(0.7), scaleByRate(rate)),
    (w, g, t) => clipped(g.map((x, i) => x + 0.3 * w[i]), 0.7).map((u, i) => w[i] - rate(t) * u),
  );
});

Deno.test("clipByGlobalNorm() by rows stays exact where one float32 sum does not", async () => {
  const n = 1 << 21;
  const specs = [{ name: "large", shape: [2048, n / 2048] }];
  const g = Array.from({ length: n }, (_, i) => Math.sin(i * i) + 3);
  const expected = Math.sqrt(g.reduce((sum, x) => sum + Math.fround(x) ** 2, 0));
  const trainer = await trainerFrom(
    givenGradients(specs),
    chain(clipByGlobalNorm(1), scaleByRate(() => 1e-3)),
    new Array(n).fill(0),
  );
  const { metrics } = await trainer.step({ large: g });
  assertAlmostEquals(metrics.norm / expected, 1, 2e-7);
  await trainer.release();
});

Deno.test("scaleByAdam() is Adam, as a double-precision reference computes it", async () => {
  const oracle = adamOracle(0.9, 0.95, 1e-3);
  await compare(
    chain(scaleByAdam({ beta1: 0.9, beta2: 0.95, epsilon: 1e-3 }), scaleByRate(rate)),
    (w, g, t) => oracle(g, t).map((u, i) => w[i] - rate(t) * u),
  );
});

Deno.test("decayWeights() shrinks each parameter by its own λ, also where they are joined in one block", async () => {
  for (
    const lambdas of [{ matrix: 0.3, bias: 0 }, { matrix: 0, bias: 2 }, { matrix: 1, bias: 1 }]
  ) {
    const decay = (name: string) => lambdas[name as keyof typeof lambdas];
    await compare(
      chain(decayWeights(({ name }) => decay(name)), scaleByRate(rate)),
      (w, g, t) => w.map((x, i) => x - rate(t) * (g[i] + decay(i < 6 ? "matrix" : "bias") * x)),
    );
  }
});

Deno.test("decayWeights() adds no constant as large as a parameter to the model", () => {
  const part = decayWeights(({ shape }) => shape.length === 2 ? 0.1 : 0);
  const g = new Graph();
  const parameter = g.input("w", [64 * 64 + 64]);
  const tensors = [
    { name: "large", shape: [64, 64], offset: 0, size: 4096 },
    { name: "small", shape: [64], offset: 4096, size: 64 },
  ];
  const decay = part.apply!({
    graph: g,
    blocks: [{ name: "w", shape: [4160], offset: 0, size: 4160, tensors }],
    parameters: [parameter],
    updates: [[{ value: g.input("gradient", [4160]) }]],
    slots: {},
    scalars: {},
  });
  const { bytes } = buildModel({ decayed: decay.updates[0][1].value });
  assert(bytes.length < 2000, `${bytes.length} bytes`);
});

Deno.test("adamW() is AdamW with clipping (Loshchilov & Hutter, Algorithm 2)", async () => {
  for (const joined of [true, false]) {
    const oracle = adamOracle(0.9, 0.95, 1e-8);
    await compare(
      adamW({
        ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clip: 1, joined, rate },
        decay: ({ shape }) => shape.length === 2 ? 0.1 : 0,
      }),
      (w, g, t) =>
        oracle(clipped(g, 1), t).map((u, i) => w[i] - rate(t) * (u + (i < 6 ? 0.1 : 0) * w[i])),
      { steps: 8 },
    );
  }
});

Deno.test("tangentToRows() and unitRows() keep rows on the sphere and remove radial gradients", async () => {
  const names = ["matrix"];
  const rows = (w: number[]) => [w.slice(0, 3), w.slice(3, 6)];
  const unit = (row: number[]) => row.map((x) => x / Math.hypot(...row));
  const start = [...rows(START).flatMap(unit), ...START.slice(6)];
  await compare(
    chain(tangentToRows(names), scaleByRate(rate), unitRows(names)),
    (w, g, t) => {
      const moved = rows(w).map((row, r) => {
        const slope = rows(g)[r];
        const radial = slope.reduce((sum, x, i) => sum + x * row[i], 0);
        return unit(row.map((x, i) => x - rate(t) * (slope[i] - radial * x)));
      });
      const bias = w.slice(6).map((x, i) => x - rate(t) * g[6 + i]);
      return [...moved.flat(), ...bias];
    },
    { start },
  );
});

Deno.test("unitRows() leaves a row of zeros as it is", async () => {
  const optimiser = chain(scaleByRate(() => 1), unitRows(["matrix"]));
  const trainer = await trainerFrom(givenGradients(SPECS), optimiser, [0, 0, 0, 3, 4, 0, 1, 2, 3]);
  await trainer.step({ matrix: new Array(6).fill(0), bias: [0, 0, 0] });
  const expected = [0, 0, 0, Math.fround(0.6), Math.fround(0.8), 0, 1, 2, 3];
  assertEquals([...trainer.state.weights], expected);
  await trainer.release();
});

Deno.test("chain() refuses two parts that use one name", () => {
  const adam = scaleByAdam({ beta1: 0.9, beta2: 0.95, epsilon: 1e-8 });
  assertThrows(() => chain(adam, adam), Error, 'use the name "m"');
  assertThrows(() => chain(scaleByRate(rate), scaleByRate(rate)), Error, 'use the name "rate"');
});
