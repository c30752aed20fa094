/** Names the axes of a gradient pass. Its N prompts × K path points form one batch. */
import { productDim, reshape, sum, type Value } from "../../../onnx/mod.ts";

/** Names of the axes of N prompts and of K path points. */
export const PROMPTS = "prompts", POINTS = "points";

/** Batch axis of every value of a pass, `[ROWS, pos, …]`; the points of a prompt are adjacent. */
export const ROWS = productDim([PROMPTS, POINTS]);

/** Returns `[ROWS, pos, …]` as `[N, K, pos, …]`. */
export const perPoint = (v: Value, ...tail: number[]): Value =>
  reshape(v, [PROMPTS, POINTS, v.shape[1], ...tail]);

/** Returns the sum over the path points, `[N, pos, …]`. */
export const overPoints = (v: Value): Value =>
  sum(perPoint(v, ...v.shape.slice(2) as number[]), [1]);
