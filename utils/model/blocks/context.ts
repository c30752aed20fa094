/** Holds what every part of a block needs while its graph is built: shapes, hook points, shared inputs. */
import type { Dim, Value } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { HookPoints } from "./hooks.ts";

/** Inputs that all layers of a run share. */
export interface SequenceInputs {
  /** additive causal mask `[pos, past+pos]` */
  mask: Value;
  /** cosines of the rotary angles `[pos, rotaryDims/2]`; GPT-NeoX only */
  cos?: Value;
  /** sines of the rotary angles `[pos, rotaryDims/2]`; GPT-NeoX only */
  sin?: Value;
}

/** Each head's copies of the residual stream, heads first: `[H, batch, pos, d]`. */
export interface HeadInputs {
  /** copies that the queries are computed from */
  q: Value;
  /** copies that the keys are computed from */
  k: Value;
  /** copies that the values are computed from */
  v: Value;
}

/** Rotated keys, and values, of earlier positions. */
export interface KeysValues {
  /** keys `[batch, H, past, d_head]` */
  k: Value;
  /** values `[batch, H, past, d_head]` */
  v: Value;
  /** number K of consecutive batch items that share one past, whose first axis is then batch/K; default: none share */
  sharedBy?: Dim;
}

/** Shapes and hook points, for the parts of a block that do not mix positions. */
export interface LayerContext {
  /** sizes and variants of the model */
  config: ModelConfig;
  /** hook points of the block */
  hooks: HookPoints;
}

/** What a whole block needs. With a `past` the given positions are a suffix. */
export interface BlockContext extends LayerContext {
  /** causal mask and rotary tables */
  sequence: SequenceInputs;
  /** keys and values that the positions continue after */
  past?: KeysValues;
}
