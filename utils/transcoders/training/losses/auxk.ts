/**
 * AuxK (Gao et al. 2024): the k_aux dead features of the largest pre-activations predict the residual of the output.
 *
 *   ê = Σ_f z_f · W_dec[f],   z_f = pre_f at the k_aux largest of the dead, k_aux = ⌊d_out/2⌋
 *   auxk = min(dead/⌊d_out/2⌋, 1) · Σ w (ê − sg(y − ŷ))²,   w that of the reconstruction loss
 *
 * Implementations differ: SAELens before 6.36.2 and sparsify add b_dec to ê. sparsify's z is max(pre, 0), and its encoder
 * gets no gradient from this term.
 */
import {
  add,
  cast,
  concat,
  detach,
  expand,
  greater,
  less,
  max,
  min,
  mul,
  neg,
  nonZero,
  relu,
  slice,
  squeeze,
  sub,
  sum,
  topK,
  type Value,
  where,
} from "../../../onnx/mod.ts";
import { columnPlaces, densePlaces, type Places } from "../activations/mod.ts";
import { rowNorms } from "../encode.ts";
import type { AuxKSettings } from "./auxk_settings.ts";
import type { StepSoFar, Term } from "./term.ts";

/** Below every pre-activation. */
const LAST = -3e38;

/** Lets dead features predict the residual; 0 where none is dead. */
export function auxK(settings: AuxKSettings): Term {
  const { coefficient, decoderBias, byDecoderNorm } = settings;
  return {
    name: "auxk",
    coefficient,
    ...decoderBias || byDecoderNorm ? {} : { kernels: { kind: "auxk", settings } },
    value(step) {
      const k = Math.min(heuristicOf(step.shape.dOut), step.shape.features);
      return residualLoss(step, deadPlaces(step, k, settings), settings);
    },
  };
}

/** ⌊d_out/2⌋ */
const heuristicOf = (dOut: number) => Math.floor(dOut / 2);

/** What the loss on the residual is made of. */
type ResidualStep = Pick<StepSoFar, "p" | "error" | "weight" | "dead" | "shape">;

/** Returns the loss of predicting the residual at `places` that are not `unused`. */
function residualLoss(
  { p, error, weight, dead, shape }: ResidualStep,
  { places, unused }: { places: Places; unused: Value },
  { decoderOnly, decoderBias }: AuxKSettings,
): Value {
  const kept = decoderOnly ? detach(relu(places.pre)) : places.pre;
  const decoded = places.decode(where(unused, 0, kept), p.W_dec);
  const predicted = decoderBias ? add(decoded, p.b_dec) : decoded;
  const difference = sub(predicted, detach(neg(error)));
  const scale = min(mul(dead.count, 1 / heuristicOf(shape.dOut)), 1);
  return mul(scale, sum(mul(mul(difference, difference), weight), [0, 1]));
}

/**
 * Returns the same loss of a coder that has the dead features alone, and fillers after them.
 * @param step `dead.mask` `[F]` is false for fillers
 * @param all all dead features are used: there are at most ⌊d_out/2⌋
 */
export function auxKOfDead(
  step: ResidualStep & Pick<StepSoFar, "encoded">,
  all: boolean,
  settings: AuxKSettings,
): Value {
  const { encoded, dead, shape } = step;
  const places = densePlaces(encoded);
  const score = where(dead.mask, encoded.pre, LAST);
  const k = Math.min(heuristicOf(shape.dOut), shape.features);
  const least = all ? LAST / 2 : max(slice(topK(score, k).values, 1, k - 1, k), LAST / 2);
  return residualLoss(step, { places, unused: less(score, least) }, settings);
}

/**
 * The places of the dead features, and at which of them a feature is not among the k largest of its row. Only the columns
 * of the dead are touched. The list ends with k more places that never count, so that a row always has k to choose from.
 */
function deadPlaces(
  { encoded, p, dead }: StepSoFar,
  k: number,
  { byDecoderNorm }: AuxKSettings,
): { places: Places; unused: Value } {
  const g = encoded.pre.graph;
  const list = squeeze(nonZero(dead.mask), 0);
  const filling = expand(g.constant(0, [1], "int64"), [k]);
  const features = concat([list, filling], 0);
  const places = columnPlaces(encoded, features);
  const counts = concat([
    add(mul(cast(list, "float32"), 0), 1),
    expand(g.constant(0, [1]), [k]),
  ], 0);
  const score = byDecoderNorm ? mul(places.pre, places.at(rowNorms(p.W_dec))) : places.pre;
  const ordered = where(greater(counts, 0), score, LAST);
  const least = slice(topK(ordered, k).values, 1, k - 1, k);
  return { places, unused: less(ordered, max(least, LAST / 2)) };
}
