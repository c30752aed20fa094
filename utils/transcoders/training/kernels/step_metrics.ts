/** The numbers that a kernel step logs, from those of its rows: the names and definitions of `coder_objective.ts`. */
import type { Reconstruction } from "../losses/mod.ts";

/** Numbers per row that the kernel `decode` writes. */
export const NUMBERS = 5;

/** Sums over a batch. */
export interface StepSums {
  /** rows of the batch */
  rows: number;
  /** width of the target */
  dOut: number;
  /** `[rows, 5]`: ‖ŷ − y‖², ‖y‖², ‖ŷ‖², active features, the sum of their activations */
  numbers: Float32Array;
  /** Σ_r ‖y_r − ȳ‖² */
  variance: number;
}

/** Returns the factor of a row's squares before it is divided by ‖y‖, as `reconstruction.ts` has it. */
export function weightOfSquares(
  kind: Reconstruction,
  { rows, dOut, variance }: Pick<StepSums, "rows" | "dOut" | "variance">,
): number {
  if (kind === "fvu") return 1 / variance;
  return kind === "squared" ? 1 / rows : 1 / (rows * dOut);
}

/** Numbers of a step. */
export interface StepNumbers {
  /** the reconstruction loss */
  fit: number;
  /** mean number of active features of a row */
  l0: number;
  /** mean sum of a row's activations */
  activations: number;
  /** those of `fit_metrics.ts` */
  quality: Record<string, number>;
}

/** Returns the numbers of a step. */
export function numbersOf(kind: Reconstruction, sums: StepSums): StepNumbers {
  const { rows, numbers, variance } = sums;
  const weight = weightOfSquares(kind, sums);
  let squares = 0, fit = 0, energies = 0, norms = 0, targets = 0, active = 0, activations = 0;
  let spread = 0;
  for (let i = 0; i < rows * NUMBERS; i += NUMBERS) {
    const [e, y, out] = [numbers[i], numbers[i + 1], numbers[i + 2]];
    squares += e;
    energies += y;
    norms += Math.sqrt(out);
    targets += Math.sqrt(y);
    fit += kind !== "relative" ? weight * e : y > 0 ? weight * e / Math.sqrt(y) : 0;
    active += numbers[i + 3];
    activations += numbers[i + 4];
    spread += e ** 2;
  }
  const fvu = squares / variance;
  // Shares are rows·e/V and have the mean fvu.
  const deviation = Math.sqrt(Math.max(0, rows * spread / variance ** 2 - fvu ** 2));
  return {
    fit,
    l0: active / rows,
    activations: activations / rows,
    quality: {
      fvu,
      explained_variance: 1 - fvu,
      explained_variance_std: deviation,
      explained_variance_uncentred: 1 - squares / energies,
      l2_norm: norms / rows,
      l2_ratio: norms / targets,
    },
  };
}
