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
import { columnPlaces, type Places } from "../activations/mod.ts";
import { rowNorms } from "../encode.ts";
import type { StepSoFar, Term } from "./term.ts";

/** Variants of AuxK. */
export interface AuxKSettings {
  /** factor of the term */
  coefficient: number;
  /** orders dead features by `pre·‖W_dec[f]‖` */
  byDecoderNorm?: boolean;
  /** adds `b_dec` to the prediction of the residual, which counts it twice */
  decoderBias?: boolean;
  /** cuts pre-activations off at 0 and gives the encoder no gradient, as sparsify does */
  decoderOnly?: boolean;
}

/** Below every pre-activation. */
const LAST = -3e38;

/** Lets dead features predict the residual; 0 where none is dead. */
export function auxK(settings: AuxKSettings): Term {
  const { coefficient, decoderBias, decoderOnly } = settings;
  return {
    name: "auxk",
    coefficient,
    value(step) {
      const { p, error, weight, dead, shape } = step;
      const heuristic = Math.floor(shape.dOut / 2);
      const { places, unused } = deadPlaces(step, Math.min(heuristic, shape.features), settings);
      const kept = decoderOnly ? detach(relu(places.pre)) : places.pre;
      const decoded = places.decode(where(unused, 0, kept), p.W_dec);
      const predicted = decoderBias ? add(decoded, p.b_dec) : decoded;
      const difference = sub(predicted, detach(neg(error)));
      const scale = min(mul(dead.count, 1 / heuristic), 1);
      return mul(scale, sum(mul(mul(difference, difference), weight), [0, 1]));
    },
  };
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
