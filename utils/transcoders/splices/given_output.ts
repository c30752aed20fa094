/** A splice that puts given values in the place of a coder's output, whatever the block computes. */
import type { F32, Value } from "../../onnx/mod.ts";
import { BATCH, defineSplice, POS, type SplicedLayer, type SpliceScope } from "../../model/mod.ts";
import type { CoderConfig } from "../coder.ts";
import { blockPoint, type CoderPoint, coderPoints, replacedValue } from "./coder_hooks.ts";

const given = defineSplice(
  "given_output",
  ({ output, width }: { output: CoderPoint; width: number }) => ({
    weights: { made: [BATCH, POS, width], positions: [BATCH, POS, 1] },
    at: {
      [blockPoint(output)]: (computed: Value, { weights: { made, positions } }: SpliceScope) =>
        replacedValue(output, computed, made, positions),
    },
  }),
);

/**
 * Returns a splice that gives a coder's output.
 * @param made values in the place of the coder's output, `[batch, pos, d_out]`
 * @param positions 1 where they take the place of the block's own value, else 0, `[batch, pos, 1]`
 * @throws Error naming a hook point that no coder can have.
 */
export function givenSplice(config: CoderConfig, made: F32, positions: F32): SplicedLayer {
  const { output } = coderPoints(config);
  return {
    layer: config.layer,
    splice: given({ output, width: config.dOut }),
    weights: { made, positions },
  };
}
