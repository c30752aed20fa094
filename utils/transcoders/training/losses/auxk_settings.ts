/** Settings of AuxK (`auxk.ts`). */

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
