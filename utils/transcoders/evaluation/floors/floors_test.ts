import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { randomCoder, randomTensor } from "../../../../tests/support/coder_cases.ts";
import { ARCHITECTURES } from "../../../../tests/support/hook_checks.ts";
import { uniform } from "../../../../tests/support/random_model.ts";
import { setup } from "../../../../tests/support/spliced_coder.ts";
import { FOLDED, HookedModel, Runtime } from "../../../model/mod.ts";
import { type F32, ProgramCache, tensor } from "../../../onnx/mod.ts";
import { reconstruct } from "../../programs.ts";
import { cleanRun } from "../clean_run.ts";
import { rowsOf } from "../token_rows.ts";
import { fitFloors } from "./fit_floors.ts";
import { Moments } from "./moments.ts";
import { NeuronFloor } from "./neurons.ts";
import { constantCoder, linearCoder } from "./plain_coders.ts";

const withCache = async (use: (cache: ProgramCache) => Promise<void>) => {
  const cache = new ProgramCache({ threads: 1 });
  try {
    await use(cache);
  } finally {
    await cache.close();
  }
};

const row = (
  { data }: F32,
  i: number,
  width: number,
) => [...data.subarray(i * width, (i + 1) * width)];

Deno.test("Moments gives the best linear map: its errors have mean 0 and no correlation with the input", () =>
  withCache(async (cache) => {
    const [N, dIn, dOut] = [200, 4, 3];
    const next = uniform(11);
    // A large mean would cost the covariances their digits if it were not taken off.
    const x = tensor(randomTensor([N, dIn], next).data.map((v, i) => v + 500 * (i % dIn)), [
      N,
      dIn,
    ]);
    const y = tensor(
      Float32Array.from({ length: N * dOut }, (_, i) => {
        const r = row(x, Math.floor(i / dOut), dIn);
        return 300 + (r[0] - r[1]) * (i % dOut) + 0.3 * next();
      }),
      [N, dOut],
    );
    const counted = Uint8Array.from({ length: N }, (_, i) => Number(i % 7 !== 0));
    const moments = new Moments(cache, dIn, dOut);
    assertThrows(() => moments.linearMap(), Error, "at least one position");
    for (const [from, to] of [[0, 90], [90, N]]) {
      const part = (t: F32, width: number) =>
        tensor(t.data.slice(from * width, to * width), [to - from, width]);
      await moments.add(part(x, dIn), part(y, dOut), counted.subarray(from, to));
    }
    const { A, b } = moments.linearMap();
    const inside = Array.from(counted.keys()).filter((i) => counted[i] === 1);
    assertEquals(moments.rows, inside.length);
    const meanX = Array.from(
      { length: dIn },
      (_, k) => inside.reduce((s, i) => s + row(x, i, dIn)[k], 0) / inside.length,
    );
    moments.meanInput().forEach((m, k) => assertAlmostEquals(m, meanX[k], 1e-4));
    for (let j = 0; j < dOut; j++) {
      let sum = 0, size = 0;
      const along = new Float64Array(dIn);
      for (const i of inside) {
        const r = row(x, i, dIn);
        const error = row(y, i, dOut)[j] - b.data[j] -
          r.reduce((s, v, k) => s + A.data[j * dIn + k] * v, 0);
        sum += error;
        size += error ** 2;
        r.forEach((v, k) => along[k] += error * (v - meanX[k]));
      }
      // A and b are rounded to float32, and inputs are near 1,500.
      assert(Math.abs(sum / inside.length) < 1e-3, `mean ${sum / inside.length}`);
      along.forEach((v) => assert(Math.abs(v) < 0.02 * Math.sqrt(size * inside.length), `${v}`));
    }
  }));

Deno.test("Moments gives a linear map where rows span fewer dimensions than they have", () =>
  withCache(async (cache) => {
    const [N, d] = [400, 32];
    const next = uniform(2);
    // Three different rows, and all others equal one of them.
    const few = randomTensor([3, d], next);
    const x = tensor(
      Float32Array.from({ length: N * d }, (_, i) => few.data[Math.floor(i / d) % 3 * d + i % d]),
      [N, d],
    );
    const moments = new Moments(cache, d, d);
    await moments.add(x, x, new Uint8Array(N).fill(1));
    const { A, b } = moments.linearMap();
    for (let r = 0; r < 3; r++) {
      const from = row(few, r, d);
      for (let j = 0; j < d; j++) {
        const made = b.data[j] + from.reduce((s, v, k) => s + A.data[j * d + k] * v, 0);
        assertAlmostEquals(made, from[j], 1e-2);
      }
    }
  }));

Deno.test("Moments gives the best common factor and offset", () =>
  withCache(async (cache) => {
    const [N, d] = [50, 3];
    const next = uniform(4);
    const x = randomTensor([N, d], next);
    const y = tensor(x.data.map((v, i) => -2.5 * v + [1, 2, 3][i % d]), [N, d]);
    const all = new Uint8Array(N).fill(1);
    const moments = new Moments(cache, d, d);
    await moments.add(x, y, all);
    const { factor, offset } = moments.scale();
    assertAlmostEquals(factor, -2.5, 1e-5);
    offset.forEach((b, j) => assertAlmostEquals(b, j + 1, 1e-5));
    const still = new Moments(cache, d, d);
    await still.add(tensor(new Float32Array(N * d).fill(2), [N, d]), y, all);
    assertEquals(still.scale().factor, 0);
    assertThrows(() => new Moments(cache, 2, 3).scale(), Error, "equal widths");
  }));

Deno.test("constant and linear coders give what they say", () =>
  withCache(async (cache) => {
    const next = uniform(8);
    const { config } = randomCoder({ skip: true, activation: { name: "jumprelu" } });
    const [x, b, A] = [[6, 5], [4], [4, 5]].map((shape) => randomTensor(shape, next));
    const constant = await reconstruct(cache, constantCoder(config, b), x);
    const linear = await reconstruct(cache, linearCoder(config, b, A), x);
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 4; j++) {
        assertEquals(constant.data[i * 4 + j], b.data[j]);
        const expected = b.data[j] + row(x, i, 5).reduce((s, v, k) => s + A.data[j * 5 + k] * v, 0);
        assertAlmostEquals(linear.data[i * 4 + j], expected, 1e-6);
      }
    }
  }));

const mlpConfig = (layer: number, changes = {}) =>
  randomCoder({
    dIn: 12,
    dOut: 12,
    layer,
    inputHook: `blocks.${layer}.mlp.hook_in`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    ...changes,
  }).config;

for (const [name, config] of Object.entries(ARCHITECTURES)) {
  Deno.test(`all neurons of a ${name} model, with the MLP's own bias, are the MLP`, async () => {
    await using context = setup(config);
    const { model, prompts } = context;
    const configs = [mlpConfig(0), mlpConfig(1)];
    const floor = await NeuronFloor.open(model, configs, [1000, 20]);
    for (const [layer, bias] of floor.biases.entries()) {
      bias.data.set((await model.weights.layer(layer)).out_b.data);
    }
    const clean = await cleanRun(model, configs, rowsOf(prompts));
    for (const [i, { output }] of (await floor.outputs(clean)).entries()) {
      output.data.forEach((v, at) => assertAlmostEquals(v, clean.points[i].target.data[at], 1e-5));
    }
    const [kept, plain] = await Promise.all([
      model.allLogits(prompts, await floor.propagating(clean)),
      model.allLogits(prompts),
    ]);
    kept.data.forEach((v, at) => assertAlmostEquals(v, plain.data[at], 1e-4));
  });
}

Deno.test("fitted on the rows that they are measured on, floors are ordered", async () => {
  await using context = setup(ARCHITECTURES["GPT-2"]);
  const { model, prompts } = context;
  const folded = HookedModel.fromSource(context.source, {
    runtime: new Runtime({ threads: 1 }),
    processing: FOLDED,
  });
  try {
    for (
      const [m, convention] of [[model, "raw"], [model, "folded"], [folded, "folded"]] as const
    ) {
      const coders = [0, 1].map((layer) =>
        randomCoder({
          ...mlpConfig(layer),
          inputConvention: convention,
          activation: { name: "topk", k: 4 },
        }, layer)
      );
      const rows = rowsOf(prompts);
      const floors = await fitFloors(m, coders, [rows]);
      const clean = await cleanRun(m, coders.map((c) => c.config), rows);
      const errors = new Map<string, number>();
      for (const [name, floor] of Object.entries(floors)) {
        const outputs = await floor.outputs(clean);
        let error = 0;
        outputs.forEach(({ output }, i) =>
          // Padding is not part of the fit.
          rows.counted.forEach((one, r) => {
            const made = row(output, r, 12), target = row(clean.points[i].target, r, 12);
            if (one === 1) made.forEach((v, j) => error += (v - target[j]) ** 2);
          })
        );
        errors.set(name, error);
      }
      const [zero, mean, unigram, skip, random, neurons] = [
        "zero",
        "mean",
        "unigram",
        "skip",
        "random",
        "neurons",
      ]
        .map((name) => errors.get(name)!);
      // Each contains the constant map, so its least squares are at most those of the mean.
      assert(mean < zero && unigram < mean && skip < mean && random <= mean * (1 + 1e-6));
      assert(neurons < mean, `${neurons} ${mean}`);
    }
  } finally {
    await folded.runtime.close();
  }
});
