/** Compares the settings of a run with those in a file. */
import { formatJson } from "./format_json.ts";

/** Longest text of a value in a message. */
const LONGEST = 200;
/** Most keys that a message names, and the longest name of one. */
const MOST_NAMED = 12, LONGEST_KEY = 60;

/** Returns, for each key that differs, "key is 1 there and 2 here"; of very many keys the first, and how many more. */
export function settingDifferences(
  there: Record<string, unknown>,
  here: Record<string, unknown>,
): string[] {
  const all = [...new Set([...Object.keys(here), ...Object.keys(there)])]
    // a file may have a key such as "toString", which every object inherits
    .map((key) => ({ key, there: own(there, key), here: own(here, key) }))
    .filter(({ there, here }) => canonical(there) !== canonical(here))
    .map(({ key, there, here }) =>
      `${short(key, LONGEST_KEY)} is ${settingText(there)} there and ${settingText(here)} here`
    );
  return all.length <= MOST_NAMED
    ? all
    : [...all.slice(0, MOST_NAMED), `and ${all.length - MOST_NAMED} more keys`];
}

/** Returns a value as short text. */
export function settingText(value: unknown): string {
  return short(canonical(value), LONGEST);
}

function short(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function own(settings: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(settings, key) ? settings[key] : undefined;
}

function canonical(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(JSON.parse(formatJson(value)));
}
