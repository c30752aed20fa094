import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Graph, Session, tensor } from "../onnx/mod.ts";
import { type AdamWSettings, adamWStep, optimiserFeeds } from "./adamw.ts";

const SETTINGS: AdamWSettings = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
};

/** The update rule of Loshchilov & Hutter, Algorithm 2, in double precision, element by element. */
class Reference {
  m: number[];
  v: number[];
  constructor(public w: number[], readonly decay: number[]) {
    this.m = w.map(() => 0);
    this.v = w.map(() => 0);
  }
  step(t: number, g: number[], rate: number) {
    const { beta1, beta2, epsilon, weightDecay, clip } = SETTINGS;
    const norm = Math.hypot(...g);
    const scale = norm > clip ? clip / norm : 1;
    this.w = this.w.map((w, i) => {
      const gi = g[i] * scale;
      this.m[i] = beta1 * this.m[i] + (1 - beta1) * gi;
      this.v[i] = beta2 * this.v[i] + (1 - beta2) * gi * gi;
      const mHat = this.m[i] / (1 - beta1 ** t);
      const vHat = this.v[i] / (1 - beta2 ** t);
      return w - rate * mHat / (Math.sqrt(vHat) + epsilon) - rate * weightDecay * this.decay[i] * w;
    });
    return norm;
  }
}

async function compiled(size: number, decay: Float32Array) {
  const g = new Graph();
  const weights = g.input("weights", [size]);
  const step = adamWStep(g, weights, g.input("gradient", [size]), decay, SETTINGS);
  return await Session.compile({ ...step });
}

Deno.test("adamWStep() is AdamW with clipping, as a double-precision reference computes it", async () => {
  const w = [0.5, -1.2, 0, 3, -0.02];
  const decay = [1, 1, 1, 0, 0];
  const reference = new Reference(w, decay);
  const session = await compiled(5, Float32Array.from(decay));
  const vector = (x: ArrayLike<number>) => tensor(Float32Array.from(x), [5]);
  let state = { weights: vector(w), m: vector([0, 0, 0, 0, 0]), v: vector([0, 0, 0, 0, 0]) };
  for (let t = 1; t <= 8; t++) {
    // odd steps have a norm far above the clip, even steps one below it
    const gradient = w.map((_, i) => (t % 2 ? 4 : 0.1) * Math.sin(1.7 * t + i * i));
    const rate = 0.01 * t;
    const norm = reference.step(t, gradient, rate);
    const out = await session.run({
      ...state,
      gradient: vector(gradient),
      ...optimiserFeeds(t, rate, SETTINGS),
    });
    assertAlmostEquals(out.norm.data[0], norm, 1e-6 * norm);
    for (let i = 0; i < 5; i++) {
      assertAlmostEquals(out.weights.data[i], reference.w[i], 2e-6);
      assertAlmostEquals(out.m.data[i], reference.m[i], 1e-6);
      assertAlmostEquals(out.v.data[i], reference.v[i], 1e-6);
    }
    state = { weights: vector(out.weights.data), m: vector(out.m.data), v: vector(out.v.data) };
  }
  await session.release();
});

Deno.test("adamWStep() leaves weights without gradient and decay alone", async () => {
  const session = await compiled(2, Float32Array.of(0, 1));
  const zeros = () => tensor(new Float32Array(2), [2]);
  const { weights } = await session.run({
    weights: tensor(Float32Array.of(2, 2), [2]),
    gradient: zeros(),
    m: zeros(),
    v: zeros(),
    ...optimiserFeeds(1, 0.5, SETTINGS),
  });
  assertEquals(weights.data[0], 2);
  assertAlmostEquals(weights.data[1], 2 - 0.5 * 0.1 * 2, 1e-6);
  await session.release();
});
