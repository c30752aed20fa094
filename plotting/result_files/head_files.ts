/** Finding and reading the result files of the head scripts, and the head scores in them. */
import { join } from "@std/path";
import { UserError } from "../../utils/base/user_error.ts";
import { HEAD_MEASURES, type HeadMeasure } from "./head_measures.ts";

/** A result file with one entry per checkpoint. */
export interface HeadFile {
  path: string;
  format: string;
  model: string;
  /** all other keys of the file */
  header: Record<string, unknown>;
  steps: number[];
  entries: Map<number, unknown>;
}

/** One score of a model's heads over training. */
export interface HeadSeries {
  model: string;
  measure: HeadMeasure;
  shape: { nLayers: number; nHeads: number };
  /** ascending */
  steps: number[];
  /** per step `[L][H]` in the measure's unit; null where the run found nothing to measure */
  grids: (number[][] | null)[];
}

/** Result files say what they are in their first lines, so that large files of other kinds need not be parsed. */
async function formatOf(path: string): Promise<string | undefined> {
  using file = await Deno.open(path);
  const start = new Uint8Array(400);
  const length = await file.read(start) ?? 0;
  const text = new TextDecoder().decode(start.subarray(0, length));
  return /"format"\s*:\s*"([^"]*)"/.exec(text)?.[1];
}

/** All .json files below a folder, in alphabetical order. */
export async function jsonBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await jsonBelow(path));
    else if (entry.name.endsWith(".json")) found.push(path);
  }
  return found.sort();
}

/**
 * Reads files of the given formats; folders are searched, other files in them passed over.
 * @param madeBy script to name when nothing is found
 * @throws UserError when a path does not exist, a file named outright has another format or is damaged, or nothing is
 * found.
 */
export async function findHeadFiles(
  paths: readonly string[],
  formats: readonly string[],
  madeBy: string,
): Promise<HeadFile[]> {
  const files = new Map<string, HeadFile>();
  for (const path of paths) {
    const info = await Deno.stat(path).catch(() => {
      throw new UserError(`expected a result file or a folder of them, found nothing at ${path}`);
    });
    for (const file of info.isDirectory ? await jsonBelow(path) : [path]) {
      const format = await formatOf(file);
      if (format !== undefined && formats.includes(format)) {
        files.set(file, await readHeadFile(file));
      } else if (!info.isDirectory) {
        throw new UserError(
          `${file}: expected format ${formats.join(" or ")}, found ${format ?? "none"}`,
        );
      }
    }
  }
  if (files.size === 0) {
    throw new UserError(`no such result file below ${paths.join(", ")}; run ${madeBy} first`);
  }
  return [...files.values()];
}

async function readHeadFile(path: string): Promise<HeadFile> {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`);
  }
  const { format, model, checkpoints, ...header } = value;
  if (typeof model !== "string" || typeof checkpoints !== "object" || checkpoints === null) {
    throw new UserError(`${path}: expected the keys "model" and "checkpoints"`);
  }
  const entries = new Map(
    Object.entries(checkpoints).map(([step, entry]): [number, unknown] => [Number(step), entry]),
  );
  const steps = [...entries.keys()].sort((a, b) => a - b);
  return { path, format: format as string, model, header, steps, entries };
}

/** What lies under `keys`; undefined where a key is missing, null kept. */
export function valueAt(entry: unknown, keys: readonly string[]): unknown {
  let value = entry;
  for (const key of keys) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}

/**
 * One score of a file. Steps whose entry lacks it have a null grid.
 * @throws UserError naming file, step and key of a grid that is not `[L][H]`.
 */
export function headSeries(file: HeadFile, measure: HeadMeasure): HeadSeries {
  const shape = file.header.shape as HeadSeries["shape"] | undefined;
  if (!shape) throw new UserError(`${file.path}: expected the key "shape"`);
  const grids = file.steps.map((step) => {
    const grid = valueAt(file.entries.get(step), measure.path) as number[][] | null | undefined;
    if (grid === undefined || grid === null) return null;
    const fits = Array.isArray(grid) && grid.length === shape.nLayers &&
      grid.every((row) => Array.isArray(row) && row.length === shape.nHeads);
    if (!fits) {
      throw new UserError(
        `${file.path}: checkpoints.${step}.${measure.path.join(".")}: ` +
          `expected ${shape.nLayers} layers of ${shape.nHeads} heads`,
      );
    }
    return grid.map((row) => row.map((value) => value * measure.factor));
  });
  return { model: file.model, measure, shape, steps: file.steps, grids };
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

/** Reads the head scores at paths; searches folders for them. */
export async function readHeadSeries(
  paths: readonly string[],
  names?: readonly string[],
): Promise<HeadSeries[]> {
  const files = await findHeadFiles(
    paths,
    Object.keys(HEAD_MEASURES),
    "get_full_model_components_over_time.ts",
  );
  return chosenSeries(files, names);
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
