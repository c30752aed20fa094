/** Gradient rules of gather and scatter: each is the other's. */
import type { Cotangent, Node, Rule, Value } from "../graph.ts";
import { cast, expand, gatherElements, reshape, scatterAdd } from "../ops/mod.ts";
import { productDim } from "../shapes.ts";
import { one, zerosLike } from "./rule.ts";

/**
 * Adds rows element by element: ScatterElements runs on one thread, while ScatterND adds rows from several at once
 * and loses updates where indices repeat.
 */
function gatherRule(g: Value, node: Node, x: Value, indices: Value): Cotangent[] {
  const axis = node.attributes.axis as number;
  // The axes before the gathered one and those after it count as one each; an outer one of length 1 is left out.
  const outer = axis === 0 ? [] : [productDim(x.shape.slice(0, axis))];
  const inner = productDim(x.shape.slice(axis + 1)), rows = productDim(indices.shape);
  const all = [...outer, rows, inner];
  const column = [...outer.map(() => 1), rows, 1];
  const ids = expand(reshape(cast(indices, "int64"), column), all);
  const zeros = expand(x.graph.constant(0, [], x.dtype), [...outer, x.shape[axis], inner]);
  const added = scatterAdd(zeros, ids, reshape(g, all), outer.length);
  return [reshape(added, x.shape), undefined];
}

/** Rules of operators that take elements at indices, or put them back. */
export const INDEXING_RULES: Record<string, Rule> = {
  Gather: one(gatherRule),
  GatherElements: one((g, n, x, indices) => [
    scatterAdd(zerosLike(x), indices, g, n.attributes.axis as number),
    undefined,
  ]),
  ScatterElements: one((g, n, _, indices) => [
    g,
    undefined,
    gatherElements(g, indices, n.attributes.axis as number),
  ]),
};
