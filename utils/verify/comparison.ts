/**
 * Compares our values with those of a reference case.
 *
 *  1. Look up every value of the reference files in the registry; a value without an entry is "not implemented".
 *  2. error = max|ours − reference| / max|reference| over the compared elements. If the reference is all zero, the error is
 *     our largest absolute value. If one of our values is not finite, the error is infinite.
 */
import type { Quantity, ReferenceValues } from "./reference_case.ts";

/** How one of our values compares with the reference. */
export interface Verdict {
  /** folder of the case */
  case: string;
  /** name of the value in the reference file */
  quantity: string;
  /** relative error; null if nothing could be compared, Infinity if one of our values is not finite */
  error: number | null;
  /** largest accepted error; null if the value is not implemented */
  tolerance: number | null;
  /** whether the error is accepted; null if not implemented, or if the case lacks what the value is computed from */
  ok: boolean | null;
  /** why there is no error to show */
  note?: string;
}

/**
 * Returns `max|ours − reference| / max|reference|` over the elements with `compared` 1 (default: all).
 * @throws Error if the lengths differ.
 */
export function relativeError(
  ours: Float32Array,
  reference: Float32Array,
  compared?: Uint8Array,
): number {
  if (ours.length !== reference.length) {
    throw new Error(
      `expected ${reference.length} values as in the reference, found ${ours.length} values computed`,
    );
  }
  let difference = 0, scale = 0;
  for (let i = 0; i < ours.length; i++) {
    if (compared && !compared[i]) continue;
    const d = Math.abs(ours[i] - reference[i]);
    if (!Number.isFinite(d)) return Infinity;
    difference = Math.max(difference, d);
    scale = Math.max(scale, Math.abs(reference[i]));
  }
  return scale === 0 ? difference : difference / scale;
}

/** Finds the entry for a key; `*` in the name of an entry matches any text without a dot. */
export function findQuantity<Case extends ReferenceValues>(
  registry: readonly Quantity<Case>[],
  key: string,
): Quantity<Case> | undefined {
  return registry.find(({ name }) => {
    const [before, after] = name.split("*");
    if (after === undefined) return name === key;
    const between = key.slice(before.length, key.length - after.length);
    return key.startsWith(before) && key.endsWith(after) && between !== "" &&
      key.length > before.length + after.length && !between.includes(".");
  });
}

/** Yields one verdict per reference value that begins with `only`, in the order of the files. */
export async function* verdicts<Case extends ReferenceValues>(
  c: Case,
  registry: readonly Quantity<Case>[],
  only = "",
): AsyncGenerator<Verdict> {
  for (const key of c.quantities().filter((name) => name.startsWith(only))) {
    const entry = findQuantity(registry, key);
    yield { case: c.dir, quantity: key, ...await verdict(c, entry, key) };
  }
}

async function verdict<Case extends ReferenceValues>(
  c: Case,
  entry: Quantity<Case> | undefined,
  key: string,
): Promise<Omit<Verdict, "case" | "quantity">> {
  if (!entry) return { error: null, tolerance: null, ok: null, note: "not implemented" };
  const { tolerance } = entry;
  try {
    const ours = await entry.compute(c, key);
    if (!ours) return { error: null, tolerance, ok: null, note: "not in this case" };
    const error = relativeError(ours, await c.read(key), entry.compared?.(c, key));
    return { error, tolerance, ok: error <= tolerance };
  } catch (error) {
    return { error: null, tolerance, ok: false, note: `failed: ${(error as Error).message}` };
  }
}
