/** What travels with every part of a block while its graph is built. */
import type { Dim, Value } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { HookPoints } from "./hooks.ts";

/** Inputs that all layers of a run share. */
export interface SequenceInputs {
  /** additive causal mask `[pos, past+pos]` */
  mask: Value;
  /** rotary tables `[pos, rotaryDims/2]`, for GPT-NeoX */
  cos?: Value;
  sin?: Value;
}

/** Keys, after rotation, and values of earlier positions. */
export interface KeysValues {
  /** `[batch, H, past, d_head]` */
  k: Value;
  v: Value;
  /** number of consecutive items of the run's batch that share one of these; default 1 */
  sharedBy?: Dim;
}

/** What the parts of a block read that do not mix positions: its shapes and its hook points. */
export interface LayerContext {
  config: ModelConfig;
  hooks: HookPoints;
}

/** What a whole block reads; with a `past` the positions given are a suffix. */
export interface BlockContext extends LayerContext {
  sequence: SequenceInputs;
  past?: KeysValues;
}
