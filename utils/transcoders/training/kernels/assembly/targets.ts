// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/** Scales and statistics of a batch. */
import { addScaled, at, clear, PART, row, share } from "./rows.ts";

/**
 * Scales rows: m[r] ← factor · m[r] − bias.
 * @param bias [d], or 0 for none
 */
export function scale(
  t: i32,
  T: i32,
  rows: i32,
  d: i32,
  m: usize,
  factor: f32,
  bias: usize,
): void {
  const factor4 = f32x4.splat(factor);
  const end = share(rows, t + 1, T);
  for (let r = share(rows, t, T); r < end; r++) {
    let a = row(m, r, d), i = 0;
    for (; i + 4 <= d; i += 4, a += 16) v128.store(a, f32x4.mul(factor4, v128.load(a)));
    for (; i < d; i++, a += 4) store<f32>(a, factor * load<f32>(a));
    if (bias) addScaled(row(m, r, d), bias, -1, d);
  }
}

/** into[i] += (a[i] − means[i])² */
function addSquares(into: usize, a: usize, means: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, into += 16, a += 16, means += 16) {
    const difference = f32x4.sub(v128.load(a), v128.load(means));
    v128.store(into, f32x4.add(v128.load(into), f32x4.mul(difference, difference)));
  }
  for (; i < n; i++, into += 4, a += 4, means += 4) {
    const difference = load<f32>(a) - load<f32>(means);
    store<f32>(into, load<f32>(into) + difference * difference);
  }
}

/**
 * Writes the mean of each column of `y` [rows, d] and the sum of its squared deviations.
 * @param scratch [d]
 */
export function columns(
  t: i32,
  T: i32,
  rows: i32,
  d: i32,
  y: usize,
  means: usize,
  deviations: usize,
  scratch: usize,
): void {
  const first = share(d, t, T), width = share(d, t + 1, T) - first;
  const mean = at(means, first), deviation = at(deviations, first), part = at(scratch, first);
  clear(mean, width);
  clear(deviation, width);
  for (let from = 0; from < rows; from += PART) {
    clear(part, width);
    const to = min(from + PART, rows);
    for (let r = from; r < to; r++) addScaled(part, at(row(y, r, d), first), 1, width);
    addScaled(mean, part, <f32> 1 / <f32> rows, width);
  }
  for (let from = 0; from < rows; from += PART) {
    clear(part, width);
    const to = min(from + PART, rows);
    for (let r = from; r < to; r++) addSquares(part, at(row(y, r, d), first), mean, width);
    addScaled(deviation, part, 1, width);
  }
}
