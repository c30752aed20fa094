/** Extracts what figures draw from head scores: a line per head, all steps, the steps of a picture. */
import { headName } from "../../utils/names/mod.ts";
import { UserError } from "../../utils/base/mod.ts";
import type { HeadSeries } from "../result_files/head_files.ts";

/** The score of one head over training. */
export interface HeadLine {
  /** as in `a3.h1` */
  head: string;
  /** ascending */
  steps: number[];
  /** by step, in the unit of the score */
  values: number[];
  /** largest absolute value over time */
  peak: number;
}

/** Returns the values of each head at the steps that have any, without step 0; largest peak first. */
export function headLines({ steps, grids, shape }: HeadSeries): HeadLine[] {
  const there = steps.map((step, i) => ({ step, grid: grids[i] }))
    .flatMap(({ step, grid }) => grid && step > 0 ? [{ step, grid }] : []);
  const lines: HeadLine[] = [];
  for (let l = 0; l < shape.nLayers; l++) {
    for (let h = 0; h < shape.nHeads; h++) {
      const values = there.map(({ grid }) => grid[l][h]);
      const peak = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      lines.push({ head: headName([l, h]), steps: there.map(({ step }) => step), values, peak });
    }
  }
  return lines.sort((a, b) => b.peak - a.peak);
}

/** Returns all steps of the series, ascending. */
export function allSteps(series: readonly HeadSeries[]): number[] {
  return [...new Set(series.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
}

/**
 * Returns the steps of a picture: those named on the command line, otherwise up to six. The six come from the steps
 * that all scores have, or from all steps if the scores share at most one.
 * @throws UserError for a named step that no series has.
 */
export function pictureSteps(
  series: readonly HeadSeries[],
  named?: readonly string[],
): number[] {
  const all = allSteps(series);
  if (!named) {
    const common = all.filter((step) =>
      series.every(({ steps, grids }) => grids[steps.indexOf(step)])
    );
    return spreadSteps(common.length > 1 ? common : all, 6);
  }
  return named.map((text) => {
    const step = Number(text);
    if (!all.includes(step)) {
      throw new UserError(
        `--show: expected one of the steps ${all.join(", ")}, found "${text}"`,
        2,
      );
    }
    return step;
  });
}

/** The step at which abilities start to appear in models of this family. Pictures need only one earlier checkpoint. */
const EARLY = 256;

/**
 * Returns at most `count` of the ascending steps for a picture: the first, the last, and others evenly spaced on a log
 * scale from 256 to the last. Spaces them evenly over the list if it ends by step 512.
 */
export function spreadSteps(steps: readonly number[], count: number): number[] {
  if (steps.length <= count) return [...steps];
  const last = steps.at(-1)!;
  if (count === 1) return [last];
  const chosen = new Set<number>();
  if (last <= 2 * EARLY || count < 3) {
    for (let i = 0; i < count; i++) {
      chosen.add(steps[Math.round(i * (steps.length - 1) / (count - 1))]);
    }
  } else {
    chosen.add(steps[0]);
    const far = (step: number, wanted: number) => Math.abs(Math.log((step + 1) / (wanted + 1)));
    for (let i = count - 2; i >= 0; i--) {
      const wanted = EARLY * (last / EARLY) ** (i / (count - 2));
      const free = steps.filter((step) => !chosen.has(step));
      chosen.add(free.reduce((a, b) => far(b, wanted) < far(a, wanted) ? b : a));
    }
  }
  return [...chosen].sort((a, b) => a - b);
}
