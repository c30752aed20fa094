/** Parses JSON of files that may be damaged or hostile: every error names the file and, where it can, the key. */

/** Deepest nesting accepted. Our deepest files have a dozen levels; code that walks a value recursively stays safe. */
const MOST_LEVELS = 200;

/**
 * Parses the text of a file. Ignores a byte order mark.
 * @param file names the text in errors
 * @throws Error naming the file if the text is not JSON, has a number beyond the range of doubles (naming the key), or is
 *   nested too deeply; `cause` is then a SyntaxError.
 */
export function parseJson(text: string, file: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (cause) {
    throw new Error(`${file} is not valid JSON: ${oneLine((cause as Error).message)}`, { cause });
  }
  const fault = faultOf(value, 0);
  if (fault) {
    const message = `${fault.path.reverse().join("").replace(/^\./, "")} ${fault.reason}`.trim();
    throw new Error(`${file}: ${message}`, { cause: new SyntaxError(message) });
  }
  return value;
}

/** Returns a message, which may quote lines of the file, as one line. */
export function oneLine(message: string): string {
  return message.replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, " ");
}

/** Whether a parsed value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where a value is wrong, the innermost key first, and how. */
interface Fault {
  path: string[];
  reason: string;
}

function faultOf(value: unknown, level: number): Fault | undefined {
  if (typeof value === "number") {
    if (Number.isFinite(value)) return undefined;
    return { path: [], reason: "is a number beyond the range of doubles" };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (level === MOST_LEVELS) {
    return { path: [], reason: `is nested more than ${MOST_LEVELS} levels deep` };
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = faultOf(value[i], level + 1);
      if (fault) return at(fault, `[${i}]`, level);
    }
    return undefined;
  }
  for (const key in value) {
    const fault = faultOf((value as Record<string, unknown>)[key], level + 1);
    if (fault) return at(fault, `.${key}`, level);
  }
}

/** Adds a key in front; of a deep place only the outer keys, so that a message stays short. */
function at(fault: Fault, key: string, level: number): Fault {
  if (level < 8) fault.path.push(key.slice(0, 60));
  return fault;
}
