/**
 * The settings of a run. Flags override the config file, the config file overrides the defaults, and the script's schema
 * checks the result.
 *
 * Every mistake becomes one line: where (file or flag), which key, what is allowed, what was found.
 */
import { basename, dirname, extname, fromFileUrl, join } from "@std/path";
import { compareSimilarity, levenshteinDistance } from "@std/text";
import type { z } from "zod";
import { configKeys, type ConfigSchema } from "./config_schema.ts";
import {
  allowedValues,
  type JsonSchema,
  parseJson,
  parseYaml,
  schemaAt,
  shortJson,
  typesOf,
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
      ? `the file does not exist${nearFiles(path)}`
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

/** Returns a hint at the file that was meant: one near by whose name is similar, or nothing. */
function nearFiles(path: string): string {
  const shown = (file: string) => file.replace(/^\.\//, "");
  const near = [dirname(path), "configs"].flatMap((folder) => {
    try {
      return [...Deno.readDirSync(folder)].flatMap(({ name, isFile }) =>
        isFile && isSimilar(name, basename(path)) ? [shown(join(folder, name))] : []
      );
    } catch {
      return [];
    }
  });
  const found = [...new Set(near)].sort(compareSimilarity(path)).slice(0, 3);
  return found.length > 0 ? `; did you mean ${found.join(" or ")}?` : "";
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
 * @param script name of the script, for a config file of another one
 * @throws UserError (exit code 2) with one line per mistake, or naming the script that a config file is for.
 */
export function resolveConfig<S extends ConfigSchema>(
  schema: S,
  { file, flags = {} }: ConfigSources,
  script?: string,
): z.output<S> {
  const keys = configKeys(schema);
  const current = new Map(
    [...keys].flatMap(([key, { aliases = [] }]) => aliases.map((alias) => [alias, key])),
  );
  const mistakes: string[] = [];
  const given: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(file?.values ?? {})) {
    const name = current.get(key) ?? key;
    if (name !== key && Object.hasOwn(file!.values, name)) {
      mistakes.push(`${file!.path}: ${key} is the older name of ${name}; give one of them`);
    } else if (keys.has(name)) given[name] = inList(value, keys.get(name)!);
    else if (key !== "$schema") unknown.push(key);
  }
  const owner = unknown.length > 0 && file ? ownerOf(file.values) : undefined;
  if (owner !== undefined && owner !== script) {
    const known = unknown.map((key) => JSON.stringify(key)).join(", ");
    throw new UserError(
      `${file!.path} is a config of ${owner}.ts` +
        `${script ? `, not of ${script}.ts, which` : "; this script"} does not know ${known}`,
      2,
    );
  }
  for (const key of unknown) {
    mistakes.push(`${file!.path}: ${unknownKey(key, [...keys.keys()])}`);
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
 * @param recorded names under which files record keys that have been renamed since, so that old files stay valid
 */
export function resultSettings<C extends Record<string, unknown>>(
  config: C,
  except: readonly (keyof C & string)[],
  recorded: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => !except.includes(key))
      .map(([key, value]): [string, unknown] => [recorded[key] ?? key, value])
      .sort(([a], [b]) => a < b ? -1 : 1),
  );
}

/** Returns a text or number where a list is expected as a list of it: `"ckpt_schedule": "suite"`. */
function inList(value: unknown, schema: JsonSchema): unknown {
  const single = typeof value === "string" || typeof value === "number";
  return single && [...typesOf(schema)].join() === "array" ? [value] : value;
}

/** Returns "unknown key "igsteps"; did you mean ig_steps?", or lists all keys if none is similar. */
function unknownKey(key: string, known: string[]): string {
  const near = known.filter((name) => isSimilar(key, name)).sort(compareSimilarity(key)).slice(
    0,
    3,
  );
  return `unknown key ${JSON.stringify(key)}; ` +
    (near.length ? `did you mean ${near.join(" or ")}?` : `known keys: ${known.join(", ")}`);
}

const isSimilar = (key: string, name: string): boolean =>
  levenshteinDistance(key, name) <= Math.max(2, name.length / 3) ||
  key.length > 3 && (name.includes(key) || key.includes(name));

/** Returns the script that a config is for: the one its `$schema` names, or the only one that has all its keys. */
function ownerOf({ $schema, ...values }: Record<string, unknown>): string | undefined {
  const named = /([^/\\]+)\.json$/.exec(typeof $schema === "string" ? $schema : "")?.[1];
  const schemas = schemaFiles();
  if (named !== undefined && schemas.has(named)) return named;
  const having = [...schemas].filter(([, keys]) =>
    Object.keys(values).every((key) => keys.has(key))
  );
  return having.length === 1 ? having[0][0] : undefined;
}

/** Returns the keys of every script, from `configs/schema`; nothing where that is not at hand. */
function schemaFiles(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  try {
    const folder = fromFileUrl(new URL("../../configs/schema", import.meta.url));
    for (const { name } of Deno.readDirSync(folder)) {
      const text = Deno.readTextFileSync(join(folder, name));
      const { properties } = JSON.parse(text) as JsonSchema;
      found.set(name.replace(/\.json$/, ""), new Set(Object.keys(properties ?? {})));
    }
  } catch {
    // without the schemas, unknown keys are named
  }
  return found;
}
