/**
 * Compares a case with its quantities.
 *
 *  1. Every value that the reference files hold is looked up in the registry; one without an entry is "not implemented".
 *  2. error = max|ours − reference| / max|reference| over the compared elements; where the reference is all zero, the
 *     largest absolute value of ours. A value that is not finite has no error that could pass.
 */
import type { Quantity, ReferenceCase } from "./reference_case.ts";

export interface Verdict {
  case: string;
  quantity: string;
  /** null where nothing could be compared; Infinity: a value of ours is not finite */
  error: number | null;
  tolerance: number | null;
  /** null: not implemented, or the case lacks what the value is computed from */
  ok: boolean | null;
  /** why there is no error to show */
  note?: string;
}

/**
 * `max|ours − reference| / max|reference|` over the elements with `compared` 1.
 * @throws Error when the lengths differ.
 */
export function relativeError(
  ours: Float32Array,
  reference: Float32Array,
  compared?: Uint8Array,
): number {
  if (ours.length !== reference.length) {
    throw new Error(`${ours.length} values computed, the reference has ${reference.length}`);
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

/** Finds the entry for a key; an entry's `*` stands for any text without a dot. */
export function findQuantity(registry: readonly Quantity[], key: string): Quantity | undefined {
  return registry.find(({ name }) => {
    const [before, after] = name.split("*");
    if (after === undefined) return name === key;
    const between = key.slice(before.length, key.length - after.length);
    return key.startsWith(before) && key.endsWith(after) && between !== "" &&
      key.length > before.length + after.length && !between.includes(".");
  });
}

/** One verdict per reference value, in the order of the files; `only` restricts the names by their beginning. */
export async function* verdicts(
  c: ReferenceCase,
  registry: readonly Quantity[],
  only = "",
): AsyncGenerator<Verdict> {
  for (const key of c.quantities().filter((name) => name.startsWith(only))) {
    const entry = findQuantity(registry, key);
    yield { case: c.dir, quantity: key, ...await verdict(c, entry, key) };
  }
}

async function verdict(
  c: ReferenceCase,
  entry: Quantity | undefined,
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
