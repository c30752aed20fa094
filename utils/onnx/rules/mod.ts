/**
 * The table of differentiation: for each operator, how cotangents of its outputs become cotangents of its inputs.
 *
 * A rule receives the node and the cotangents of its outputs (undefined where nothing flows back) and returns one
 * cotangent per input, undefined where the input is not differentiable (indices, shapes, conditions). A cotangent may have
 * the shape that its input was broadcast to: `gradients` sums it back. All rules are vector–Jacobian products written
 * with the forward operators, so a gradient is again an ONNX graph.
 */
import type { Rule } from "../graph.ts";
import { ELEMENTWISE_RULES } from "./elementwise.ts";
import { INDEXING_RULES } from "./indexing.ts";
import { LAYOUT_RULES } from "./layout.ts";
import { MATRIX_RULES } from "./matrix.ts";
import { REDUCE_RULES } from "./reduce.ts";
import { WHOLE_ROW_RULES } from "./whole_rows.ts";

export { zerosLike } from "./rule.ts";

/** The families of the table, one file each, as in `ops/`. */
export const RULE_FAMILIES: readonly Readonly<Record<string, Rule>>[] = [
  ELEMENTWISE_RULES,
  MATRIX_RULES,
  REDUCE_RULES,
  WHOLE_ROW_RULES,
  LAYOUT_RULES,
  INDEXING_RULES,
];

/** Gradient rules by ONNX operator. */
export const GRADIENT_RULES: Readonly<Record<string, Rule>> = Object.fromEntries(
  RULE_FAMILIES.flatMap((family) => Object.entries(family)),
);
