/**
 * Clipping by the global norm (Pascanu et al. 2013):
 *
 *   norm = ‖u‖₂ over all parameters,   u ← u · min(1, limit / (norm + 1e-12))
 */
import {
  add,
  cast,
  concat,
  div,
  min,
  mul,
  reshape,
  sqrt,
  sum,
  type Value,
} from "../../onnx/mod.ts";
import { oneTerm, type OptimiserPart, type Term, times } from "./part.ts";

/** How the squares are added up. */
export interface ClipOptions {
  /**
   * Adds all squares up in one float32 sum over the parameters joined in their order. It makes a copy of the gradients,
   * and over millions of elements the sum is off by 1e-4. Default: rows in float32, everything else in float64.
   */
  joined?: boolean;
}

/** Scales updates down to a largest global norm; logs `norm`, the norm before that. */
export function clipByGlobalNorm(
  limit: number,
  { joined = false }: ClipOptions = {},
): OptimiserPart {
  return {
    apply({ updates }) {
      const { terms, factor } = withCommonFactor(updates.map(oneTerm));
      const squares = terms.map(({ value }) => mul(value, value));
      const root = sqrt(joined ? joinedSum(squares) : preciseSum(squares));
      const norm = factor ? mul(root, factor) : root;
      const scale = min(div(limit, add(norm, 1e-12)), 1);
      return {
        updates: terms.map(({ value }) => [{ value, factor: times(scale, factor) }]),
        metrics: { norm },
      };
    },
  };
}

/** Takes the factor that all terms share out of them; terms of different factors are multiplied out. */
function withCommonFactor(terms: readonly Term[]): { terms: readonly Term[]; factor?: Value } {
  const [{ factor }] = terms;
  if (terms.every((term) => term.factor === factor)) return { terms, factor };
  return {
    terms: terms.map((term) => ({
      value: term.factor ? mul(term.value, term.factor) : term.value,
    })),
  };
}

function joinedSum(tensors: readonly Value[]): Value {
  const flat = tensors.map((x) => reshape(x, [(x.shape as number[]).reduce((a, b) => a * b, 1)]));
  return sum(concat(flat, 0), [0]);
}

function preciseSum(tensors: readonly Value[]): Value {
  const sums = tensors.map((x) => {
    const rows = cast(x.rank === 0 ? x : sum(x, [-1]), "float64");
    return rows.rank === 0 ? rows : sum(rows, rows.shape.map((_, i) => i));
  });
  return cast(sums.reduce((a, b) => add(a, b)), "float32");
}
