/** Gradient rules of reductions and of the k largest. */
import type { Cotangent, Dim, Node, Rule, Value } from "../graph.ts";
import { cast, div, equal, expand, mul, reshape, scatterAdd, sum } from "../ops/mod.ts";
import { ints, one, out, zerosLike } from "./rule.ts";

/** Returns the shape of a reduction's input, the reduced axes with length 1. */
function keptShape(node: Node): Dim[] {
  const axes = ints(node.inputs[1]);
  return node.inputs[0].shape.map((dim, i) => axes.includes(i) ? 1 : dim);
}

/** Puts a reduced cotangent back over the reduced axes. */
const unreduce = (g: Value, node: Node): Value =>
  expand(reshape(g, keptShape(node)), node.inputs[0].shape);

/**
 * Returns the number of elements that a mean is taken over.
 * @throws Error when the length of an axis is symbolic.
 */
function reducedCount(node: Node): number {
  return ints(node.inputs[1]).reduce((count, axis) => {
    const dim = node.inputs[0].shape[axis];
    if (typeof dim !== "number") {
      throw new Error(`ReduceMean over symbolic axis "${dim}" has no gradient rule`);
    }
    return count * dim;
  }, 1);
}

/** Splits the cotangent of a maximum evenly among the elements that equal it. */
function maximumRule(g: Value, node: Node, x: Value): Cotangent[] {
  const kept = keptShape(node);
  const chosen = cast(equal(x, reshape(out(node), kept)), g.dtype);
  return [mul(chosen, div(reshape(g, kept), sum(chosen, ints(node.inputs[1]), true)))];
}

/** Rules of operators that make an axis shorter. */
export const REDUCE_RULES: Record<string, Rule> = {
  ReduceSum: one((g, n) => [unreduce(g, n)]),
  ReduceMean: one((g, n) => [unreduce(mul(g, 1 / reducedCount(n)), n)]),
  ReduceMax: one(maximumRule),
  TopK: ({ inputs: [x], outputs: [, indices], attributes }, [g]) => [
    g && scatterAdd(zerosLike(x), indices, g, attributes.axis as number),
    undefined,
  ],
};
