/** Gradient rules of operators that arrange elements. */
import type { Cotangent, Node, Rule, Value } from "../graph.ts";
import { add, concat, expand, matmul, reshape, split, swapLast, transpose } from "../ops/mod.ts";
import { ints, one, zerosLike } from "./rule.ts";

/**
 * Orders the axes of a cotangent. A matrix product whose last two axes are exchanged is computed so, (A·B)ᵀ = Bᵀ·Aᵀ, which
 * moves nothing.
 */
function moved(g: Value, perm: readonly number[]): Value {
  const exchanged = perm.every((p, i) => p === (i < g.rank - 2 ? i : 2 * g.rank - 3 - i));
  if (!exchanged || g.node?.op !== "MatMul") return transpose(g, perm);
  const [a, b] = g.node.inputs;
  return matmul(swapLast(b), swapLast(a));
}

function sliceRule(
  g: Value,
  _: Node,
  x: Value,
  start: Value,
  end: Value,
  axes: Value,
): Cotangent[] {
  const [from, to, axis] = [ints(start)[0], ints(end)[0], ints(axes)[0]];
  const length = x.shape[axis] as number;
  const zeros = (n: number) => expand(x.graph.constant(0, [], x.dtype), x.shape.with(axis, n));
  const parts = [
    ...(from > 0 ? [zeros(from)] : []),
    g,
    ...(to < length ? [zeros(length - to)] : []),
  ];
  return [concat(parts, axis)];
}

const splitRule: Rule = (node, cotangents) => {
  const parts = cotangents.map((g, i) => g ?? zerosLike(node.outputs[i]));
  return [concat(parts, node.attributes.axis as number)];
};

function concatRule(g: Value, node: Node, ...inputs: Value[]): Cotangent[] {
  const axis = node.attributes.axis as number;
  const sizes = inputs.map((v) => v.shape[axis]);
  if (sizes.every((n) => typeof n === "number")) return split(g, axis, sizes as number[]);
  // Symbolic lengths: each part is cut out by itself, because a model that wants one part may not know the other lengths.
  const lengths = inputs.map((v) => v.graph.shapeVector([v.shape[axis]]));
  const total = g.graph.shapeVector([g.shape[axis]]);
  const vector = (n: number) => g.graph.constant([n], [1], "int64");
  let start = vector(0);
  return inputs.map((v, i) => {
    const end = i === inputs.length - 1 ? total : add(start, lengths[i]);
    const part = g.graph.add("Slice", [g, start, end, vector(axis)], g.dtype, v.shape);
    start = end;
    return part;
  });
}

/** Rules of operators that arrange elements without computing. */
export const LAYOUT_RULES: Record<string, Rule> = {
  Reshape: one((g, _, x) => [reshape(g, x.shape)]),
  Squeeze: one((g, _, x) => [reshape(g, x.shape)]),
  Unsqueeze: one((g, _, x) => [reshape(g, x.shape)]),
  Transpose: one((g, n) => {
    const perm = n.attributes.perm as number[];
    return [moved(g, perm.map((_, i) => perm.indexOf(i)))];
  }),
  Expand: one((g) => [g]),
  Slice: one(sliceRule),
  Split: splitRule,
  Concat: one(concatRule),
};
