/**
 * The settings of a run. Flags override the config file, the config file overrides the defaults, and the script's schema
 * checks the result.
 *
 * Every mistake becomes one line: where (file or flag), which key, what is allowed, what was found.
 */
import { extname } from "@std/path";
import { compareSimilarity, levenshteinDistance } from "@std/text";
import type { z } from "zod";
import { configKeys, type ConfigSchema } from "./config_schema.ts";
import {
  allowedValues,
  parseJson,
  parseYaml,
  schemaAt,
  shortJson,
  UserError,
  valueAt,
} from "../base/mod.ts";

/**
 * Reads a config file: YAML if its name ends in .yml or .yaml, else JSON.
 * @throws UserError naming the file if it is missing, is not valid JSON or YAML, or does not hold one object.
 */
export function readConfigFile(path: string): Record<string, unknown> {
  const yaml = [".yml", ".yaml"].includes(extname(path).toLowerCase());
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new UserError(`cannot read config ${path}: ${reason}`, 2, { cause });
  }
  let value: unknown;
  try {
    value = yaml ? parseYaml(text, path) ?? {} : parseJson(text, path);
  } catch (cause) {
    throw new UserError((cause as Error).message, 2, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`${path}: expected an object of settings, found ${shortJson(value)}`, 2);
  }
  return value as Record<string, unknown>;
}

/** Where the settings of a run come from. */
export interface ConfigSources {
  /** path and contents of the config file */
  file?: { path: string; values: Record<string, unknown> };
  /** key → value and the flag as typed by the user, e.g. `--ig-steps` */
  flags?: Record<string, { value: unknown; flag: string }>;
}

/**
 * Merges flags over file over defaults and checks the result.
 * @throws UserError (exit code 2) with one line per mistake.
 */
export function resolveConfig<S extends ConfigSchema>(
  schema: S,
  { file, flags = {} }: ConfigSources,
): z.output<S> {
  const keys = configKeys(schema);
  const mistakes: string[] = [];
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(file?.values ?? {})) {
    if (keys.has(key)) given[key] = value;
    else if (key !== "$schema") {
      mistakes.push(`${file!.path}: ${unknownKey(key, [...keys.keys()])}`);
    }
  }
  for (const [key, { value }] of Object.entries(flags)) given[key] = value;

  const result = schema.safeParse(given);
  for (const issue of result.error?.issues ?? []) {
    const [key, ...inside] = issue.path.map(String);
    const place = key === undefined
      ? file?.path ?? "settings"
      : Object.hasOwn(flags, key)
      ? flags[key].flag
      : file
      ? `${file.path}: ${key}`
      : `--${key.replaceAll("_", "-")}`;
    const where = place +
      inside.map((part) => /^\d+$/.test(part) ? `[${part}]` : `.${part}`).join("");
    const found = valueAt(given, issue.path);
    const missing = found === undefined;
    if (issue.code === "custom" || key === undefined) {
      mistakes.push(`${where}: ${issue.message}${missing ? "" : `, found ${shortJson(found)}`}`);
    } else if (issue.code === "unrecognized_keys") {
      const known = Object.keys(schemaAt(keys.get(key), inside)?.properties ?? {});
      for (const name of issue.keys) mistakes.push(`${where}: ${unknownKey(name, known)}`);
    } else {
      const at = schemaAt(keys.get(key), inside);
      const expected = at ? allowedValues(at) : issue.message;
      mistakes.push(
        `${where}: expected ${expected}, found ${missing ? "nothing" : shortJson(found)}`,
      );
    }
  }
  if (mistakes.length > 0) throw new UserError([...new Set(mistakes)].join("\n"), 2);
  return result.data as z.output<S>;
}

/**
 * Returns the settings that determine the results, in alphabetical order, as a result file records them.
 * @param except keys that change no number: where files are, how much memory or how many threads a run may use, which
 *   checkpoints it visits
 */
export function resultSettings<C extends Record<string, unknown>>(
  config: C,
  except: readonly (keyof C & string)[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !except.includes(key))
      .sort(([a], [b]) => a < b ? -1 : 1),
  );
}

/** Returns "unknown key "igsteps"; did you mean ig_steps?", or lists all keys if none is similar. */
function unknownKey(key: string, known: string[]): string {
  const near = known.filter((name) =>
    levenshteinDistance(key, name) <= Math.max(2, name.length / 3) ||
    key.length > 3 && (name.includes(key) || key.includes(name))
  ).sort(compareSimilarity(key)).slice(0, 3);
  return `unknown key ${JSON.stringify(key)}; ` +
    (near.length ? `did you mean ${near.join(" or ")}?` : `known keys: ${known.join(", ")}`);
}
