/**
 * The rates that this process can reach: matrix products of a model's blocks, bare, and passes over memory.
 *
 *  matrix products  qkv, attention output, MLP in and out of some layers, as ONNX Runtime computes them on their own,
 *                   with weights fed; the products of the backward pass likewise. One element of each is handed over,
 *                   since handing over whole results takes up to a third of the time
 *  memory           one addition over an array far larger than the caches
 */
import type { ModelConfig } from "../utils/model/config.ts";
import type { ModelWeights } from "../utils/model/weights/model_weights.ts";
import {
  add,
  type Feeds,
  firstElement,
  gemm,
  Graph,
  Session,
  tensor,
  type Value,
} from "../utils/onnx/mod.ts";
import { timed } from "./case.ts";

/** Layers whose weights the yardstick cycles through: enough that no weight stays in a cache. */
const LAYERS = 4;

export class Yardstick {
  private constructor(
    private readonly session: Session,
    private readonly feeds: Feeds[],
    private readonly flops: number,
  ) {}

  /** @param backward also the products with the weights the other way round */
  static async of(
    weights: ModelWeights,
    tokens: number,
    backward: boolean,
    threads?: number,
  ): Promise<Yardstick> {
    const { dModel: d, dMlp: m, nLayers } = weights.config;
    const g = new Graph();
    const activations = new Map<number, Value>();
    const rows = (width: number) => {
      if (!activations.has(width)) activations.set(width, g.input(`x${width}`, [tokens, width]));
      return activations.get(width)!;
    };
    const outputs: Record<string, Value> = {};
    const shapes = { qkv_w: [3 * d, d], o_w: [d, d], in_w: [m, d], out_w: [d, m] };
    for (const [name, [out, into]] of Object.entries(shapes)) {
      const w = g.input(name, [out, into]);
      outputs[name] = firstElement(gemm(rows(into), w, false, true));
      if (backward) outputs[`d:${name}`] = firstElement(gemm(rows(out), w));
    }
    const session = await Session.compile(outputs, {}, { threads });
    const random = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * i));
    const given = Object.fromEntries([...activations].map(([width, { name }]) => {
      const data = Float32Array.from({ length: tokens * width }, (_, i) => random[i % 997]);
      return [name, tensor(data, [tokens, width])];
    }));
    const layers = Array.from({ length: Math.min(LAYERS, nLayers) }, (_, l) => l);
    const feeds = await Promise.all(
      layers.map(async (l): Promise<Feeds> => ({ ...given, ...await weights.layer(l) })),
    );
    const elements = Object.values(shapes).reduce((sum, [out, width]) => sum + out * width, 0);
    const flops = layers.length * 2 * tokens * elements * (backward ? 2 : 1);
    return new Yardstick(session, feeds, flops);
  }

  /** Floating-point operations per second, timed once. */
  async rate(): Promise<number> {
    const seconds = await timed(async () => {
      for (const feeds of this.feeds) await this.session.run(feeds);
    });
    return this.flops / seconds;
  }
}

/** Bytes per second of a pass that reads and writes 64 MiB; the best of three. */
export async function memoryBandwidth(): Promise<number> {
  const n = 16 * 2 ** 20;
  const g = new Graph();
  const session = await Session.compile({ y: add(g.input("x", ["n"]), 1) });
  const x = tensor(new Float32Array(n), [n]), y = tensor(new Float32Array(n).fill(1), [n]);
  let best = Infinity;
  for (let i = 0; i < 3; i++) best = Math.min(best, await timed(() => session.run({ x }, { y })));
  await session.release();
  return 8 * n / best;
}

/** Bytes of all values of one block's hook points for these tokens. */
export function layerActivationBytes(config: ModelConfig, tokens: number, positions: number) {
  const { dModel: d, dMlp: m, nHeads: H } = config;
  return 4 * tokens * (10 * d + 2 * m + 2 * H * positions);
}
