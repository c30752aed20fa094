/**
 * Checks what a result file holds, before anything is computed from it or added to it. Every error is a `UserError` of
 * one line: the file, the key, what was expected, what was found, what to do.
 */
import type { z } from "zod";
import {
  allowedValues,
  isObject,
  schemaAt,
  shortJson,
  toJsonSchema,
  UserError,
  valueAt,
} from "../base/mod.ts";

/** Any arrangement of the entries other than `"checkpoints": { step: entry }`. */
export interface ResultLayout<Entry> {
  /** Returns the keys of the file that hold the entries, given by step in ascending order. */
  write(entries: ReadonlyMap<number, Entry>): Record<string, unknown>;
  /** Returns the entries by step; undefined if the file is not arranged this way. */
  read(file: Record<string, unknown>): Record<string, unknown> | undefined;
  /** Returns where the file holds `path` of a step's entry; default `checkpoints.{step}.{path}` */
  place?(step: string, path: readonly PropertyKey[]): readonly PropertyKey[];
}

/** What the checks need to know about a kind of result file. */
export interface ResultSchema<Header, Entry> {
  /** name and version of the layout, e.g. "circuits-over-time/cspa/1" */
  format: string;
  /** what the file says about all checkpoints, e.g. the model's shape */
  header: z.ZodType<Header>;
  /** what the file holds for each checkpoint */
  entry: z.ZodType<Entry>;
  /** whether every matrix in an entry is of all heads, `[L][H]` of the header's shape */
  grids?: boolean;
  /** default: the entries are under `checkpoints`, by step */
  layout?: ResultLayout<Entry>;
}

const byStep: ResultLayout<unknown> = {
  write: (entries) => ({ checkpoints: Object.fromEntries(entries) }),
  read: ({ checkpoints }) => isObject(checkpoints) ? checkpoints : undefined,
};

/** Returns the arrangement of a kind's entries. */
export function layoutOf<Entry>(
  { layout }: Pick<ResultSchema<unknown, Entry>, "layout">,
): ResultLayout<Entry> {
  return layout ?? byStep as ResultLayout<Entry>;
}

/**
 * Checks the format of a parsed file and returns its entries by step, ascending.
 * @param advice what the user can do about a wrong file
 * @throws UserError if the format differs, the entries are missing, or an entry does not fit the schema.
 */
export function entriesOf<Entry>(
  path: string,
  content: unknown,
  schema: Pick<ResultSchema<unknown, Entry>, "format" | "entry" | "layout">,
  advice: string,
): Map<number, Entry> {
  const { format, entry } = schema;
  const { read, place = inCheckpoints } = layoutOf(schema);
  const found = isObject(content) ? content.format : undefined;
  if (found !== format) {
    throw new UserError(
      `${path}: expected a result file of format ${format}, found ${
        found === undefined ? "none" : shortJson(found)
      }; ${advice}`,
    );
  }
  const checkpoints = read(content as Record<string, unknown>);
  if (!checkpoints) {
    throw new UserError(
      `${path}: expected a result file of format ${format}, found one without entries of ` +
        `checkpoints; ${advice}`,
    );
  }
  const entries = new Map<number, Entry>();
  for (const [step, value] of Object.entries(checkpoints)) {
    if (!/^\d+$/.test(step)) {
      throw new UserError(`${path}: expected training steps as keys, found ${shortJson(step)}`);
    }
    checkValue(path, value, entry, advice, (inner) => place(step, inner));
    entries.set(Number(step), value as Entry);
  }
  return new Map([...entries].sort(([a], [b]) => a - b));
}

const inCheckpoints = (step: string, path: readonly PropertyKey[]): readonly PropertyKey[] => [
  "checkpoints",
  step,
  ...path,
];

/**
 * Checks a value of a file against its schema.
 * @param place where in the file a path inside the value is
 * @throws UserError naming the first key that does not fit.
 */
export function checkValue(
  path: string,
  value: unknown,
  schema: z.ZodType,
  advice: string,
  place: (inner: readonly PropertyKey[]) => readonly PropertyKey[] = (inner) => inner,
): void {
  const issue = schema.safeParse(value).error?.issues[0];
  if (!issue) return;
  const found = valueAt(value, issue.path);
  const allowed = schemaAt(toJsonSchema(schema), issue.path);
  const expected = issue.code === "custom" || !allowed ? issue.message : allowedValues(allowed);
  throw new UserError(
    `${path}: ${keyPath(place(issue.path))}: expected ${expected}, found ${
      found === undefined ? "nothing" : shortJson(found)
    }; ${advice}`,
  );
}

/**
 * Checks that every matrix in the entries has a row per layer and a number per head.
 * @throws UserError naming the first one that does not.
 */
export function checkGrids(
  path: string,
  entries: ReadonlyMap<number, unknown>,
  schema: z.ZodType,
  { nLayers, nHeads }: { nLayers: number; nHeads: number },
  advice: string,
): void {
  const allowed = toJsonSchema(schema);
  const isMatrix = (inner: readonly PropertyKey[]) =>
    schemaAt(allowed, inner)?.items?.type === "array";
  const visit = (step: string, value: unknown, inner: PropertyKey[]): void => {
    if (isObject(value)) {
      for (const [key, item] of Object.entries(value)) visit(step, item, [...inner, key]);
    } else if (Array.isArray(value) && isMatrix(inner)) {
      if (value.length === nLayers && value.every((row) => (row as unknown[]).length === nHeads)) {
        return;
      }
      throw new UserError(
        `${path}: ${
          keyPath(["checkpoints", step, ...inner])
        }: expected ${nLayers} layers of ${nHeads} heads; ${advice}`,
      );
    }
  };
  for (const [step, entry] of entries) visit(String(step), entry, []);
}

/** Returns a path as text, `checkpoints.8.circuit[3].score`. */
function keyPath(path: readonly PropertyKey[]): string {
  return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")
    .replace(/^\./, "");
}
