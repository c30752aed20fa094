/**
 * How often features fire: dead and dense ones, and a histogram of log10 of the density.
 *
 *     dead    never fired in the tokens of the evaluation
 *     dense   fired in more than 10 % of them (the bound of Gemma Scope 2's frequency penalty)
 */

/** Density above which a feature is dense. */
export const DENSE = 0.1;

/** Lowest edge of the histogram, as log10 of the density. */
export const LOWEST_LOG_DENSITY = -6;
/** Width of the histogram's bins in log10 of the density. */
export const LOG_DENSITY_BIN = 0.5;

/** What the densities of a coder's features say. */
export interface DensityReport {
  /** number of features that never fired */
  dead: number;
  /** number of features that fired in more than 10 % of the rows */
  dense: number;
  /**
   * number of features that fired by log10 of their density, in bins [−6, −5.5), …, [−0.5, 0]; the first also counts those
   * below −6
   */
  histogram: number[];
}

/** Returns the report of densities, each between 0 and 1. */
export function densityReport(densities: ArrayLike<number>): DensityReport {
  const bins = -LOWEST_LOG_DENSITY / LOG_DENSITY_BIN;
  const report: DensityReport = { dead: 0, dense: 0, histogram: Array(bins).fill(0) };
  for (const density of Array.from(densities)) {
    if (density === 0) report.dead++;
    if (density > DENSE) report.dense++;
    if (density === 0) continue;
    const bin = Math.floor((Math.log10(density) - LOWEST_LOG_DENSITY) / LOG_DENSITY_BIN);
    report.histogram[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  return report;
}
