/**
 * Canonical JSON: a file that is read and written again keeps its bytes. One key per line, a list of plain values (a row
 * of a matrix) on one line, typed arrays as lists, numbers as JavaScript prints them (the shortest text that reads back
 * as the same number).
 */

/**
 * Returns a value as canonical JSON, without a final newline.
 * @throws Error naming the place of a number that JSON cannot hold (NaN, infinity), or of a value that is not plain data
 *   (a function, a Map), instead of dropping it silently.
 */
export function formatJson(value: unknown): string {
  return format(value, "", "");
}

function format(value: unknown, indent: string, place: string): string {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    value = Array.from(value as unknown as Iterable<number>);
  }
  const inner = indent + " ";
  if (Array.isArray(value)) {
    const items = value.map((item, i) => format(item ?? null, inner, `${place}[${i}]`));
    return value.every(isPlain)
      ? `[${items.join(", ")}]`
      : `[\n${inner}${items.join(`,\n${inner}`)}\n${indent}]`;
  }
  if (isPlain(value)) {
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new Error(`${place || "the value"} is ${value}, which JSON cannot hold`);
    }
    return JSON.stringify(value);
  }
  const prototype = typeof value === "object" && Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const found = typeof value === "object"
      ? `a ${value!.constructor?.name}`
      : `of type ${typeof value}`;
    throw new Error(`${place || "the value"} is ${found}, not plain data`);
  }
  const entries = Object.entries(value as object).filter(([, item]) => item !== undefined)
    .map(([key, item]) =>
      `${JSON.stringify(key)}: ${format(item, inner, place ? `${place}.${key}` : key)}`
    );
  return entries.length ? `{\n${inner}${entries.join(`,\n${inner}`)}\n${indent}}` : "{}";
}

function isPlain(value: unknown): boolean {
  return value === null || ["number", "string", "boolean"].includes(typeof value);
}
