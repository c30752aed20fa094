import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { pathPoints, QUADRATURES } from "./quadrature.ts";

const integrate = (rule: typeof QUADRATURES[number], m: number, f: (a: number) => number) =>
  pathPoints(rule, m).reduce((sum, { alpha, weight }) => sum + weight * f(alpha), 0);

Deno.test("pathPoints() of EAP-IG's rules includes one end of the path and leaves out the other", () => {
  assertEquals(pathPoints("reference", 4).map((p) => p.alpha), [0, 0.25, 0.5, 0.75]);
  assertEquals(pathPoints("reference-clean", 4).map((p) => p.alpha), [0.25, 0.5, 0.75, 1]);
  assertEquals(pathPoints("midpoint", 2), [{ alpha: 0.25, weight: 0.5 }, {
    alpha: 0.75,
    weight: 0.5,
  }]);
});

Deno.test("pathPoints() returns the tabulated Gauss–Legendre points", () => {
  // Abramowitz and Stegun, table 25.4, mapped from [−1, 1] to [0, 1].
  const table: Record<number, [number, number][]> = {
    1: [[0, 2]],
    2: [[0.577350269189626, 1]],
    3: [[0, 0.888888888888889], [0.774596669241483, 0.555555555555556]],
    5: [[0, 0.568888888888889], [0.538469310105683, 0.478628670499366], [
      0.906179845938664,
      0.236926885056189,
    ]],
  };
  for (const [m, half] of Object.entries(table)) {
    const points = pathPoints("gauss-legendre", Number(m));
    assertEquals(points.length, Number(m));
    for (const [x, w] of half) {
      for (const sign of [1, -1]) {
        const found = points.find((p) => Math.abs(2 * p.alpha - 1 - sign * x) < 1e-13);
        assert(found !== undefined, `${m} points: no root ${sign * x}`);
        assertAlmostEquals(2 * found!.weight, w, 1e-13);
      }
    }
  }
});

Deno.test("pathPoints() integrates polynomials up to the degree of each rule", () => {
  for (const rule of QUADRATURES) {
    for (const m of [1, 2, 3, 7, 30, 64]) {
      const degree = { "reference": 0, "reference-clean": 0, "midpoint": 1 }[rule as string] ??
        2 * m - 1;
      for (let k = 0; k <= degree; k++) {
        assertAlmostEquals(integrate(rule, m, (a) => a ** k), 1 / (k + 1), 1e-13, `${rule} ${m}`);
      }
      const next = Math.abs(integrate(rule, m, (a) => a ** (degree + 1)) - 1 / (degree + 2));
      if (m < 7) assert(next > 1e-6, `${rule} of ${m} points is no better than degree ${degree}`);
    }
  }
});

Deno.test("pathPoints() returns points inside the path in ascending order", () => {
  for (const rule of QUADRATURES) {
    const alphas = pathPoints(rule, 30).map((p) => p.alpha);
    assertEquals(alphas, alphas.toSorted((a, b) => a - b));
    assert(alphas[0] >= 0 && alphas.at(-1)! <= 1);
  }
});

Deno.test("pathPoints() refuses numbers of points that are not positive integers", () => {
  for (const m of [0, -1, 1.5, NaN]) {
    assertThrows(() => pathPoints("reference", m), RangeError, "positive integer");
  }
});
