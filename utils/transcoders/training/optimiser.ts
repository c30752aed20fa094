/**
 * The optimisers that coders are trained with: Adam, and around it
 *
 *   unit decoder rows   (transcoder_circuits)   tangent gradient → Adam → rate → rows of norm 1
 *   clipping            (SAELens)               clip to a global norm → Adam → rate
 *   neither             (sparsify, transcoding) Adam → rate
 *
 * transcoder_circuits divides rows by their norms at the start of a step, so its saved decoder is that of the last step
 * before the division. Here the division ends a step: the same run, saved with unit rows.
 */
import {
  chain,
  clipByGlobalNorm,
  type Optimiser,
  scaleByAdam,
  scaleByRate,
  tangentToRows,
  unitRows,
} from "../../training/mod.ts";

/** Settings of a coder's optimiser. */
export interface CoderOptimiserSettings {
  /** the learning rate of step `t`, counted from 1 */
  rate(t: number): number;
  /** keeps decoder rows at norm 1; the start must have them there */
  unitDecoder?: boolean;
  /** largest global norm of the gradient; default none */
  clip?: number;
  /** Adam's decays and ε; default 0.9, 0.999, 1e-8 */
  adam?: { beta1: number; beta2: number; epsilon: number };
  /** steps that the moments at the start have been made by; default 0 */
  stepsBefore?: number;
}

/** Returns the chain. */
export function coderOptimiser(
  {
    rate,
    unitDecoder,
    clip,
    adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    stepsBefore = 0,
  }: CoderOptimiserSettings,
): Optimiser {
  const decoder = ["W_dec"];
  const moments = scaleByAdam(adam);
  return chain(
    ...unitDecoder ? [tangentToRows(decoder)] : [],
    ...clip === undefined ? [] : [clipByGlobalNorm(clip)],
    { ...moments, scalars: (t) => moments.scalars!(t + stepsBefore) },
    scaleByRate(rate),
    ...unitDecoder ? [unitRows(decoder)] : [],
  );
}
