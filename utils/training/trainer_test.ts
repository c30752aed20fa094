import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { layoutOf } from "./parameters.ts";
import { scaleByAdam } from "./optimiser/adam.ts";
import { chain } from "./optimiser/part.ts";
import { scaleByRate } from "./optimiser/rate.ts";
import { initialState } from "./state.ts";
import { leastSquares, points, SOLUTION, trainerFrom } from "./testdata.ts";
import { Trainer } from "./trainer.ts";

const sgd = chain(scaleByRate(() => 0.5));
const ZEROS = [0, 0, 0, 0];

Deno.test("a trainer finds the solution of a least-squares problem", async () => {
  const trainer = await trainerFrom(leastSquares, sgd, ZEROS);
  for (let step = 0; step < 300; step++) await trainer.step(points(step));
  [...SOLUTION.w, SOLUTION.b].forEach((x, i) =>
    assertAlmostEquals(trainer.state.weights[i], x, 1e-5)
  );
  assertEquals(trainer.state.step, 300);
  await trainer.release();
});

Deno.test("step() gives loss, metrics and rate before the update; evaluate() changes nothing", async () => {
  const trainer = await trainerFrom(leastSquares, sgd, ZEROS);
  const batch = points(0);
  const y = batch.y;
  const loss = y.reduce((sum, x) => sum + x * x / 2, 0) / y.length;
  const error = -y.reduce((sum, x) => sum + x, 0) / y.length;
  for (const measure of [() => trainer.evaluate(batch), () => trainer.step(batch)]) {
    const found = await measure();
    assertAlmostEquals(found.loss, loss, 1e-5);
    assertAlmostEquals(found.metrics.error, error, 1e-5);
    if ("rate" in found) assertEquals(found.rate, 0.5);
  }
  assertEquals(trainer.state.step, 1);
  const { weights, carried } = trainer.state;
  const before = [weights.slice(), carried.seen.slice()];
  await trainer.evaluate(points(1));
  assertEquals([weights, carried.seen], before);
  await trainer.release();
});

Deno.test("carried tensors go from step to step", async () => {
  const trainer = await trainerFrom(leastSquares, sgd, ZEROS);
  let seen = 0;
  for (let step = 0; step < 5; step++) {
    seen += (await trainer.step(points(step))).loss;
    assertAlmostEquals(trainer.state.carried.seen[0], seen, 1e-5);
    assertEquals([...trainer.state.carried.steps], [step + 1, step + 1]);
  }
  await trainer.release();
});

Deno.test("a step that is not finite fails and names itself and its numbers", async () => {
  const trainer = await trainerFrom(leastSquares, chain(scaleByRate(() => 1e30)), ZEROS);
  await trainer.step(points(0));
  await assertRejects(
    () => trainer.step(points(1)),
    Error,
    "step 2: expected finite numbers, found loss Infinity",
  );
  assertEquals(trainer.state.step, 1);
  await trainer.release();
});

Deno.test("compile() refuses a state or an objective that lacks something", async () => {
  const adam = chain(
    scaleByAdam({ beta1: 0.9, beta2: 0.9, epsilon: 1e-8 }),
    scaleByRate(() => 1),
  );
  const carried = layoutOf(leastSquares.carried!);
  const refused = (
    message: string,
    state: Parameters<typeof Trainer.compile>[2],
    part = leastSquares,
  ) => assertRejects(() => Trainer.compile(part, adam, state), Error, message);
  const short = initialState(new Float32Array(3), ["m", "v"], carried);
  await refused('has 3 elements of "weights", the objective 4', short);
  await refused('has no elements of "v"', initialState(new Float32Array(4), ["m"], carried));
  const whole = initialState(new Float32Array(4), ["m", "v"], carried);
  await refused('no gradient for "b"; it gives: w', whole, {
    ...leastSquares,
    build: (g, p, c) => {
      const { gradients: { w }, ...rest } = leastSquares.build(g, p, c);
      return { ...rest, gradients: { w } };
    },
  });
  await refused('"sizes" must be a scalar', whole, {
    ...leastSquares,
    build: (g, p, c) => ({ ...leastSquares.build(g, p, c), metrics: { sizes: p.w } }),
  });
});

Deno.test("layoutOf() refuses a name that occurs twice and an empty dimension", () => {
  const w = { name: "w", shape: [2] };
  assertThrows(() => layoutOf([w, w]), Error, 'two parameters have the name "w"');
  assertThrows(() => layoutOf([{ name: "w", shape: [2, 0] }]), Error, "found [2,0]");
  assert(layoutOf([]).size === 0);
});
