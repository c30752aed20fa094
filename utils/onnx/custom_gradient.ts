/** What a gradient does in place of the operators' rules: it stops at a value, or follows a rule of the caller's. */
import { GRADIENT_DOMAIN, type Value } from "./graph.ts";

/**
 * Returns a value with the elements of `x` that no gradient passes, whatever its order. It is free at run time: models
 * read `x` in its place.
 */
export function detach(x: Value): Value {
  return x.graph.add("Detach", [x], x.dtype, x.shape, {}, GRADIENT_DOMAIN);
}
