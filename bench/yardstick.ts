/**
 * The rates that this process can reach: matrix products of a model's blocks, bare, and passes over memory.
 *
 *  matrix products  qkv, attention output, MLP in and out of some layers, by the yardstick that training uses too
 *                   (`MatmulRate`), with the model's weights fed; the products of the backward pass likewise
 *  memory           a copy of an array far larger than the caches
 */
import type { ModelConfig, ModelWeights } from "../utils/model/mod.ts";
import { MatmulRate } from "../utils/training/mod.ts";

/** Layers whose weights the yardstick cycles through: enough that no weight stays in a cache. */
const LAYERS = 4;

/**
 * Compiles the products of some layers.
 * @param tokens rows of every activation matrix
 * @param backward also the products with the weights the other way round
 */
export async function layerProducts(
  modelWeights: ModelWeights,
  tokens: number,
  backward: boolean,
  threads?: number,
): Promise<MatmulRate> {
  const { dModel: d, dMlp: m, nLayers } = modelWeights.config;
  const layers = Array.from({ length: Math.min(LAYERS, nLayers) }, (_, l) => l);
  const weights = await Promise.all(layers.map((l) => modelWeights.layer(l)));
  const shapes = { qkv_w: [3 * d, d], o_w: [d, d], in_w: [m, d], out_w: [d, m] };
  return await MatmulRate.compile(shapes, tokens, { data: backward, weights, threads });
}

/**
 * Bytes per second of a copy of 64 MiB, read and written; the best of five. A copy by ONNX Runtime would time the page faults of
 * its result.
 */
export function memoryBandwidth(): number {
  const n = 16 * 2 ** 20;
  const x = new Float32Array(n).fill(1), y = new Float32Array(n).fill(2);
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    y.set(x);
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  return 8 * n / best;
}

/** Bytes of all values of one block's hook points for these tokens. */
export function layerActivationBytes(config: ModelConfig, tokens: number, positions: number) {
  const { dModel: d, dMlp: m, nHeads: H } = config;
  return 4 * tokens * (10 * d + 2 * m + 2 * H * positions);
}
