/** Kernel steps against the dense ONNX form, over several steps, for every loss that kernels have. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { layoutOf, Trainer, viewOf } from "../../../training/mod.ts";
import { coderObjective, type CoderObjectiveSettings } from "../coder_objective.ts";
import { auxK, l1 } from "../losses/mod.ts";
import { coderOptimiser, type CoderOptimiserSettings } from "../optimiser.ts";
import { setScales } from "../scales.ts";
import { randomBatch, randomState } from "../testdata.ts";
import { KernelTrainer } from "./kernel_trainer.ts";
import { kernelsLack } from "./kernels_lack.ts";

const shape = { rows: 300, dIn: 18, dOut: 21, features: 70 };
const dead = { after: 10 };
const aux = auxK({ coefficient: 0.5 });
const sparse = l1({ coefficient: 0.2, warmUp: 4 });

const CASES: Record<string, CoderObjectiveSettings> = {
  "TopK + AuxK": {
    ...{ shape, dead },
    activation: { kind: "topk", k: 7 },
    reconstruction: "fvu",
    terms: [aux],
  },
  "TopK + AuxK, wide": {
    ...{ dead, shape: { ...shape, rows: 30, features: 4100 } },
    activation: { kind: "topk", k: 7 },
    reconstruction: "squared",
    terms: [aux],
  },
  "TopK + AuxK, by tiles": {
    ...{ dead, shape: { rows: 300, dIn: 256, dOut: 288, features: 70 } },
    activation: { kind: "topk", k: 40 },
    reconstruction: "fvu",
    terms: [aux],
  },
  "ReLU + L1, an input bias": {
    ...{ dead, shape: { ...shape, inputBias: "own" } },
    activation: { kind: "relu" },
    reconstruction: "relative",
    terms: [sparse],
  },
  "ReLU + L1, wide": {
    ...{ dead, shape: { ...shape, rows: 30, features: 4100, inputBias: "own" } },
    activation: { kind: "relu" },
    reconstruction: "squared",
    terms: [sparse],
  },
  "a sparse autoencoder, TopK + AuxK of sparsify, scaled rows": {
    ...{ dead, shape: { ...shape, dOut: 18, inputBias: "shared" } },
    activation: { kind: "topk", k: 16 },
    reconstruction: "relative",
    terms: [auxK({ coefficient: 2, decoderOnly: true })],
    normalize: true,
  },
};

const OPTIMISERS: Record<string, CoderOptimiserSettings> = {
  "free decoder": { rate: (t) => 0.01 / t, stepsBefore: 5 },
  "unit decoder": {
    rate: () => 0.02,
    unitDecoder: true,
    adam: { beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
  },
};

/** Returns the state before a run: some features dead, decoder rows of norm 1, second moments that are not 0. */
function start(settings: CoderObjectiveSettings, none = false) {
  const objective = coderObjective(settings);
  const deadFeatures = none ? [] : [1, 4, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
  const state = randomState(objective, deadFeatures);
  const place = layoutOf(objective.parameters).tensors.find(({ name }) => name === "W_dec")!;
  const W_dec = viewOf(state.weights, place);
  for (let i = 0; i < W_dec.length; i += settings.shape.dOut) {
    const row = W_dec.subarray(i, i + settings.shape.dOut);
    const norm = Math.hypot(...row);
    row.forEach((x, j) => row[j] = x / norm);
  }
  state.slots.v.fill(1e-4);
  if (settings.normalize) setScales(state.carried, { input: 1.5, target: 0.7 });
  return { objective, state };
}

/** Makes steps. Returns their results. */
async function steps(
  trainer: Pick<KernelTrainer, "step" | "state">,
  { shape }: CoderObjectiveSettings,
  count: number,
) {
  const results = [];
  for (let i = 0; i < count; i++) {
    const { x, y } = randomBatch(shape, 10 + i);
    results.push(await trainer.step(shape.inputBias === "shared" ? { x } : { x, y }));
  }
  return results;
}

/** Largest difference of a tensor, in units of its largest element. After one step m is 0.1 or 0.2 of the gradient. */
const TOLERANCES = { 1: 1e-6, 5: 3e-5 };

for (const [name, settings] of Object.entries(CASES)) {
  for (const [kind, optimiser] of Object.entries(OPTIMISERS)) {
    Deno.test(`kernels = dense: ${name}, ${kind}`, async () => {
      for (const threads of [1, 2]) {
        const { objective, state } = start(settings);
        const plain = await Trainer.compile(
          coderObjective({ ...settings, form: "dense" }),
          coderOptimiser(optimiser),
          state,
          { threads: 1 },
        );
        const kernels = await KernelTrainer.compile(
          settings,
          optimiser,
          start(settings).state,
          { threads },
        );
        // Sums over thousands of active features round further.
        const rounding = settings.shape.features > 4000 ? 2 : 1;
        for (const [count, most] of Object.entries(TOLERANCES)) {
          const tolerance = rounding * most;
          const more = Number(count) - state.step;
          const expected = await steps(plain, settings, more);
          const found = await steps(kernels, settings, more);
          expected.forEach((step, i) => {
            assertAlmostEquals(found[i].loss, step.loss, tolerance * step.loss, `loss ${i}`);
            assertEquals(Object.keys(found[i].metrics), Object.keys(step.metrics));
            for (const [metric, x] of Object.entries(step.metrics)) {
              const most = 5 * tolerance * Math.max(1, Math.abs(x));
              assertAlmostEquals(found[i].metrics[metric], x, most, `${metric} ${i}`);
            }
          });
          assert(settings.activation.kind === "relu" || more > 1 || expected[0].metrics.auxk > 0);
          assertEquals(kernels.state.step, state.step);
          assertEquals({ ...kernels.state.carried }, { ...state.carried });
          for (const tensor of layoutOf(objective.parameters).tensors) {
            const vectors = [
              ["weights", state.weights, kernels.state.weights],
              ["m", state.slots.m, kernels.state.slots.m],
              ["v", state.slots.v, kernels.state.slots.v],
            ] as const;
            for (const [slot, a, b] of vectors) {
              const [x, y] = [viewOf(a, tensor), viewOf(b, tensor)];
              const largest = Math.max(...x.map(Math.abs));
              const most = (slot === "m" ? 1 : 3) * tolerance * largest;
              assert(largest > 0);
              const worst = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
              assert(
                worst <= most,
                `${slot} of ${tensor.name} after ${count}: differs by ${worst} of ${largest}`,
              );
            }
          }
        }
        await plain.release();
        await kernels.release();
      }
    });
  }
}

for (const name of ["TopK + AuxK", "TopK + AuxK, by tiles"]) {
  Deno.test(`${name}: kernels give the same bits on one, two and three threads`, async () => {
    const settings = CASES[name];
    const states = [];
    for (const threads of [1, 2, 3]) {
      const kernels = await KernelTrainer.compile(
        settings,
        OPTIMISERS["unit decoder"],
        start(settings, true).state,
        { threads },
      );
      await steps(kernels, settings, 5);
      await kernels.release();
      states.push(kernels.state.weights.slice(), kernels.state.slots.v.slice());
    }
    for (let i = 2; i < states.length; i++) assertEquals(states[i], states[i - 2]);
  });
}

Deno.test("what kernels lack is named", async () => {
  const settings = CASES["TopK + AuxK"];
  const lacks = (change: Partial<CoderObjectiveSettings>, clip?: number) =>
    kernelsLack({ ...settings, ...change }, { clip });
  assertEquals(lacks({}), undefined);
  assertEquals(lacks({ shape: { ...shape, skip: true } }), "a skip connection");
  assertEquals(lacks({}, 1), "clipping");
  assertEquals(
    lacks({ activation: { kind: "batchtopk", k: 3 } }),
    'the activation "batchtopk"',
  );
  assertEquals(
    lacks({ terms: [l1({ coefficient: 1 }, true)] }),
    'the loss "l1" in this form',
  );
  await assertRejects(
    () =>
      KernelTrainer.compile(
        settings,
        { ...OPTIMISERS["free decoder"], clip: 1 },
        start(settings).state,
      ),
    Error,
    "kernels do not have clipping",
  );
});

Deno.test("a step that is not finite is refused", async () => {
  const settings = CASES["TopK + AuxK"];
  const kernels = await KernelTrainer.compile(
    settings,
    OPTIMISERS["unit decoder"],
    start(settings).state,
    { threads: 1 },
  );
  const batch = randomBatch(shape, 1);
  batch.y![5] = NaN;
  await assertRejects(() => kernels.step(batch), Error, "step 1: expected finite numbers");
  const other = randomBatch(shape, 1);
  other.x[7] = NaN;
  await assertRejects(() => kernels.step(other), Error, "step 1: expected finite numbers");
  await kernels.release();
});
