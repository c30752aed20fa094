/** The outputs of all sources in one run: what every node writes. */
import type { F32 } from "../../onnx/mod.ts";

/** Holds the output of every source in one run. */
export interface SourceOutputs {
  /** token embedding, `[N, P, d]` */
  input: F32;
  /** head values of each layer, `[N, P, H, d_head]` */
  z: F32[];
  /** MLP output of each layer, `[N, P, d]` */
  mlp: F32[];
  /** what the norm after attention divides by in each layer, `[N, P, 1]`; in models that have this norm */
  scale?: F32[];
}
