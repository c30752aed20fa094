/** What the rules of all families are written with. */
import type { Cotangent, Node, Rule, Value } from "../graph.ts";
import { expand } from "../ops/mod.ts";

/** Makes a rule for operators with one output: its cotangent exists whenever the rule is called. */
export const one =
  (rule: (g: Value, node: Node, ...inputs: Value[]) => Cotangent[]): Rule => (node, [g]) =>
    rule(g!, node, ...node.inputs);

/** Returns the first output of a node. */
export const out = (node: Node): Value => node.outputs[0];

/** Returns the elements of a constant of integers, such as axes. */
export const ints = (v: Value): number[] => Array.from(v.data as BigInt64Array, Number);

/** Returns zeros of the type and shape of `x`. */
export function zerosLike(x: Value): Value {
  return expand(x.graph.constant(0, [], x.dtype), x.shape);
}
