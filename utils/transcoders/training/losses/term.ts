/** What the terms of a coder's loss have in common. */
import type { Feeds, Graph, Value } from "../../../onnx/mod.ts";
import type { NamedValues } from "../../../training/mod.ts";
import type { Activations, Form } from "../activations/mod.ts";
import type { Encoded } from "../encode.ts";
import type { CoderShape } from "../shape.ts";
import type { AuxKSettings } from "./auxk_settings.ts";
import type { Dead } from "./dead.ts";

/** A step as far as it is built when a term is added. */
export interface StepSoFar {
  /** graph of the step */
  g: Graph;
  /** sizes */
  shape: CoderShape;
  /** dense or sparse */
  form: Form;
  /** the parameters, by name */
  p: NamedValues;
  /** the encoder's product */
  encoded: Encoded;
  /** the activations */
  activations: Activations;
  /** ŷ − y, `[rows, d_out]` */
  error: Value;
  /** weight of a squared difference (`reconstruction.ts`) */
  weight: Value;
  /** features that are dead before the step */
  dead: Dead;
}

/** A term of the loss, ready to be built: `coefficient · value`. */
export interface Term {
  /** its name in the log */
  name: string;
  /** its factor */
  coefficient: number;
  /** steps over which the factor rises linearly from 0; default 0 */
  warmUp?: number;
  /** Returns its value before the factor, `[]`. */
  value(step: StepSoFar): Value;
  /** inputs of its own */
  feeds?: Feeds;
  /** how kernels compute it; absent: they cannot */
  kernels?: { kind: "l1" } | { kind: "auxk"; settings: AuxKSettings };
}

/** Returns a term's factor at step `t`, counted from 1; as in SAELens, the first step of a warm-up has 0. */
export function coefficientAt({ coefficient, warmUp = 0 }: Term, t: number): number {
  return warmUp === 0 ? coefficient : coefficient * Math.min(1, (t - 1) / warmUp);
}
