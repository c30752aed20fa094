/**
 * Runs layer 0 of a parallel model along EAP-IG's path (identity 4: where the input stands still).
 *
 * The input moves only where clean and corrupted tokens differ, at the first C positions of the suffix. Layer 0 reads
 * only the input. After position C its LayerNorms, its q, k, v before attention and its MLP are therefore the same at
 * every path point, and run once per prompt. The only source before its destinations is the input, with D = 0 after C,
 * so their gradients are needed only at the first C positions.
 *
 *  1. Compute q, k, v and x + MLP(x): per path point at the C positions, once at the others.
 *  2. Run attention over all positions.
 *  3. Go backward through attention to q, k and v of the C positions, and through the MLP at the C positions.
 *
 * Sequential models use `ig_layer.ts`: their MLP reads what attention writes, and that moves everywhere.
 */
import {
  add,
  concat,
  expand,
  gradients,
  type Graph,
  identity,
  mul,
  reshape,
  sub,
  sum,
  unsqueeze,
  type Value,
} from "../../../onnx/mod.ts";
import {
  attend,
  type BlockContext,
  declareWeights,
  headOutputs,
  HookPoints,
  mlp,
  packedProjections,
  POS,
  unpackedHeadFirst,
} from "../../../model/mod.ts";
import { headConstants, headGradients, headSums } from "./destination_gradients.ts";
import { pastInputs } from "./ig_block.ts";
import { overPoints, POINTS, PROMPTS, ROWS } from "./path_axes.ts";
import type { IgLayer } from "./ig_layer.ts";

/** Names the axes of the positions whose input moves and of those after them. */
const MOVING = "moving", STILL = "still";

/**
 * Adds layer 0 to a graph. It reads the feeds `x_moving` `[N, K, C, d]` and `x_still` `[N, P − C, d]`. Its `gradients`
 * `[N, 3H+1, C, d]` and `at_input` `[N, C, d]` cover only the moving positions.
 */
export function igFirstLayer(
  g: Graph,
  { config, sequence }: Pick<BlockContext, "config" | "sequence">,
  { past: hasPast }: { past: boolean },
): IgLayer {
  const d = config.dModel;
  const moving = reshape(g.input("x_moving", [PROMPTS, POINTS, MOVING, d]), [ROWS, MOVING, d]);
  const still = g.input("x_still", [PROMPTS, STILL, d]);
  const weights = declareWeights(g, config, 0);
  const past = hasPast ? pastInputs(g, config, 0) : undefined;

  const context = { config, sequence, hooks: new HookPoints({}), past };
  const once = { config, hooks: new HookPoints({}, "still.") };
  const qkv = packedProjections(moving, weights, context);
  const qkvStill = packedProjections(still, weights, once);
  const [q, k, v] = unpackedHeadFirst(
    { ...qkv, value: joined(qkv.value, qkvStill.value) },
    past,
  );
  const { z } = attend({ q, k, v }, context);
  const [mlpIn, through] = [identity(moving), identity(moving)];
  const passed = joined(
    add(through, mlp(mlpIn, weights, context)),
    add(still, mlp(still, weights, once)),
  );
  const output = add(passed, headOutputs(z, weights, context));

  const saved: Record<string, Value> = Object.fromEntries(context.hooks.saved);
  saved["saved:qkv"] = qkv.value;
  const [mean, inverse] = [saved["saved:ln1.mean"], saved["saved:ln1.inverse"]];

  const backward = (cotangent: Value) => {
    const flowing = reshape(cotangent, [ROWS, POS, d]);
    const wrt = [qkv.value, mlpIn, through];
    const [dQkv, dMlpIn, dThrough] = gradients([output], [flowing], wrt);
    const along = sum(mul(dQkv, sub(qkv.value, headConstants(weights, config))), [-1]);
    const sums = headSums({ x: moving, mean, inverse, qkv: dQkv, along });
    const all = concat(
      [headGradients(sums, weights, config), unsqueeze(overPoints(dMlpIn), 1)],
      1,
    );
    const atOutputs = sum(cotangent, [1]);
    return {
      gradients: all,
      at_mlp: atOutputs,
      at_heads: atOutputs,
      at_input: add(overPoints(dThrough), sum(all, [1])),
    };
  };
  return { residual: output, saved, backward };
}

/** Joins moving positions `[ROWS, C, …]` and still positions `[N, P − C, …]`, repeated per path point: `[ROWS, P, …]`. */
function joined(moving: Value, still: Value): Value {
  const tail = still.shape.slice(2);
  const repeated = expand(unsqueeze(still, 1), [PROMPTS, POINTS, STILL, ...tail]);
  const all = concat([moving, reshape(repeated, [ROWS, STILL, ...tail])], 1);
  return reshape(all, [ROWS, POS, ...tail]);
}
