/** Numbers as Python writes them, so that our files equal EAP-IG's own byte for byte. */

/**
 * Formats a number as Python's `json.dump` does: the shortest digits that read back to the same double (as in JavaScript),
 * `.0` after whole numbers, and an exponent of at least two digits below 1e-4 and from 1e16 on.
 *
 * @throws Error for NaN and infinity, which JSON does not have.
 */
export function pythonFloat(x: number): string {
  if (!Number.isFinite(x)) throw new Error(`expected a finite number to write as JSON, found ${x}`);
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = x.toExponential().split("e");
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  if (Number.isInteger(x)) return Object.is(x, -0) ? "-0.0" : `${x}.0`;
  return String(x);
}
