/** Small random coders, and what they compute in plain loops and double precision. */
import { uniform } from "./random_model.ts";
import { type F32, tensor } from "../../utils/onnx/mod.ts";
import {
  type Coder,
  type CoderConfig,
  coderShapes,
  type CoderWeight,
  type CoderWeights,
} from "../../utils/transcoders/coder.ts";

/** A transcoder of layer 1 with 7 features from width 5 to width 4, and changes to it. */
export function coderConfig(changes: Partial<CoderConfig> = {}): CoderConfig {
  return {
    kind: "transcoder",
    activation: { name: "relu" },
    dIn: 5,
    dOut: 4,
    features: 7,
    skip: false,
    layer: 1,
    inputHook: "blocks.1.ln2.hook_normalized",
    outputHook: "blocks.1.hook_mlp_out",
    inputConvention: "raw",
    metadata: {},
    ...changes,
  };
}

/** A tensor of uniform numbers in [−1, 1). */
export function randomTensor(shape: number[], next: () => number): F32 {
  return tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next), shape);
}

/** A coder with random weights; thresholds are positive. */
export function randomCoder(changes: Partial<CoderConfig> = {}, seed = 1): Coder {
  const config = coderConfig(changes);
  const next = uniform(seed);
  const shapes = Object.entries(coderShapes(config)) as [CoderWeight, number[]][];
  const weights = Object.fromEntries(
    shapes.map((
      [name, shape],
    ) => [name, randomTensor(shape, name === "threshold" ? () => Math.abs(next()) : next)]),
  );
  return { config, weights: weights as unknown as CoderWeights };
}

/** Pre-activations, activations and output of one row. */
export interface PlainRow {
  pre: number[];
  a: number[];
  y: number[];
}

/** What a coder computes for one row; a cross-layer coder's output at `layer + at`. */
export function plainRow({ config, weights: w }: Coder, x: ArrayLike<number>, at = 0): PlainRow {
  const { dIn, dOut, features: F, activation, decoderLayers } = config;
  const each = (n: number, value: (i: number) => number) =>
    Array.from({ length: n }, (_, i) => value(i));
  const dot = (n: number, value: (i: number) => number) =>
    each(n, value).reduce((sum, v) => sum + v, 0);
  const pre = each(
    F,
    (f) => w.b_enc.data[f] + dot(dIn, (i) => w.W_enc.data[f * dIn + i] * x[i]),
  );
  const best = pre.map((_, f) => f).sort((f, g) => pre[g] - pre[f] || f - g);
  const a = pre.map((value, f) => {
    switch (activation.name) {
      case "relu":
        return Math.max(0, value);
      case "jumprelu":
        return value > w.threshold!.data[f] ? value : 0;
      case "batchtopk":
        return value > Math.fround(activation.threshold) ? value : 0;
      case "topk":
        if (best.indexOf(f) >= activation.k) return 0;
        return activation.signed ? value : Math.max(0, value);
    }
  });
  const layers = decoderLayers?.length ?? 1;
  const y = each(dOut, (j) => {
    const decoded = dot(F, (f) => a[f] * w.W_dec.data[(f * layers + at) * dOut + j]);
    if (at > 0) return decoded;
    const { W_skip } = w;
    const skip = W_skip ? dot(dIn, (i) => W_skip.data[j * dIn + i] * x[i]) : 0;
    return decoded + w.b_dec.data[j] + skip;
  });
  return { pre, a, y };
}

/** The activations of coders of all kinds. */
export const ACTIVATIONS: Record<string, CoderConfig["activation"]> = {
  "ReLU": { name: "relu" },
  "TopK": { name: "topk", k: 5 },
  "signed TopK": { name: "topk", k: 5, signed: true },
  "BatchTopK": { name: "batchtopk", k: 3, threshold: 0.3 },
  "JumpReLU": { name: "jumprelu" },
};
