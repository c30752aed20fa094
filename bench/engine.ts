/**
 * Benchmarks of the engine itself: a forward pass to the logits at the read-out positions, and a forward and backward pass
 * from a logit difference to the residual stream before block 0.
 *
 *   FLOPs, forward   2·tokens·L·(4d² + 2dm) + 4·tokens·L·pos·d (scores, weighted values) + 2·prompts·d·V (unembedding)
 *   FLOPs, backward  2·tokens·L·(4d² + 2dm) + 8·tokens·L·pos·d; a logit difference needs no product with W_U
 *
 * It prints two lower bounds of the time: the FLOPs at the rate of bare matrix products, and the bytes (each weight read
 * once, each value of a block written and read once) at the rate of the memory.
 */
import { HookedModel, type ModelConfig, randomSource, Runtime } from "../utils/model/mod.ts";
import { median } from "../utils/base/mod.ts";
import {
  type Bench,
  type BenchCase,
  type Measurement,
  peakRssMb,
  POSITIONS,
  randomPrompts,
  timed,
} from "./case.ts";
import { layerActivationBytes, layerProducts, memoryBandwidth } from "./yardstick.ts";

const MB = 2 ** 20;

/** Returns the floating-point operations of a forward pass, and of a forward and backward pass. */
export function engineFlops(
  config: ModelConfig,
  prompts: number,
  positions: number,
): { forward: number; forwardBackward: number } {
  const { nLayers: L, dModel: d, dMlp: m, vocabSize: V } = config;
  const tokens = prompts * positions;
  const linear = 2 * tokens * L * (4 * d * d + 2 * d * m);
  const attention = 4 * tokens * L * positions * d;
  return {
    forward: linear + attention + 2 * prompts * d * V,
    forwardBackward: 2 * linear + 3 * attention,
  };
}

async function measure(
  config: ModelConfig,
  { prompts, repeats, threads }: BenchCase,
  backward: boolean,
): Promise<Measurement> {
  const source = randomSource(config);
  const model = HookedModel.fromSource(source, { runtime: new Runtime({ threads }) });
  await model.weights.load();
  const tokens = randomPrompts(prompts, POSITIONS, config.vocabSize);
  const positions = tokens.map(() => POSITIONS - 1);
  const answers = Int32Array.from({ length: 2 * prompts }, (_, i) => i % config.vocabSize);
  const weights = Float32Array.from(answers, (_, i) => i % 2 ? -1 : 1);
  const readout = { kind: "logits" as const, ids: answers, weights, width: 2 };
  const run = (): Promise<unknown> =>
    backward
      ? model.gradients(tokens, positions, readout, ["blocks.0.hook_resid_pre"])
      : model.logits(tokens, positions);
  for (let i = 0; i < 3; i++) await run();
  const peak = peakRssMb();

  const count = prompts * POSITIONS;
  const work = engineFlops(config, prompts, POSITIONS);
  const flops = backward ? work.forwardBackward : work.forward;
  const yardstick = await layerProducts(model.weights, count, backward, threads);
  const times: number[] = [], rates: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const before = await yardstick.sample();
    times.push(await timed(run));
    rates.push((before + await yardstick.sample()) / 2);
  }
  const activations = layerActivationBytes(config, count, POSITIONS);
  const bytes = (model.weights.totalBytes - 4 * config.vocabSize * config.dModel) *
      (backward ? 2 : 1) + 2 * activations * config.nLayers * (backward ? 2 : 1);
  const bandwidth = memoryBandwidth();
  return {
    tokens: count,
    seconds: median(times),
    flops,
    ofMatmulRate: median(times.map((t, i) => flops / t / rates[i])),
    peakRssMb: peak,
    weightsMb: model.weights.totalBytes / MB,
    more: {
      matmul_gflops: median(rates) / 1e9,
      floor_flops_seconds: flops / median(rates),
      floor_bytes_seconds: bytes / bandwidth,
      rss_limit_mb: 1.5 * (model.weights.totalBytes + activations) / MB + 300,
    },
  };
}

const common = { shapes: ["pythia-70m", "pythia-160m", "pythia-410m"], prompts: [10, 64] };

export const benches: Bench[] = [
  {
    name: "forward",
    description: "tokens to logits at the read-out positions",
    ...common,
    measure: (config, c) => measure(config, c, false),
  },
  {
    name: "forward_backward",
    description:
      "tokens to logits, and back from a logit difference to the residual stream before block 0",
    ...common,
    measure: (config, c) => measure(config, c, true),
  },
];
