/**
 * The arithmetic of a coder as graph functions, for programs and splices:
 *
 *     pre = x·W_encᵀ + b_enc
 *     a   = ReLU, JumpReLU (`pre · [pre > θ]`) or the k largest of each row, all others 0
 *     ŷ   = a·W_dec + b_dec (+ x·W_skipᵀ)
 *
 * Leading axes of x are free. BatchTopK is a JumpReLU with one threshold here: {@link coderFeeds} passes it as a tensor, so
 * that coders of one shape share a program.
 */
import {
  add,
  type Dim,
  type F32,
  type Feeds,
  greater,
  linear,
  mul,
  relu,
  scatterAdd,
  type Shape,
  tensor,
  topK,
  type Value,
  where,
} from "../onnx/mod.ts";
import { type Activation, type Coder, type CoderConfig, coderShapes } from "./coder.ts";

/** What decides a coder's graph: plain data, part of program keys. */
export interface CoderForm {
  /** how features are chosen */
  activation: { name: "relu" } | { name: "threshold" } | { name: "topk"; k: number; relu: boolean };
  /** width of the input */
  dIn: number;
  /** width of the output */
  dOut: number;
  /** number of features */
  features: number;
  /** whether there is a linear path */
  skip: boolean;
  /** number of thresholds: one per feature, or one for all */
  thresholds: number;
  /** number of layers that a cross-layer coder writes to; 0 for other kinds */
  layers: number;
}

/** Returns the form of a coder's graph. */
export function coderForm(config: CoderConfig): CoderForm {
  const { activation, dIn, dOut, features, skip, decoderLayers } = config;
  const thresholds = activation.name === "jumprelu"
    ? features
    : Number(activation.name === "batchtopk");
  const layers = decoderLayers?.length ?? 0;
  return { activation: choice(activation), dIn, dOut, features, skip, thresholds, layers };
}

function choice(activation: Activation): CoderForm["activation"] {
  if (activation.name === "relu") return { name: "relu" };
  if (activation.name !== "topk") return { name: "threshold" };
  return { name: "topk", k: activation.k, relu: !activation.signed };
}

/** Returns the shapes of what {@link coderFeeds} gives for a form. */
export function feedShapes(form: CoderForm): Record<string, number[]> {
  const { features: F, dIn, dOut, skip, thresholds, layers } = form;
  return {
    W_enc: [F, dIn],
    b_enc: [F],
    W_dec: layers > 0 ? [F, layers, dOut] : [F, dOut],
    b_dec: [dOut],
    ...(skip ? { W_skip: [dOut, dIn] } : {}),
    ...(thresholds > 0 ? { threshold: [thresholds] } : {}),
  };
}

/** Returns a coder's weights as feeds; a BatchTopK's threshold becomes a tensor `[1]`. */
export function coderFeeds({ config, weights }: Coder): Record<string, F32> {
  const feeds: Record<string, F32> = {};
  for (const name of Object.keys(coderShapes(config)) as (keyof typeof weights)[]) {
    feeds[name] = weights[name]!;
  }
  if (config.activation.name === "batchtopk") {
    feeds.threshold = tensor(Float32Array.of(config.activation.threshold), [1]);
  }
  return feeds;
}

/** Returns the part of the feeds that a program takes. */
export function chosenFeeds(coder: Coder, names: readonly string[]): Feeds {
  return Object.fromEntries(Object.entries(coderFeeds(coder)).filter(([n]) => names.includes(n)));
}

/** Returns the pre-activations `[…, F]` of inputs `[…, d_in]`. */
export function preActivations(x: Value, w: Record<string, Value>): Value {
  return linear(x, w.W_enc, true, w.b_enc);
}

/** Returns the activations `[…, F]` of pre-activations: those of the chosen features, 0 elsewhere. */
export function activations(pre: Value, w: Record<string, Value>, form: CoderForm): Value {
  const { activation } = form;
  if (activation.name === "relu") return relu(pre);
  if (activation.name === "threshold") return where(greater(pre, w.threshold), pre, 0);
  const { values, indices } = topK(pre, activation.k);
  const kept = activation.relu ? relu(values) : values;
  return scatterAdd(mul(pre, 0), indices, kept, -1);
}

/**
 * Returns the output `[…, d_out]` of activations `[…, F]`, without the linear path.
 * @param W_dec decoder `[F, d_out]`; for a cross-layer coder its part for one layer
 */
export function decoded(a: Value, W_dec: Value, b_dec?: Value): Value {
  return linear(a, W_dec, false, b_dec);
}

/** Adds the linear path of the input `x`, if the coder has one. */
export function withSkip(made: Value, x: Value, w: Record<string, Value>): Value {
  return w.W_skip ? add(made, linear(x, w.W_skip, true)) : made;
}

/** Returns a shape with another last axis. */
export const withWidth = (shape: Shape, width: Dim): Dim[] => [...shape.slice(0, -1), width];
