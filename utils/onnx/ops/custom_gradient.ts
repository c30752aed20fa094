/** What a gradient does in place of the operators' rules: it stops at a value, or follows a rule of the caller's. */
import { type Cotangent, GRADIENT_DOMAIN, type Rule, type Value } from "../graph.ts";

/**
 * Returns a value with the elements of `x` that no gradient passes, whatever its order. It is free at run time: models
 * read `x` in its place.
 * @example
 * ```ts
 * import { detach, gradients, Graph, mul, Session, tensor } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new Graph();
 * const x = g.input("x", [2]);
 * // x · c with c = x held constant: the gradient is c, not 2x.
 * const [dx] = gradients([mul(x, detach(x))], [g.constant([1, 1])], [x]);
 * const session = await Session.compile({ dx });
 * assertEquals([...(await session.run({ x: tensor(Float32Array.of(3, 4), [2]) })).dx.data], [3, 4]);
 * await session.release();
 * ```
 */
export function detach(x: Value): Value {
  return x.graph.add("Detach", [x], x.dtype, x.shape, {}, GRADIENT_DOMAIN);
}

/**
 * Returns a value with the elements of `value` and a gradient of the caller's. The operators that computed `value` are not
 * differentiated: `rule` alone says what flows back, and only into `inputs`. Higher derivatives go through the nodes that
 * the rule makes. Free at run time, as `detach` is.
 *
 * @param inputs what the rule gives gradients for: any values of the graph, whether `value` depends on them or not
 * @param rule the vector–Jacobian product: takes the cotangent of `value` (with its shape) to the cotangents of `inputs`,
 * in their order; undefined where nothing flows back. A cotangent may have axes along which its input broadcasts: it is
 * summed over them. `gradients` calls the rule once for each of its own calls.
 * @throws Error from `gradients` when the rule gives another number of cotangents, or one whose type or shape does not fit
 * its input.
 * @example
 * ```ts
 * import { cast, gradients, Graph, greater, Session, tensor, withGradient } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new Graph();
 * const x = g.input("x", [2]), dy = g.input("dy", [2]);
 * // A step whose gradient is that of the identity: a straight-through estimator.
 * const step = withGradient(cast(greater(x, 0), "float32"), [x], (cotangent) => [cotangent]);
 * const [dx] = gradients([step], [dy], [x]);
 * const session = await Session.compile({ step, dx });
 * const vector = (...elements: number[]) => tensor(Float32Array.from(elements), [2]);
 * const out = await session.run({ x: vector(-1, 5), dy: vector(7, 8) });
 * assertEquals([...out.step.data], [0, 1]);
 * assertEquals([...out.dx.data], [7, 8]);
 * await session.release();
 * ```
 */
export function withGradient(
  value: Value,
  inputs: readonly Value[],
  rule: (cotangent: Value) => readonly Cotangent[],
): Value {
  const ofNode: Rule = (_, [g]) => {
    const given = rule(g!);
    if (given.length !== inputs.length) {
      throw new Error(
        `withGradient: the rule for ${value} gave ${given.length} cotangents for ${inputs.length} inputs`,
      );
    }
    given.forEach((cotangent, i) => {
      if (!cotangent || fits(cotangent, inputs[i])) return;
      throw new Error(`withGradient: the rule gave ${cotangent} as the cotangent of ${inputs[i]}`);
    });
    return [undefined, ...given];
  };
  const outputs = [{ dtype: value.dtype, shape: value.shape }];
  const all = [value, ...inputs];
  return value.graph.addMany("WithGradient", all, outputs, {}, GRADIENT_DOMAIN, ofNode)[0];
}

/** Whether a cotangent has the type of its input and a shape that the input broadcasts to. */
function fits({ dtype, shape, rank }: Value, input: Value): boolean {
  const lead = rank - input.rank;
  return dtype === input.dtype && lead >= 0 &&
    input.shape.every((dim, i) => dim === 1 || dim === shape[lead + i]);
}
