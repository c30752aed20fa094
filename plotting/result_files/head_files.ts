/** Reads the head scores in the result files of the head scripts. */
import { UserError } from "../../utils/base/mod.ts";
import { findResults, type StoredOf } from "../../utils/results/mod.ts";
import { HEAD_MEASURES, type HeadMeasure, MEASURED_KINDS } from "./head_measures.ts";

/** A result file with scores of heads. */
export type HeadFile = StoredOf<typeof MEASURED_KINDS[number]>;

/** One score of a model's heads over training. */
export interface HeadSeries {
  model: string;
  measure: HeadMeasure;
  shape: { nLayers: number; nHeads: number };
  /** ascending */
  steps: number[];
  /** for each step, `[L][H]` in the measure's unit; null if the run found nothing to measure */
  grids: (number[][] | null)[];
}

/**
 * Returns one score of a file. The grid of a step with nothing to measure is null.
 * @throws UserError naming file, step and key of a grid that is not `[L][H]`.
 */
export function headSeries(file: HeadFile, measure: HeadMeasure): HeadSeries {
  const { model, shape } = file.header;
  const grids = file.steps.map((step) => {
    const entry = file.entries.get(step)!;
    const grid = measure.grid(entry);
    if (grid === null) return null;
    const fits = grid.length === shape.nLayers && grid.every((row) => row.length === shape.nHeads);
    if (!fits) {
      throw new UserError(
        `${file.path}: checkpoints.${step}.${keysTo(grid, entry)}: ` +
          `expected ${shape.nLayers} layers of ${shape.nHeads} heads`,
      );
    }
    return grid.map((row) => row.map((value) => value * measure.factor));
  });
  return { model, measure, shape, steps: file.steps, grids };
}

/** Returns the keys inside `value` that lead to `wanted`, joined by dots; empty if `value` does not contain it. */
function keysTo(wanted: unknown, value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
  for (const [key, inner] of Object.entries(value)) {
    if (inner === wanted) return key;
    const rest = keysTo(wanted, inner);
    if (rest) return `${key}.${rest}`;
  }
  return "";
}

/**
 * Returns the scores in files, in the order of the table of measures: those in `names`, by default all without
 * `detail`.
 * @throws UserError for a name that no file has.
 */
export function chosenSeries(files: readonly HeadFile[], names?: readonly string[]): HeadSeries[] {
  const series = Object.entries(HEAD_MEASURES).flatMap(([format, measures]) =>
    measures.flatMap((measure) =>
      files.filter((file) => file.format === format)
        .filter(() => names ? names.includes(measure.name) : !measure.detail)
        .map((file) => headSeries(file, measure))
    )
  ).filter(({ grids }) => grids.some((grid) => grid !== null));
  const missing = names?.find((name) => !series.some(({ measure }) => measure.name === name));
  if (missing !== undefined) {
    const there = new Set(
      files.flatMap(({ format }) => HEAD_MEASURES[format].map(({ name }) => name)),
    );
    throw new UserError(
      `expected a score that these files have (${[...there].join(", ")}), found "${missing}"`,
      2,
    );
  }
  return series;
}

/**
 * Reads the head scores at paths; searches folders for them.
 * @throws UserError as `findResults` and `chosenSeries` do, or if no step has a score.
 */
export async function readHeadSeries(
  paths: readonly string[],
  names?: readonly string[],
): Promise<HeadSeries[]> {
  const files = await findResults(paths, MEASURED_KINDS);
  const series = chosenSeries(files, names);
  if (series.length > 0) return series;
  throw new UserError(
    `${
      files.map(({ path }) => path).join(", ")
    }: expected scores of heads, found steps with nothing to measure`,
  );
}

/** Returns the series. @throws UserError naming the models if there is more than one. */
export function ofOneModel(series: HeadSeries[]): HeadSeries[] {
  const models = [...new Set(series.map(({ model }) => model))];
  if (models.length > 1) {
    throw new UserError(
      `expected files of one model, found ${models.join(", ")}; name a model's own folder or files`,
      2,
    );
  }
  return series;
}
