/** Compares the settings of a run with those in a file. */
import { formatJson } from "./format_json.ts";

/** Longest text of a value in a message. */
const LONGEST = 200;

/** Returns, for each key that differs, "key is 1 there and 2 here". */
export function settingDifferences(
  there: Record<string, unknown>,
  here: Record<string, unknown>,
): string[] {
  return [...new Set([...Object.keys(here), ...Object.keys(there)])]
    // a file may have a key such as "toString", which every object inherits
    .map((key) => ({ key, there: own(there, key), here: own(here, key) }))
    .filter(({ there, here }) => canonical(there) !== canonical(here))
    .map(({ key, there, here }) =>
      `${key} is ${settingText(there)} there and ${settingText(here)} here`
    );
}

/** Returns a value as short text. */
export function settingText(value: unknown): string {
  const text = canonical(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function own(settings: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(settings, key) ? settings[key] : undefined;
}

function canonical(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(JSON.parse(formatJson(value)));
}
