/** Parses YAML of files that may be damaged or hostile. */
import { parse } from "@std/yaml";
import { oneLine } from "./json_text.ts";

/** Most values in a YAML file, each counted as often as aliases repeat it. */
const MOST_VALUES = 100_000;

/**
 * Parses the text of a YAML file. Ignores a byte order mark.
 * @throws Error naming the file if the text is not YAML, or its aliases stand for too many values
 */
export function parseYaml(text: string, path: string): unknown {
  let value: unknown;
  try {
    value = parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new Error(`${path} is not valid YAML: ${oneLine((cause as Error).message)}`, { cause });
  }
  // Aliases share what they repeat: ten lines can stand for 10^9 values, or for a value inside itself.
  if (countValues(value, MOST_VALUES) > MOST_VALUES) {
    throw new Error(`${path}: its aliases stand for more than ${MOST_VALUES} values`);
  }
  return value;
}

/** Counts values, each as often as it is shared; stops above `most`. */
function countValues(root: unknown, most: number): number {
  let count = 0;
  for (const rest = [root]; rest.length > 0 && count <= most; count++) {
    const value = rest.pop();
    if (typeof value !== "object" || value === null) continue;
    const inner = Object.values(value);
    if (rest.length + inner.length > most) return most + 1;
    rest.push(...inner);
  }
  return count;
}
