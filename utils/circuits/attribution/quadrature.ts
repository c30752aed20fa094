/**
 * Points α and weights w of the integral ∫₀¹ f(α) dα ≈ Σ w f(α) along the path x(α) = x' + α (x − x') from the corrupted
 * (α = 0) to the clean input (α = 1).
 *
 *  reference       α = k/m, k = 0 … m−1, w = 1/m: EAP-IG's points, corrupted end included, clean end left out
 *  reference-clean α = k/m, k = 1 … m, w = 1/m: the points of EAP-IG's node attribution
 *  midpoint        α = (k + ½)/m, w = 1/m
 *  gauss-legendre  roots of the Legendre polynomial P_m, exact for polynomials of degree 2m − 1
 */

export const QUADRATURES = ["reference", "reference-clean", "midpoint", "gauss-legendre"] as const;
export type Quadrature = (typeof QUADRATURES)[number];

export interface PathPoint {
  alpha: number;
  weight: number;
}

/**
 * The m points of a rule.
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

/** Newton's iteration from Tricomi's estimate of the roots; weights 2/((1 − x²) P'_m(x)²), mapped to [0, 1]. */
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
