/**
 * The training step of a transcoder by kernels: batch 4,096, 32 active features, float32.
 *
 * Beside it a floor: the encoder's product at the rate of bare matrix products, the decoder row of each place read once, and
 * Adam's read and write of weights and moments, both at the rate of the memory.
 *
 *   floor = 2BdF / rate + (4Bkd + 24 · 2dF) / bandwidth
 *
 * `with_capture` adds what one coder costs to capture: a pass of a model of the shape over as many tokens, up to its middle layer.
 */
import { median, PythonRandom } from "../utils/base/mod.ts";
import { HookedModel, type ModelConfig, randomSource, Runtime } from "../utils/model/mod.ts";
import { initialState, layoutOf, MatmulRate, viewOf } from "../utils/training/mod.ts";
import {
  auxK,
  captured,
  coderObjective,
  type CoderObjectiveSettings,
  type CoderShape,
  KeptRows,
  KernelTrainer,
  l1,
  type Tap,
} from "../utils/transcoders/mod.ts";
import { type Bench, type BenchCase, type Measurement, peakRssMb, timed } from "./case.ts";
import { memoryBandwidth } from "./yardstick.ts";

const BATCH = 4096, ACTIVE = 32, CONTEXT = 64;
/** Rows of the yardstick's products. */
const BLOCK = 1024;

/** Features by the width of the model. */
const FEATURES: Record<number, number> = { 96: 768, 512: 4096, 768: 24_576 };

/** Returns the objective of a kind. */
function settingsOf(kind: string, shape: CoderShape): CoderObjectiveSettings {
  const dead = { after: 1000 };
  return kind === "topk"
    ? {
      ...{ shape, dead, reconstruction: "fvu" },
      activation: { kind, k: ACTIVE },
      terms: [auxK({ coefficient: 1 / 32 })],
    }
    : {
      ...{ dead, reconstruction: "relative" },
      shape: { ...shape, inputBias: "own" },
      activation: { kind: "relu" },
      terms: [l1({ coefficient: 1e-4 })],
    };
}

/** Returns numbers of mean 0 and variance 1. */
function noise(n: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new PythonRandom(seed);
  return Float32Array.from({ length: n }, () => random.uniform(-1, 1) * Math.sqrt(3));
}

/** Returns a trainer. Its encoder rows have norm 1; ReLU's biases leave about {@link ACTIVE} features active. */
async function trainerOf(settings: CoderObjectiveSettings, threads?: number) {
  const { shape, activation } = settings;
  const { parameters, carried = [] } = coderObjective(settings);
  const layout = layoutOf(parameters);
  const weights = new Float32Array(layout.size);
  const shared = noise(1 << 20, 1);
  for (const tensor of layout.tensors) {
    const values = viewOf(weights, tensor);
    if (tensor.name.startsWith("W_")) {
      const scale = 1 / Math.sqrt(tensor.shape[1]);
      for (let i = 0; i < values.length; i++) values[i] = scale * shared[(i * 7 + 3) % (1 << 20)];
    } else if (tensor.name === "b_enc" && activation.kind === "relu") {
      values.fill(-upperQuantile(ACTIVE / shape.features));
    }
  }
  const state = initialState(weights, ["m", "v"], layoutOf(carried));
  return await KernelTrainer.compile(settings, { rate: () => 1e-5, unitDecoder: true }, state, {
    threads,
  });
}

/** Returns z with P(Z > z) = p for a normal Z (Hastings 1955, 26.2.23: 4.5e-4). */
function upperQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(p));
  return t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) /
      (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}

/** Returns the seconds that capturing a batch for one coder takes. */
async function captureSeconds(config: ModelConfig, repeats: number, threads?: number) {
  const runtime = new Runtime({ threads, arena: true });
  const model = HookedModel.fromSource(randomSource(config), { runtime });
  await model.weights.load();
  const { dModel: d, nLayers, vocabSize } = config;
  const layer = nLayers >> 1;
  const tap: Tap = {
    layer,
    inputHook: `blocks.${layer}.mlp.hook_in`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    inputConvention: "raw",
    ...{ dIn: d, dOut: d },
  };
  const batch = BATCH / CONTEXT;
  const ids = Int32Array.from({ length: BATCH }, (_, i) => (i * 7919) % vocabSize);
  const rows = new KeptRows({ batch, context: CONTEXT, at: () => ids });
  const order = Uint32Array.from({ length: BATCH }, (_, i) => i);
  const into = [{ x: new Float32Array(BATCH * d), y: new Float32Array(BATCH * d) }];
  const source = captured(model, [tap], rows);
  const times: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    times.push(await timed(() => source.fill(0, order, into)));
  }
  model.close();
  await runtime.close();
  return median(times.slice(1));
}

async function measure(
  config: ModelConfig,
  { repeats, threads, kind = "topk" }: BenchCase,
): Promise<Measurement> {
  const { dModel: d } = config;
  const F = FEATURES[d];
  if (!F) throw new Error(`transcoder: expected a shape of width ${Object.keys(FEATURES)}`);
  const settings = settingsOf(kind, { rows: BATCH, dIn: d, dOut: d, features: F });
  const trainer = await trainerOf(settings, threads);
  const batch = { x: noise(BATCH * d, 2), y: noise(BATCH * d, 3) };
  let l0 = (await trainer.step(batch)).metrics.l0;
  const peak = peakRssMb();
  // Blocks of rows in memory that is kept, or the yardstick would time page faults of a result of hundreds of megabytes.
  const product = await MatmulRate.compile({ encoder: [F, d] }, BLOCK, { threads, arena: true });
  const times: number[] = [], rates: number[] = [];
  for (let i = 0; i < repeats; i++) {
    // Several in a row: the first finds cold caches.
    for (let j = 0; j < BATCH / BLOCK; j++) rates.push(await product.sample());
    times.push(await timed(async () => l0 = (await trainer.step(batch)).metrics.l0));
  }
  await product.release();
  await trainer.release();
  const flops = 2 * BATCH * d * F;
  const seconds = median(times), rate = median(rates);
  const bandwidth = memoryBandwidth();
  const floor = flops / rate + (4 * BATCH * ACTIVE * d + 24 * 2 * d * F) / bandwidth;
  const capture = await captureSeconds(config, repeats, threads);
  return {
    tokens: BATCH,
    seconds,
    flops,
    ofMatmulRate: flops / seconds / rate,
    peakRssMb: peak,
    weightsMb: 2 * d * F * 4 / 2 ** 20,
    more: {
      tokens_per_second: BATCH / seconds,
      with_capture: BATCH / (seconds + capture),
      of_floor: floor / seconds,
      matmul_gflops: rate / 1e9,
      l0,
    },
  };
}

export const benches: Bench[] = [{
  name: "transcoder",
  description:
    "a training step of a transcoder by kernels, TopK with AuxK and ReLU with L1, against its floor; the number of prompts " +
    "does not count",
  shapes: ["pythia-nano", "pythia-70m", "gpt2-small"],
  prompts: [1],
  kinds: ["topk", "relu"],
  measure,
}];
