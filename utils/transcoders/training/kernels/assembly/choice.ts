// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/** Which features of a row of pre-activations are active. */
import { at, row, share } from "./rows.ts";

/** Writes the elements of a row that are at least `least`, and their indices, in order. Returns their number. */
function collect(from: usize, F: i32, least: f32, values: usize, ids: usize): i32 {
  const least4 = f32x4.splat(least);
  let n = 0, f = 0;
  for (; f + 8 <= F; f += 8, from += 32) {
    let found = i32x4.bitmask(f32x4.ge(v128.load(from), least4)) |
      i32x4.bitmask(f32x4.ge(v128.load(from, 16), least4)) << 4;
    while (found) {
      const i = ctz(found);
      found &= found - 1;
      store<f32>(at(values, n), load<f32>(at(from, i)));
      store<i32>(at(ids, n), f + i);
      n++;
    }
  }
  for (; f < F; f++, from += 4) {
    const x = load<f32>(from);
    if (!(x >= least)) continue;
    store<f32>(at(values, n), x);
    store<i32>(at(ids, n), f);
    n++;
  }
  return n;
}

/** Returns the k-th largest of n numbers, and reorders them (Hoare 1961). */
function kthLargest(a: usize, n: i32, k: i32): f32 {
  let low = 0, high = n - 1;
  const place = k - 1;
  while (low < high) {
    const pivot = load<f32>(at(a, (low + high) >> 1));
    let i = low, j = high;
    while (i <= j) {
      while (load<f32>(at(a, i)) > pivot) i++;
      while (load<f32>(at(a, j)) < pivot) j--;
      if (i > j) break;
      const kept = load<f32>(at(a, i));
      store<f32>(at(a, i), load<f32>(at(a, j)));
      store<f32>(at(a, j), kept);
      i++;
      j--;
    }
    if (place <= j) high = j;
    else if (place >= i) low = i;
    else break;
  }
  return load<f32>(at(a, place));
}

/** Smallest positive number. */
const POSITIVE: f32 = 1.401298464324817e-45;

/**
 * Writes the positive ones among the k largest of each of `rows` rows of `pre` [rows, F], and 0 after the last: values and
 * features, [rows, k] each, in the order of features. Of equal ones the first count. A row that is not a number gets NaN.
 * The last row's k-th value is a guess for the next: where k elements are above it, the others are not looked at again.
 * @param scratch for each thread 3 F
 */
export function select(
  t: i32,
  T: i32,
  rows: i32,
  F: i32,
  k: i32,
  pre: usize,
  values: usize,
  features: usize,
  scratch: usize,
): void {
  const found = row(scratch, 3 * t, F), ids = row(scratch, 3 * t + 1, F);
  const copy = row(scratch, 3 * t + 2, F);
  let guess = POSITIVE;
  const end = share(rows, t + 1, T);
  for (let r = share(rows, t, T); r < end; r++) {
    const from = row(pre, r, F), best = row(values, r, k), chosen = row(features, r, k);
    let n = collect(from, F, guess, found, ids);
    if (n < k && guess > POSITIVE) n = collect(from, F, POSITIVE, found, ids);
    if (n <= k) {
      memory.copy(best, found, <usize> n << 2);
      memory.copy(chosen, ids, <usize> n << 2);
      const first = load<f32>(from);
      if (n < k) store<f32>(at(best, n), n === 0 && first !== first ? first : 0);
      guess = POSITIVE;
      continue;
    }
    memory.copy(copy, found, <usize> n << 2);
    const least = kthLargest(copy, n, k);
    let ties = k, kept = 0;
    for (let i = 0; i < n; i++) if (load<f32>(at(found, i)) > least) ties--;
    for (let i = 0; kept < k; i++) {
      const x = load<f32>(at(found, i));
      if (!(x > least) && !(x === least && ties-- > 0)) continue;
      store<f32>(at(best, kept), x);
      store<i32>(at(chosen, kept), load<i32>(at(ids, i)));
      kept++;
    }
    guess = max(least - least / 8, POSITIVE);
  }
}

/** Writes the positive ones of each row of `pre` [rows, F], at most F, and zeros after the last: [rows, F] each. */
export function selectPositive(
  t: i32,
  T: i32,
  rows: i32,
  F: i32,
  pre: usize,
  values: usize,
  features: usize,
): void {
  const end = share(rows, t + 1, T);
  for (let r = share(rows, t, T); r < end; r++) {
    const from = row(pre, r, F), best = row(values, r, F), ids = row(features, r, F);
    let n = 0;
    for (let f = 0; f < F; f++) {
      const x = load<f32>(at(from, f));
      if (!(x > 0)) continue;
      store<f32>(at(best, n), x);
      store<i32>(at(ids, n), f);
      n++;
    }
    if (n < F) store<f32>(at(best, n), 0);
  }
}
