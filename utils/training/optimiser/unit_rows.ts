/**
 * Rows of unit norm, as sparse autoencoders and transcoders keep their decoders (Bricken et al. 2023):
 *
 *   before the step:  g ← g − (g·w) w     the part of the gradient that would only change a row's norm
 *   after it:         w ← w / ‖w‖₂        row by row; a row of zeros stays as it is
 */
import { div, max, mul, sqrt, sub, sum } from "../../onnx/mod.ts";
import { oneTerm, type OptimiserPart } from "./part.ts";

/** Squared norms below this count as zero. */
const SMALLEST = 2 ** -100;

/**
 * Removes from the updates of some parameters what is parallel to their rows, which must have unit norm.
 * Put it first in the chain, where updates are gradients.
 * @param names parameters `[rows, width]`
 */
export function tangentToRows(names: readonly string[]): OptimiserPart {
  return {
    separate: names,
    apply: ({ blocks, parameters, updates }) => ({
      updates: updates.map((update, i) => {
        if (!names.includes(blocks[i].name)) return update;
        const { value, factor } = oneTerm(update);
        const w = parameters[i];
        return [{ value: sub(value, mul(sum(mul(value, w), [-1], true), w)), factor }];
      }),
    }),
  };
}

/**
 * Divides every row of some parameters by its norm after each step.
 * @param names parameters `[rows, width]`
 */
export function unitRows(names: readonly string[]): OptimiserPart {
  return {
    separate: names,
    after(_, next) {
      const squared = sum(mul(next, next), [-1], true);
      return div(next, sqrt(max(squared, SMALLEST)));
    },
  };
}
