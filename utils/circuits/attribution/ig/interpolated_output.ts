/**
 * Moves the output of one component along the path, for EAP-IG-activations. At path point α the output is
 *
 *   clean + (1 − α)(corrupted − clean)
 *
 * A splice puts it at the heads' z or at the MLP's output; where a norm follows attention, at the output of that norm, whose
 * parts are the heads' shares. The splice does not read the computed output, so no gradient flows into it.
 */
import { add, type Feeds, mul, reshape, sub, type Tensor, unsqueeze } from "../../../onnx/mod.ts";
import {
  type BlockHook,
  defineSplice,
  type ModelConfig,
  POS,
  type Splice,
  spliceFeed,
  type SpliceScope,
} from "../../../model/mod.ts";
import { POINTS, PROMPTS, ROWS } from "./path_axes.ts";

/** Names the output of a block that moves along the path. */
export type MovingOutput = "attention" | "mlp";

const define = defineSplice(
  "interpolated-output",
  ({ point, axes }: { point: BlockHook; axes: number[] }) => ({
    weights: {
      clean: [PROMPTS, POS, ...axes],
      corrupted: [PROMPTS, POS, ...axes],
      one_minus_alpha: [POINTS],
    },
    at: {
      [point]: (_: unknown, { weights }: SpliceScope) => {
        const [clean, corrupted] = [weights.clean, weights.corrupted].map((v) => unsqueeze(v, 1));
        const rest = reshape(weights.one_minus_alpha, [1, POINTS, 1, ...axes.map(() => 1)]);
        const value = add(clean, mul(rest, sub(corrupted, clean)));
        return reshape(value, [ROWS, POS, ...axes]);
      },
    },
  }),
);

/** Returns the splice that moves an output of a block. */
export function interpolatedOutput(config: ModelConfig, moving: MovingOutput): Splice {
  if (moving === "mlp") return define({ point: "hook_mlp_out", axes: [config.dModel] });
  return config.llama?.postNorm
    ? define({ point: "hook_attn_out", axes: [config.dModel] })
    : define({ point: "attn.hook_z", axes: [config.nHeads, config.dHead] });
}

/** Returns the feeds of {@link interpolatedOutput}: both ends `[N, P, …]` and 1 − α of every point `[K]`. */
export function interpolationFeeds(
  splice: Splice,
  ends: { clean: Tensor; corrupted: Tensor; one_minus_alpha: Tensor },
): Feeds {
  return Object.fromEntries(
    Object.entries(ends).map(([name, value]) => [spliceFeed(splice.name, name), value]),
  );
}
