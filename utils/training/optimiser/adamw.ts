/** AdamW with clipping (Loshchilov & Hutter 2019): the chain that most models are trained with. */
import type { TensorSpec } from "../parameters.ts";
import { type AdamSettings, scaleByAdam } from "./adam.ts";
import { clipByGlobalNorm, type ClipOptions } from "./clip.ts";
import { decayWeights } from "./decay.ts";
import { chain, type Optimiser } from "./part.ts";
import { scaleByRate } from "./rate.ts";

/** Settings of AdamW. */
export interface AdamWSettings extends AdamSettings, ClipOptions {
  /** largest global norm of the gradient */
  clip: number;
  /** the decay λ of a parameter, multiplied by the learning rate */
  decay: (spec: TensorSpec) => number;
  /** the learning rate of step `t`, counted from 1 */
  rate: (t: number) => number;
}

/** Returns clipping, Adam, decoupled weight decay and learning rate as one chain. */
export function adamW({ clip, joined, decay, rate, ...adam }: AdamWSettings): Optimiser {
  return chain(
    clipByGlobalNorm(clip, { joined }),
    scaleByAdam(adam),
    decayWeights(decay),
    scaleByRate(rate),
  );
}
