/**
 * The circuit scores of the Mechanistic Interpretability Benchmark (Mueller et al., 2025).
 *
 * With m the mean metric, N the whole model, ∅ the empty circuit and C_k the circuit of the best share k of the edges:
 *
 *     f(C_k) = (m(C_k) − m(∅)) / (m(N) − m(∅))
 *     CPR = ∫ f dk        (higher is better; rank edges by their signed score)
 *     CMD = ∫ |1 − f| dk  (lower is better; rank edges by their absolute score)
 *
 * by the trapezoid rule over ten shares from 0.001 to 1, so that f ≡ 1 gives CPR 0.999. The number of edges is k times
 * the number of the whole graph, rounded down; circuits are pruned.
 */

/** The shares k. */
export const MIB_SHARES: readonly number[] = [.001, .002, .005, .01, .02, .05, .1, .2, .5, 1];

/** How the area under a curve is measured. */
export interface AreaOptions {
  /** integrate over ln k instead of k; default false */
  logScale?: boolean;
}

/** Returns the numbers of edges to choose, one for each of `MIB_SHARES`. */
export function mibEdgeCounts(edges: number): number[] {
  return MIB_SHARES.map((share) => Math.trunc(share * edges));
}

/** Returns (circuit − empty) / (whole − empty), from mean metrics. */
export function normalizedFaithfulness(circuit: number, whole: number, empty: number): number {
  return (circuit - empty) / (whole - empty);
}

/** Returns the circuit performance ratio from f at the ten shares. @throws Error if there are not ten values. */
export function cpr(faithfulness: readonly number[], options?: AreaOptions): number {
  return areaOverShares(faithfulness, options);
}

/** Returns the circuit–model distance from f at the ten shares. @throws Error if there are not ten values. */
export function cmd(faithfulness: readonly number[], options?: AreaOptions): number {
  return areaOverShares(faithfulness.map((f) => Math.abs(1 - f)), options);
}

function areaOverShares(values: readonly number[], { logScale = false }: AreaOptions = {}): number {
  if (values.length !== MIB_SHARES.length) {
    throw new Error(
      `expected ${MIB_SHARES.length} faithfulness values, one per share of the edges, ` +
        `found ${values.length}`,
    );
  }
  const x = logScale ? MIB_SHARES.map(Math.log) : MIB_SHARES;
  let area = 0;
  for (let i = 1; i < x.length; i++) area += (x[i] - x[i - 1]) * (values[i] + values[i - 1]) / 2;
  return area;
}
