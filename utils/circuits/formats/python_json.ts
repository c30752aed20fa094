/**
 * Numbers as Python's `json.dump` writes them, so that files can be compared byte by byte with EAP-IG's own: the shortest
 * digits that read back to the same double (as in JavaScript), `.0` after whole numbers, and an exponent of at least two
 * digits below 1e-4 and from 1e16 on.
 *
 * @throws Error for NaN and infinity, which are no JSON.
 */
export function pythonFloat(x: number): string {
  if (!Number.isFinite(x)) throw new Error(`JSON has no number for ${x}`);
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = x.toExponential().split("e");
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  if (Number.isInteger(x)) return Object.is(x, -0) ? "-0.0" : `${x}.0`;
  return String(x);
}
