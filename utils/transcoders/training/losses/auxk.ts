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
  detach,
  gather,
  min,
  mul,
  neg,
  relu,
  sub,
  sum,
  topK,
  type Value,
  where,
} from "../../../onnx/mod.ts";
import { densePlaces, groupedPlaces, mark, type Places } from "../activations/mod.ts";
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
      const { places, used } = deadPlaces(step, Math.min(heuristic, shape.features), settings);
      const kept = decoderOnly ? detach(relu(places.pre)) : places.pre;
      const decoded = places.decode(where(used, kept, 0), p.W_dec);
      const predicted = decoderBias ? add(decoded, p.b_dec) : decoded;
      const difference = sub(predicted, detach(neg(error)));
      const scale = min(mul(dead.count, 1 / heuristic), 1);
      return mul(scale, sum(mul(mul(difference, difference), weight), [0, 1]));
    },
  };
}

/** The places of the k largest among the dead; where fewer are dead, `used` is false at the places that fill up. */
function deadPlaces(
  { form, encoded, p, dead, shape }: StepSoFar,
  k: number,
  { byDecoderNorm }: AuxKSettings,
): { places: Places; used: Value } {
  const score = byDecoderNorm ? mul(encoded.pre, rowNorms(p.W_dec)) : encoded.pre;
  const { indices } = topK(where(dead.mask, score, LAST), k);
  const used = gather(dead.mask, indices);
  if (form === "sparse") return { places: groupedPlaces(encoded, indices), used };
  const chosen = mark([shape.rows, shape.features], indices, 1, used);
  return { places: densePlaces(encoded, chosen), used: chosen };
}
