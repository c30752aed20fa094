/** The outputs of all sources in one run: what every node writes. */
import type { F32, Feeds } from "../../onnx/mod.ts";

/** hook point of what the norm after attention divides by */
export const SCALE = "ln1_post.hook_scale";

/** Holds the output of every source in one run. */
export interface SourceOutputs {
  /** token embedding, `[N, P, d]` */
  input: F32;
  /** head values of each layer, `[N, P, H, d_head]` */
  z: F32[];
  /** MLP output of each layer, `[N, P, d]` */
  mlp: F32[];
  /**
   * what the norm after attention divides by in each layer, `[N, P, 1]`, in models that have this norm; under an intervention
   * with zeros or means, what the replacement is divided by
   */
  scale?: F32[];
}

/** Returns the feed of what the norm after attention of a layer divides by in a run; none in models without this norm. */
export const scaleFeed = ({ scale }: SourceOutputs, layer: number): Feeds =>
  scale ? { corrupted_scale: scale[layer] } : {};
