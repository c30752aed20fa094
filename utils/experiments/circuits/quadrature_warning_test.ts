import { assert, assertEquals } from "@std/assert";
import type { CheckpointSummary } from "../../results/kinds/circuit_summary.ts";
import { pathWarning } from "./quadrature_warning.ts";

/** Checkpoints 0, 1, 2 … whose scores miss these shares. */
const missing = (...shares: (number | undefined)[]) =>
  shares.map((share, step) =>
    ({ step, completeness: { sum: 1, change: 1, missing: share } }) as CheckpointSummary
  );

Deno.test("pathWarning() names the worst checkpoint and what to change", () => {
  const reference = pathWarning(missing(0.02, 0.35, 0.2), {
    quadrature: "reference",
    ig_steps: 30,
  })!;
  for (const part of ['30 "reference" points', "2 of 3", "step 1, 35 %", "midpoint"]) {
    assert(reference.includes(part), reference);
  }
  const gauss = pathWarning(missing(0.4), { quadrature: "gauss-legendre", ig_steps: 5 })!;
  assert(gauss.endsWith('Try more "ig_steps".'), gauss);
  const adaptive = pathWarning(missing(0.4), { quadrature: "adaptive", ig_steps: 30 })!;
  assert(adaptive.startsWith("the path stops at its largest number of points"), adaptive);
});

Deno.test("pathWarning() tolerates small errors and methods without a path", () => {
  const settings = { quadrature: "midpoint", ig_steps: 30 } as const;
  assertEquals(pathWarning(missing(0, 0.1), settings), undefined);
  assertEquals(pathWarning(missing(undefined), settings), undefined);
});
