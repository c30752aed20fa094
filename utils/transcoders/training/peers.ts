/**
 * The objectives of the field's trainers as settings of {@link coderObjective}. Each gives the peer's losses and gradients;
 * where the peer has a defect, the corrected form is the default and the peer's has a flag.
 *
 *   reluL1          transcoder_circuits: ReLU, mse divided by the target's norm, L1, ghost gradients
 *   saelensTopK     SAELens: TopK or BatchTopK ordered by decoder norm, summed squares, AuxK
 *   saelensJumpRelu SAELens: JumpReLU, summed squares, L0 penalty, optional pre-activation loss
 *   sparsifyTopK    sparsify: TopK, fraction of variance unexplained, AuxK
 */
import type { Form } from "./activations/mod.ts";
import type { CoderObjectiveSettings } from "./coder_objective.ts";
import { auxK, type Coefficient, ghost, l0, l1, preAct, type Term } from "./losses/mod.ts";
import type { CoderShape } from "./shape.ts";

/** What all objectives have in common. */
export interface PeerSettings {
  /** sizes and optional tensors */
  shape: CoderShape;
  /** steps without firing after which a feature counts as dead */
  deadAfter: number;
  /** default sparse */
  form?: Form;
  /** further terms */
  terms?: readonly Term[];
}

/** ReLU + L1 as in transcoder_circuits; train with unit decoder rows (`coderOptimiser`). */
export function reluL1(
  { shape, deadAfter, form, terms = [], sparsity, ghosts = false }: PeerSettings & {
    /** the L1 coefficient */
    sparsity: Coefficient;
    /** adds ghost gradients */
    ghosts?: boolean;
  },
): CoderObjectiveSettings {
  return {
    shape,
    form,
    activation: { kind: "relu" },
    reconstruction: "relative",
    terms: [l1(sparsity), ...ghosts ? [ghost()] : [], ...terms],
    dead: { after: deadAfter },
  };
}

/** TopK or BatchTopK with AuxK as in SAELens; train with clipping to norm 1. */
export function saelensTopK(
  { shape, deadAfter, form, terms = [], k, batch = false, ...settings }: PeerSettings & {
    /** active features per row; of a BatchTopK coder, their mean */
    k: number;
    /** chooses the k·rows largest of the batch */
    batch?: boolean;
    /** factor of AuxK; default 1 */
    auxCoefficient?: number;
    /** orders by `pre·‖W_dec[f]‖`; default true */
    byDecoderNorm?: boolean;
    /** lets AuxK count `b_dec` twice, as SAELens before 6.36.2 did */
    auxDecoderBias?: boolean;
  },
): CoderObjectiveSettings {
  const { auxCoefficient = 1, byDecoderNorm = true, auxDecoderBias: decoderBias } = settings;
  return {
    shape,
    form,
    activation: { kind: batch ? "batchtopk" : "topk", k, byDecoderNorm },
    reconstruction: "squared",
    terms: [auxK({ coefficient: auxCoefficient, byDecoderNorm, decoderBias }), ...terms],
    dead: { after: deadAfter },
  };
}

/** JumpReLU with an L0 penalty as in SAELens; train with clipping to norm 1. */
export function saelensJumpRelu(
  { shape, deadAfter, form, terms = [], bandwidth, sparsity, tanhScale, preActCoefficient }:
    & PeerSettings
    & {
      /** width of the rectangle that stands for the Dirac impulse */
      bandwidth: number;
      /** the L0 coefficient */
      sparsity: Coefficient;
      /** the smooth penalty tanh(scale · a · n); without it the step */
      tanhScale?: number;
      /** factor of the pre-activation loss on dead features; default none */
      preActCoefficient?: number;
    },
): CoderObjectiveSettings {
  return {
    shape: { ...shape, threshold: true },
    form,
    activation: { kind: "jumprelu", bandwidth },
    reconstruction: "squared",
    terms: [
      l0(sparsity, tanhScale),
      ...preActCoefficient === undefined ? [] : [preAct(preActCoefficient)],
      ...terms,
    ],
    dead: { after: deadAfter },
  };
}

/** TopK with AuxK as in sparsify, which asks for neither clipping nor unit rows when it trains transcoders. */
export function sparsifyTopK(
  { shape, form, terms = [], k, deadAfterTokens, auxAlpha = 0, asWritten = false }:
    & Omit<PeerSettings, "deadAfter">
    & {
      /** active features per row */
      k: number;
      /** tokens without firing after which a feature counts as dead */
      deadAfterTokens: number;
      /** factor of AuxK; default 0: none */
      auxAlpha?: number;
      /** AuxK as sparsify writes it: it counts `b_dec` twice and gives the encoder no gradient */
      asWritten?: boolean;
    },
): CoderObjectiveSettings {
  const aux = auxK({ coefficient: auxAlpha, decoderBias: asWritten, decoderOnly: asWritten });
  return {
    shape,
    form,
    activation: { kind: "topk", k },
    reconstruction: "fvu",
    terms: [...auxAlpha > 0 ? [aux] : [], ...terms],
    dead: { after: deadAfterTokens / shape.rows, fired: "chosen" },
  };
}
