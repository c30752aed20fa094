/** What a gradient does in place of the operators' rules: it stops at a value, or follows a rule of the caller's. */
import { type Cotangent, GRADIENT_DOMAIN, type Rule, type Value } from "./graph.ts";

/**
 * Returns a value with the elements of `x` that no gradient passes, whatever its order. It is free at run time: models
 * read `x` in its place.
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
