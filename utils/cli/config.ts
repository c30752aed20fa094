/**
 * The settings of a run: flags over config file over defaults, checked against the script's schema.
 *
 * Every mistake becomes one line that names where (file or flag), the key, what is allowed and what was found.
 */
import { extname } from "@std/path";
import { compareSimilarity, levenshteinDistance } from "@std/text";
import { parse as parseYaml } from "@std/yaml";
import type { z } from "zod";
import { allowedValues, configKeys, type ConfigSchema, type JsonSchema } from "./config_schema.ts";
import { UserError } from "../base/user_error.ts";

/**
 * Reads a config file, JSON or YAML by its ending.
 * @throws UserError naming the file when it is missing, is not JSON/YAML, or does not hold one object.
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
    value = yaml ? parseYaml(text) ?? {} : JSON.parse(text);
  } catch (cause) {
    const reason = (cause as Error).message.replaceAll(/\s*\n\s*/g, " ");
    throw new UserError(`${path} is not valid ${yaml ? "YAML" : "JSON"}: ${reason}`, 2, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`${path}: expected an object of settings, found ${show(value)}`, 2);
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
    const found = issue.path.reduce<unknown>(
      (value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part],
      given,
    );
    const missing = found === undefined;
    if (issue.code === "custom" || key === undefined) {
      mistakes.push(`${where}: ${issue.message}${missing ? "" : `, found ${show(found)}`}`);
    } else if (issue.code === "unrecognized_keys") {
      const known = Object.keys(schemaAt(keys.get(key), inside)?.properties ?? {});
      for (const name of issue.keys) mistakes.push(`${where}: ${unknownKey(name, known)}`);
    } else {
      const at = schemaAt(keys.get(key), inside);
      const expected = at ? allowedValues(at) : issue.message;
      mistakes.push(`${where}: expected ${expected}, found ${missing ? "nothing" : show(found)}`);
    }
  }
  if (mistakes.length > 0) throw new UserError([...new Set(mistakes)].join("\n"), 2);
  return result.data as z.output<S>;
}

/**
 * The settings that determine the results, for the fingerprint of a result file: `config` without `except` (where
 * files lie, how much memory or how many threads are used, which checkpoints are visited) and in alphabetical order.
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

/** "unknown key "igsteps"; did you mean ig_steps?", or all keys where none is near. */
function unknownKey(key: string, known: string[]): string {
  const near = known.filter((name) =>
    levenshteinDistance(key, name) <= Math.max(2, name.length / 3) ||
    key.length > 3 && (name.includes(key) || key.includes(name))
  ).sort(compareSimilarity(key)).slice(0, 3);
  return `unknown key ${JSON.stringify(key)}; ` +
    (near.length ? `did you mean ${near.join(" or ")}?` : `known keys: ${known.join(", ")}`);
}

function schemaAt(schema: JsonSchema | undefined, path: string[]): JsonSchema | undefined {
  for (const part of path) {
    schema = schema?.properties?.[part] ?? schema?.items ??
      (typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined);
  }
  return schema;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? text.slice(0, 77) + "…" : text;
}
