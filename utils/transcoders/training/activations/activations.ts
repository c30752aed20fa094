/**
 * Which features of a batch are active, and how strongly, in a dense and in a sparse form:
 *
 *   relu        a = max(pre, 0)                                      sparse: the positive ones, listed
 *   topk        a = max(pre, 0) at the k largest of each row         sparse: k per row
 *   batchtopk   a = max(pre, 0) at the k·rows largest of the batch   sparse: listed (Bussmann et al. 2024)
 *   jumprelu    a = pre·[pre > θ]                                    sparse: those above θ − b/2, listed
 *
 * JumpReLU's list has the inactive ones that its threshold's gradient needs. `byDecoderNorm` orders by `pre·‖W_dec[f]‖`,
 * what a feature adds to the output. SAELens multiplies pre-activations by the norm and divides before it decodes; the
 * factors cancel in value and gradient, so only the order is left of them.
 */
import {
  cast,
  div,
  equal,
  exp,
  expand,
  greater,
  less,
  max,
  mul,
  nonZero,
  relu,
  reshape,
  scatterAdd,
  slice,
  squeeze,
  sub,
  type TopK,
  topK,
  type Value,
  where,
} from "../../../onnx/mod.ts";
import type { NamedValues, TensorSpec } from "../../../training/mod.ts";
import { type Encoded, rowNorms } from "../encode.ts";
import type { CoderShape } from "../shape.ts";
import { runningThreshold, THRESHOLD_STATE } from "./batch_threshold.ts";
import { jumpRelu } from "./jump_relu.ts";
import { densePlaces, type Places } from "./places.ts";
import { groupedPlaces, listedPlaces } from "./sparse_places.ts";

/** Kind of activation with its settings. */
export type ActivationSettings =
  | { kind: "relu" }
  | { kind: "topk"; k: number; byDecoderNorm?: boolean }
  | {
    kind: "batchtopk";
    /** mean number of active features; a fraction is allowed */
    k: number;
    byDecoderNorm?: boolean;
    /** share of a new batch in the running threshold; default 0.01 */
    thresholdRate?: number;
  }
  | { kind: "jumprelu"; bandwidth: number };

/** Smallest positive number that counts as an activation. */
const SMALLEST = 1e-37;

/** Dense: plain operators over `[rows, F]`. Sparse: only the encoder's product is dense. */
export type Form = "dense" | "sparse";

/** The activations of a batch. */
export interface Activations {
  /** where they are */
  places: Places;
  /** the activations at the places */
  values: Value;
  /** JumpReLU's thresholds at the places, and the width of its rectangle */
  jump?: { threshold: Value; bandwidth: number };
  /** next values of the carried tensors */
  carried: NamedValues;
}

/** Returns the tensors that an activation carries from step to step. */
export function carriedBy({ kind }: ActivationSettings): readonly TensorSpec[] {
  return kind === "batchtopk" ? THRESHOLD_STATE : [];
}

/**
 * Activates the features of a batch.
 * @param p the parameters, by name
 * @param carried the tensors of {@link carriedBy}, by name
 * @throws RangeError when `k` does not fit the number of features.
 */
export function activate(
  settings: ActivationSettings,
  form: Form,
  encoded: Encoded,
  p: NamedValues,
  carried: NamedValues,
  { rows, features }: CoderShape,
): Activations {
  const { pre } = encoded;
  const sparse = form === "sparse";
  const where_ = (chosen: Value) => sparse ? listed(encoded, chosen) : densePlaces(encoded, chosen);
  switch (settings.kind) {
    case "relu": {
      const places = where_(greater(pre, 0));
      return { places, values: relu(places.pre), carried: {} };
    }
    case "jumprelu": {
      const { bandwidth } = settings;
      const theta = exp(p.log_threshold);
      const places = where_(greater(pre, sub(theta, bandwidth / 2)));
      const threshold = places.at(theta);
      const values = jumpRelu(places.pre, threshold, bandwidth);
      return { places, values, jump: { threshold, bandwidth }, carried: {} };
    }
    case "topk": {
      const { k, byDecoderNorm } = settings;
      const score = scoreOf(pre, p, byDecoderNorm);
      const best = topK(score, k);
      if (sparse) {
        const places = groupedPlaces(encoded, best.indices);
        return { places, values: relu(places.pre), carried: {} };
      }
      // Selected by value, in one pass over the batch: of features that tie with the k-th, all are chosen.
      const least = slice(best.values, 1, k - 1, k);
      const places = densePlaces(encoded, equal(cast(less(score, least), "float32"), 0));
      const values = byDecoderNorm
        ? where(less(score, least), 0, relu(pre))
        : where(less(pre, max(least, SMALLEST)), 0, pre);
      return { places, values, carried: {} };
    }
    case "batchtopk": {
      const kept = Math.floor(settings.k * rows);
      const score = reshape(scoreOf(pre, p, settings.byDecoderNorm), [rows * features]);
      const best = topK(score, kept);
      const next = runningThreshold(best.values, settings.thresholdRate ?? 0.01, carried);
      if (sparse) {
        const places = listedAt(encoded, best, features);
        return { places, values: relu(places.pre), carried: next };
      }
      const chosen = reshape(mark([rows * features], best.indices, 0), [rows, features]);
      return { ...chosenOf(encoded, chosen), carried: next };
    }
  }
}

/** What the choice orders by. */
function scoreOf(pre: Value, { W_dec }: NamedValues, byDecoderNorm = false): Value {
  return byDecoderNorm ? mul(pre, rowNorms(W_dec)) : pre;
}

/** Returns booleans of a shape, true at `indices` along an axis. */
function mark(shape: readonly number[], indices: Value, axis: number): Value {
  const g = indices.graph;
  const ones = expand(g.constant(1), indices.shape);
  return greater(scatterAdd(expand(g.constant(0), shape), indices, ones, axis), 0);
}

function chosenOf(encoded: Encoded, chosen: Value): Pick<Activations, "places" | "values"> {
  return { places: densePlaces(encoded, chosen), values: where(chosen, relu(encoded.pre), 0) };
}

/** The places that are true in `chosen` `[rows, F]`. */
function listed(encoded: Encoded, chosen: Value): Places {
  const both = nonZero(chosen);
  const [rows, features] = [0, 1].map((i) => squeeze(slice(both, 0, i, i + 1), 0));
  return listedPlaces(encoded, rows, features);
}

/** The places that are chosen among all, `row·F + feature`. */
function listedAt(encoded: Encoded, { indices }: TopK, features: number): Places {
  const rows = div(indices, features);
  return listedPlaces(encoded, rows, sub(indices, mul(rows, features)));
}
