/**
 * A trained coder in the form that coders are used in: `a = activation(W_enc·x + b_enc)`, `ŷ = a·W_dec + b_dec`.
 *
 *   input bias c       b_enc ← b_enc − W_enc·c
 *   log_threshold      threshold ← exp(log_threshold)
 *   choice by norm     with n = ‖W_dec[f]‖: W_enc[f] ← n W_enc[f], b_enc ← n b_enc, W_dec[f] ← W_dec[f]/n, so that the
 *                      choice by pre-activation is the same and the output does not change (SAELens does so when it saves)
 *   BatchTopK          the running threshold, in units of the scaled pre-activations
 *   scaled rows        folded in as `scales.ts` says
 */
import { tensor } from "../../onnx/mod.ts";
import { layoutOf, type TrainingState, viewOf } from "../../training/mod.ts";
import type { Activation, CoderWeights } from "../coder.ts";
import { batchThreshold } from "./activations/mod.ts";
import type { CoderObjectiveSettings } from "./coder_objective.ts";
import { carriedScales } from "./scales.ts";
import { coderParameters } from "./shape.ts";

/** Activation and weights of a trained coder. */
export interface TrainedCoder {
  /** how features are chosen, with what the choice needs */
  activation: Activation;
  /** the weights; they share no memory with the run */
  weights: CoderWeights;
}

/**
 * Returns the coder of a run's state.
 * @throws Error if no batch of a BatchTopK coder had a positive score.
 */
export function trainedCoder(
  { shape, activation, normalize }: Pick<
    CoderObjectiveSettings,
    "shape" | "activation" | "normalize"
  >,
  { weights, carried }: Pick<TrainingState<ArrayBufferLike>, "weights" | "carried">,
): TrainedCoder {
  const { dIn, dOut, features, inputBias } = shape;
  const stored = Object.fromEntries(
    layoutOf(coderParameters(shape)).tensors.map((place) =>
      [place.name, viewOf(weights, place).slice()] as const
    ),
  );
  const { W_enc, b_enc, W_dec, b_dec, W_skip, log_threshold } = stored;
  const bias = inputBias && (inputBias === "own" ? stored.b_in : b_dec);
  const byNorm = "byDecoderNorm" in activation && activation.byDecoderNorm;
  for (let f = 0; f < features; f++) {
    const reading = W_enc.subarray(f * dIn, (f + 1) * dIn);
    const writing = W_dec.subarray(f * dOut, (f + 1) * dOut);
    const centre = bias ? dot(reading, bias) : 0;
    const norm = byNorm ? Math.sqrt(dot(writing, writing)) : 1;
    b_enc[f] = norm * (b_enc[f] - centre);
    reading.forEach((w, i) => reading[i] = norm * w);
    if (norm > 0) writing.forEach((w, i) => writing[i] = w / norm);
  }
  const { input: a, target: b } = normalize ? carriedScales(carried) : { input: 1, target: 1 };
  const multiply = (values: Float32Array | undefined, factor: number) =>
    values?.forEach((w, i) => values[i] = w * factor);
  multiply(W_enc, a / b);
  multiply(b_enc, 1 / b);
  multiply(b_dec, 1 / b);
  multiply(W_skip, a / b);
  const chosen = activationOf(activation, carried);
  return {
    activation: chosen.name === "batchtopk"
      ? { ...chosen, threshold: chosen.threshold / b }
      : chosen,
    weights: {
      W_enc: tensor(W_enc, [features, dIn]),
      b_enc: tensor(b_enc, [features]),
      W_dec: tensor(W_dec, [features, dOut]),
      b_dec: tensor(b_dec, [dOut]),
      ...W_skip && { W_skip: tensor(W_skip, [dOut, dIn]) },
      ...log_threshold &&
        { threshold: tensor(log_threshold.map((t) => Math.exp(t) / b), [features]) },
    },
  };
}

function activationOf(
  settings: CoderObjectiveSettings["activation"],
  carried: TrainingState<ArrayBufferLike>["carried"],
): TrainedCoder["activation"] {
  switch (settings.kind) {
    case "topk":
      return { name: "topk", k: settings.k };
    case "batchtopk":
      return { name: "batchtopk", k: settings.k, threshold: batchThreshold(carried) };
    default:
      return { name: settings.kind };
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
