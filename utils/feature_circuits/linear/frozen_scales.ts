/**
 * The LayerNorm scales that gradients hold fixed. A coder that reads the bare normalised vector divides by the scale itself, and
 * no gradient passes a LayerNorm's statistics on that way. So its scale is frozen, as in an attribution graph. Coders that read
 * the input of the MLP as it is, or the stream, need none of this.
 */
import { hookName } from "../../model/mod.ts";
import { type Coder, readsBare } from "../../transcoders/mod.ts";

/** Returns the hook points of the scales to freeze for these coders. */
export function frozenScales(coders: readonly Coder[]): string[] {
  return coders.filter(readsBare).map(({ config }) => hookName(config.layer, "ln2.hook_scale"));
}
