/**
 * Times CSPA of the heads of one layer at the shape of Pythia-160m on 17 × 61 tokens, and a matrix product of ONNX Runtime
 * in the same process. This yardstick is the product [tokens, d]·[d, V] from a head's changed output to the logits. Computed
 * plainly, a layer needs two of them per head (ablated, and with copy suppression kept) before any softmax.
 */
import { cspaScores } from "../utils/heads/mod.ts";
import { FOLDED, HookedModel, randomSource, Runtime } from "../utils/model/mod.ts";
import { Graph, linear, Session, tensor } from "../utils/onnx/mod.ts";
import { PythonRandom } from "../utils/base/mod.ts";
import { PYTHIA_160M } from "./path_patching.ts";

/** Times and rates of both sides. */
export interface CspaTimes {
  /** milliseconds for all heads of a layer, with the forward pass of the layer */
  layer: number;
  /** milliseconds of one [tokens, d]·[d, V] product */
  product: number;
  /** GFLOP/s: matrix products of a layer over its whole time */
  rate: number;
  /** GFLOP/s of the yardstick */
  matmulRate: number;
  /** rate / matmulRate */
  share: number;
  /** `layer` divided by the time of the two products per head that the plain way needs */
  shareOfPlain: number;
}

/** Times a layer and the yardstick. */
export async function benchCspa(config = PYTHIA_160M, docs = 17, length = 61): Promise<CspaTimes> {
  const runtime = new Runtime();
  const { nHeads: H, dHead: e, dModel: d, dMlp, vocabSize: V } = config;
  const model = HookedModel.fromSource(randomSource({ ...config, nLayers: 3 }), {
    runtime,
    processing: FOLDED,
  });
  const random = new PythonRandom(1);
  const text = Array.from(
    { length: docs },
    () => Array.from({ length }, () => random.randbelow(V - 1)),
  );
  const ends: number[] = [];
  await cspaScores(model, text, {
    functionWords: [],
    onLayer: () => ends.push(performance.now()),
  });
  const layer = Math.min(...ends.slice(1).map((end, i) => end - ends[i]));
  model.close();
  await runtime.close();

  const rows = docs * length;
  const product = await productTime(rows, d, V);
  const forward = 2 * rows * (4 * d * d + 2 * d * dMlp + 2 * length * d);
  const perHead = 2 * V * (e * d + rows * e + rows * length);
  const rate = (forward + H * perHead) / layer / 1e6;
  const matmulRate = 2 * rows * d * V / product / 1e6;
  return {
    layer,
    product,
    rate,
    matmulRate,
    share: rate / matmulRate,
    shareOfPlain: layer / (2 * H * product),
  };
}

async function productTime(rows: number, d: number, V: number): Promise<number> {
  const g = new Graph();
  const session = await Session.compile({
    logits: linear(g.input("x", [rows, d]), g.input("W_U", [V, d]), true),
  });
  const wave = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  const feeds = { x: tensor(wave(rows * d), [rows, d]), W_U: tensor(wave(V * d), [V, d]) };
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    await session.run(feeds);
    least = Math.min(least, performance.now() - started);
  }
  await session.release();
  return least;
}

if (import.meta.main) console.log(await benchCspa());
