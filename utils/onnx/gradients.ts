/**
 * Reverse-mode differentiation of a graph.
 *
 *  1. Mark the values that depend on a value of `wrt`, walking forward. A detached value depends on nothing, and neither
 *     does one that is not a floating-point number (a comparison, an index). A value with a gradient of its own depends on
 *     the inputs that its rule names.
 *  2. Walk the nodes that compute them backward from `outputs`, adding up the cotangents of every value over its uses, and
 *     apply the node's own rule, or the operator's from the table. Sum a cotangent back over the axes along which the input
 *     was broadcast.
 *  3. The cotangent of each `wrt` value is its gradient.
 *
 * The result is more nodes in the same graph: forward, backward and whatever is computed from both are one graph, and
 * `model.ts` cuts out the part that a session should run.
 */
import { GRADIENT_DOMAIN, type Node, type Shape, type Value } from "./graph.ts";
import { add, reshape, sum } from "./ops/mod.ts";
import { GRADIENT_RULES, zerosLike } from "./rules/mod.ts";

/**
 * Returns the gradients of `Σᵢ ⟨outputs[i], cotangents[i]⟩` with respect to each value of `wrt` (inputs or inner values),
 * with the shapes of those values. A value that no output depends on gets zeros.
 * @param cotangents one for each output, with its shape and type
 * @throws Error naming the operator that does not have a rule.
 * @example
 * ```ts
 * import { gradients, Graph, mul, Session, tensor } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new Graph();
 * const x = g.input("x", [3]), dy = g.input("dy", [3]);
 * const cube = mul(x, mul(x, x));
 * const [slope] = gradients([cube], [dy], [x]);
 * const [curvature] = gradients([slope], [dy], [x]);
 * const session = await Session.compile({ slope, curvature });
 * const vector = (...elements: number[]) => tensor(Float32Array.from(elements), [3]);
 * const out = await session.run({ x: vector(1, 2, 3), dy: vector(1, 1, 1) });
 * assertEquals([...out.slope.data], [3, 12, 27]);
 * assertEquals([...out.curvature.data], [6, 12, 18]);
 * await session.release();
 * ```
 */
export function gradients(
  outputs: readonly Value[],
  cotangents: readonly Value[],
  wrt: readonly Value[],
): Value[] {
  if (outputs.length !== cotangents.length) {
    throw new Error(`${outputs.length} outputs but ${cotangents.length} cotangents`);
  }
  const graph = outputs[0].graph;
  const active = dependents(graph.nodes, wrt);
  const flowing = new Map<Value, Value>();
  const accumulate = (value: Value, g: Value) => {
    const sofar = flowing.get(value);
    flowing.set(value, sofar ? add(sofar, g) : g);
  };
  outputs.forEach((output, i) => accumulate(output, cotangents[i]));
  const last = Math.max(-1, ...outputs.map((o) => o.node?.id ?? -1));
  for (let id = last; id >= 0; id--) {
    const node = graph.nodes[id];
    const incoming = node.outputs.map((o) => flowing.get(o));
    if (!incoming.some(Boolean) || !sources(node).some((v) => active.has(v))) continue;
    const rule = node.rule ?? GRADIENT_RULES[node.op];
    if (!rule) {
      throw new Error(`operator ${node.op} has no gradient rule (needed for ${node.outputs[0]})`);
    }
    rule(node, incoming).forEach((g, i) => {
      if (g && active.has(node.inputs[i])) {
        accumulate(node.inputs[i], unbroadcast(g, node.inputs[i].shape));
      }
    });
  }
  return wrt.map((value) => flowing.get(value) ?? zerosLike(value));
}

/** Sums a cotangent over the axes along which `shape` was broadcast. */
function unbroadcast(g: Value, shape: Shape): Value {
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((dim, i) =>
    i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []
  );
  return axes.length === 0 ? g : reshape(sum(g, axes, true), shape);
}

/** The inputs of a node that a gradient may flow back into. */
function sources(node: Node): readonly Value[] {
  return node.domain === GRADIENT_DOMAIN ? node.inputs.slice(1) : node.inputs;
}

/** Returns the values that depend on `roots` in a way that a gradient can follow, `roots` included. */
function dependents(nodes: readonly Node[], roots: readonly Value[]): Set<Value> {
  const found = new Set<Value>(roots);
  for (const node of nodes) {
    if (!sources(node).some((v) => found.has(v))) continue;
    for (const output of node.outputs) if (output.dtype.startsWith("float")) found.add(output);
  }
  return found;
}
