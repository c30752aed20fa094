/**
 * Returns points α and weights w that approximate ∫₀¹ f(α) dα ≈ Σ w f(α) along the path x(α) = x' + α (x − x'), from the
 * corrupted input (α = 0) to the clean input (α = 1).
 *
 *  reference       α = k/m, k = 0 … m−1, w = 1/m: EAP-IG's points, with the corrupted end and without the clean end
 *  reference-clean α = k/m, k = 1 … m, w = 1/m: the points of EAP-IG's node attribution
 *  midpoint        α = (k + ½)/m, w = 1/m
 *  gauss-legendre  roots of the Legendre polynomial P_m, exact for polynomials of degree 2m − 1
 *
 * Midpoints are nested: those of m are every third of 3m. `adaptive` (`adaptive.ts`) takes 5, 15, 45, … of them.
 */

/** Names of the rules that the header lists. */
export const QUADRATURES = ["reference", "reference-clean", "midpoint", "gauss-legendre"] as const;
/** Names one of {@link QUADRATURES}. */
export type Quadrature = (typeof QUADRATURES)[number];

/** Names of all ways to place path points: the rules, and as many midpoints as a prompt needs. */
export const PATH_RULES = [...QUADRATURES, "adaptive"] as const;
/** Names one of {@link PATH_RULES}. */
export type PathRule = (typeof PATH_RULES)[number];

/** Holds one point of the path. */
export interface PathPoint {
  /** place on the path, 0 (corrupted) to 1 (clean) */
  alpha: number;
  /** weight in the sum */
  weight: number;
}

/**
 * Returns the m points of a rule, in ascending order.
 * @throws RangeError when m is not a positive integer.
 */
export function pathPoints(rule: Quadrature, m: number): PathPoint[] {
  if (!Number.isInteger(m) || m < 1) {
    throw new RangeError(`ig_steps must be a positive integer, is ${m}`);
  }
  const even = (shift: number) =>
    Array.from({ length: m }, (_, k) => ({ alpha: (k + shift) / m, weight: 1 / m }));
  switch (rule) {
    case "reference":
      return even(0);
    case "reference-clean":
      return even(1);
    case "midpoint":
      return even(0.5);
    case "gauss-legendre":
      return gaussLegendre(m);
  }
}

/** Midpoints of the first round of `adaptive`. */
const FIRST_ROUND = 5;

/** Returns the number of midpoints after a round of `adaptive`: 5, 15, 45, … */
export function pointsAfter(round: number): number {
  return FIRST_ROUND * 3 ** round;
}

/** Returns the midpoints that a round adds, each with the weight it has among all of that round. */
export function pointsOfRound(round: number): PathPoint[] {
  const all = pathPoints("midpoint", pointsAfter(round));
  return round === 0 ? all : all.filter((_, k) => k % 3 !== 1);
}

/** Runs Newton's iteration from Tricomi's estimate of the roots. Maps the weights 2/((1 − x²) P'_m(x)²) to [0, 1]. */
function gaussLegendre(m: number): PathPoint[] {
  return Array.from({ length: m }, (_, i) => {
    let x = -Math.cos(Math.PI * (i + 0.75) / (m + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 100; iteration++) {
      let [p, previous] = [x, 1];
      for (let n = 2; n <= m; n++) {
        [p, previous] = [((2 * n - 1) * x * p - (n - 1) * previous) / n, p];
      }
      slope = m * (x * p - previous) / (x * x - 1);
      const step = p / slope;
      x -= step;
      if (Math.abs(step) < 1e-16) break;
    }
    return { alpha: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}
