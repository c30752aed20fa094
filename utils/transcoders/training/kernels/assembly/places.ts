// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/** Places by feature, and sums over rows. */
import { addScaled, at, clear, PART, row, share, sumOf } from "./rows.ts";
import { NUMBERS } from "./decode.ts";

/** Counts the places of each feature into `starts` [F + 1]: element f + 1 gets those of f. Zero it before. */
export function count(
  t: i32,
  T: i32,
  rows: i32,
  K: i32,
  F: i32,
  features: usize,
  numbers: usize,
  starts: usize,
): void {
  const first = <u32> share(F, t, T), width = <u32> share(F, t + 1, T) - first;
  for (let r = 0; r < rows; r++) {
    const active = <i32> load<f32>(at(numbers, r * NUMBERS + 3));
    const ids = row(features, r, K);
    for (let p = 0; p < active; p++) {
      const f = load<u32>(at(ids, p));
      if (f - first >= width) continue;
      const counter = at(starts, <i32> f + 1);
      store<i32>(counter, load<i32>(counter) + 1);
    }
  }
}

/**
 * Lists the places by feature, in the order of rows.
 * @param starts first place of each feature, [F + 1]
 * @param next scratch [F]: a copy of `starts`
 */
export function list(
  t: i32,
  T: i32,
  rows: i32,
  K: i32,
  F: i32,
  features: usize,
  values: usize,
  gradients: usize,
  numbers: usize,
  next: usize,
  placeRows: usize,
  placeValues: usize,
  placeGradients: usize,
): void {
  const first = <u32> share(F, t, T), width = <u32> share(F, t + 1, T) - first;
  for (let r = 0; r < rows; r++) {
    const active = <i32> load<f32>(at(numbers, r * NUMBERS + 3));
    const ids = row(features, r, K), a = row(values, r, K), da = row(gradients, r, K);
    for (let p = 0; p < active; p++) {
      const f = load<u32>(at(ids, p));
      if (f - first >= width) continue;
      const place = load<i32>(at(next, <i32> f));
      store<i32>(at(next, <i32> f), place + 1);
      store<i32>(at(placeRows, place), r);
      store<f32>(at(placeValues, place), load<f32>(at(a, p)));
      store<f32>(at(placeGradients, place), load<f32>(at(da, p)));
    }
  }
}

/** Writes the gradient of the encoder's bias, [F]. */
export function encoderBias(
  t: i32,
  T: i32,
  F: i32,
  starts: usize,
  placeGradients: usize,
  into: usize,
): void {
  const end = share(F, t + 1, T);
  for (let f = share(F, t, T); f < end; f++) {
    const from = load<i32>(at(starts, f)), to = load<i32>(at(starts, f + 1));
    store<f32>(at(into, f), sumOf(placeGradients, from, to));
  }
}

/**
 * Adds `factor` · Σ_r weights[r] m[r] to `into` [d], in parts.
 * @param weights [rows], or 0 for ones
 * @param scratch [2 d]
 */
export function rowSums(
  t: i32,
  T: i32,
  rows: i32,
  d: i32,
  m: usize,
  weights: usize,
  factor: f32,
  into: usize,
  scratch: usize,
): void {
  const first = share(d, t, T), width = share(d, t + 1, T) - first;
  const sum = at(scratch, first), part = at(scratch, d + first);
  clear(sum, width);
  for (let from = 0; from < rows; from += PART) {
    clear(part, width);
    const to = min(from + PART, rows);
    for (let r = from; r < to; r++) {
      const weight = weights ? load<f32>(at(weights, r)) : 1;
      if (weight) addScaled(part, at(row(m, r, d), first), weight, width);
    }
    addScaled(sum, part, 1, width);
  }
  addScaled(at(into, first), sum, factor, width);
}
