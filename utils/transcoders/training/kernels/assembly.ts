// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/**
 * The sparse part of a training step, on rows in a memory that threads share. Arguments named like arrays are addresses.
 * Every function takes its thread `t` of `T` first and does that thread's share. Rows, columns and features are independent
 * of each other, so results do not depend on the number of threads.
 *
 *   select     the k largest of each row of pre-activations           selectPositive   all positive ones
 *   scale      rows of a batch
 *   columns    means and variances of the targets' columns
 *   decode     ŷ[r] = b_dec + Σ a W_dec[f],  g = 2w(ŷ − y),  da = g·W_dec[f] + l1
 *   count, list   places by feature, in the order of rows
 *   encoderBias   db_enc[f] = Σ da
 *   rowSums       Σ_r s[r] m[r], the gradients of the other biases
 *   update        dW_dec[f] = Σ a g[r],  dW_enc[f] = Σ da x[r],  Adam, decoder rows kept at norm 1
 *   adamVector    Adam on the biases
 *
 * Long sums are made in parts, which keeps float32 rounding near that of a blocked product.
 */

/** Places added up before their sum is added to the total. */
const PART: i32 = 128;
/** Squared norms below this count as zero, as in `unit_rows.ts`. */
const SMALLEST: f32 = 7.888609052210118e-31; // 2^-100

function at(array: usize, i: i32): usize {
  return array + (<usize> i << 2);
}

function row(array: usize, i: i32, width: i32): usize {
  return array + ((<usize> i * <usize> width) << 2);
}

/** First element of a thread's share of n. */

function share(n: i32, t: i32, T: i32): i32 {
  return <i32> (<i64> n * <i64> t / <i64> T);
}

function total(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) +
    (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

function clear(a: usize, n: i32): void {
  memory.fill(a, 0, <usize> n << 2);
}

function dot(a: usize, b: usize, n: i32): f32 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16, a += 64, b += 64) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
  }
  for (; i + 4 <= n; i += 4, a += 16, b += 16) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
  }
  let sum = total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; i < n; i++, a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}

/** into += s · a */
function addScaled(into: usize, a: usize, s: f32, n: i32): void {
  const s4 = f32x4.splat(s);
  let i = 0;
  for (; i + 4 <= n; i += 4, into += 16, a += 16) {
    v128.store(into, f32x4.add(v128.load(into), f32x4.mul(s4, v128.load(a))));
  }
  for (; i < n; i++, into += 4, a += 4) store<f32>(into, load<f32>(into) + s * load<f32>(a));
}

/** into += s · a + t · b + u · c + v · d */
function addFour(
  into: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  s: f32,
  t: f32,
  u: f32,
  v: f32,
  n: i32,
): void {
  const s4 = f32x4.splat(s), t4 = f32x4.splat(t), u4 = f32x4.splat(u), v4 = f32x4.splat(v);
  let i = 0;
  for (; i + 4 <= n; i += 4, into += 16, a += 16, b += 16, c += 16, d += 16) {
    const first = f32x4.add(f32x4.mul(s4, v128.load(a)), f32x4.mul(t4, v128.load(b)));
    const second = f32x4.add(f32x4.mul(u4, v128.load(c)), f32x4.mul(v4, v128.load(d)));
    v128.store(into, f32x4.add(v128.load(into), f32x4.add(first, second)));
  }
  for (; i < n; i++, into += 4, a += 4, b += 4, c += 4, d += 4) {
    const first = s * load<f32>(a) + t * load<f32>(b);
    const second = u * load<f32>(c) + v * load<f32>(d);
    store<f32>(into, load<f32>(into) + (first + second));
  }
}

/** into += Σ weights[i] · rows[ids[i]] for i in from … to − 1 */
function addRows(
  into: usize,
  rows: usize,
  ids: usize,
  weights: usize,
  from: i32,
  to: i32,
  width: i32,
): void {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const id = at(ids, i), w = at(weights, i);
    addFour(
      into,
      row(rows, load<i32>(id), width),
      row(rows, load<i32>(id, 4), width),
      row(rows, load<i32>(id, 8), width),
      row(rows, load<i32>(id, 12), width),
      load<f32>(w),
      load<f32>(w, 4),
      load<f32>(w, 8),
      load<f32>(w, 12),
      width,
    );
  }
  for (; i < to; i++) {
    addScaled(into, row(rows, load<i32>(at(ids, i)), width), load<f32>(at(weights, i)), width);
  }
}

/** Like `addRows`, in parts; `part` is scratch of one row. */
function addManyRows(
  into: usize,
  part: usize,
  rows: usize,
  ids: usize,
  weights: usize,
  from: i32,
  to: i32,
  width: i32,
): void {
  if (to - from <= PART) return addRows(into, rows, ids, weights, from, to, width);
  for (let i = from; i < to; i += PART) {
    clear(part, width);
    addRows(part, rows, ids, weights, i, min(i + PART, to), width);
    addScaled(into, part, 1, width);
  }
}

function sumOf(a: usize, from: i32, to: i32): f32 {
  let sum: f64 = 0;
  for (let i = from; i < to; i++) sum += <f64> load<f32>(at(a, i));
  return <f32> sum;
}

/**
 * One step of Adam. m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − rate · m/(√v + offset); `rate` and `offset` have the
 * corrections of `adam.ts` in them. `rest1` and `rest2` are 1 − β₁ and 1 − β₂, which float32 would round too far.
 */
function adam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  n: i32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  rate: f32,
  offset: f32,
): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const c1 = f32x4.splat(rest1), c2 = f32x4.splat(rest2);
  const r4 = f32x4.splat(rate), o4 = f32x4.splat(offset);
  let i = 0;
  for (; i + 4 <= n; i += 4, w += 16, g += 16, m += 16, v += 16) {
    const gradient = v128.load(g);
    const first = f32x4.add(f32x4.mul(b1, v128.load(m)), f32x4.mul(c1, gradient));
    const second = f32x4.add(
      f32x4.mul(b2, v128.load(v)),
      f32x4.mul(c2, f32x4.mul(gradient, gradient)),
    );
    v128.store(m, first);
    v128.store(v, second);
    const step = f32x4.div(first, f32x4.add(f32x4.sqrt(second), o4));
    v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(r4, step)));
  }
  for (; i < n; i++, w += 4, g += 4, m += 4, v += 4) {
    const gradient = load<f32>(g);
    const first = beta1 * load<f32>(m) + rest1 * gradient;
    const second = beta2 * load<f32>(v) + rest2 * (gradient * gradient);
    store<f32>(m, first);
    store<f32>(v, second);
    store<f32>(w, load<f32>(w) - rate * (first / (sqrt<f32>(second) + offset)));
  }
}

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

/** Numbers per row that `decode` writes: ‖ŷ − y‖², ‖y‖², ‖ŷ‖², active features, their sum. */
const NUMBERS: i32 = 5;

/**
 * Decodes rows and goes back to the activations. Sets `values`, [rows, K] pre-activations that end at K or at the first
 * one ≤ 0, to activations; writes their gradients, and the gradients of the outputs `g`.
 * @param scratch a row for each thread
 * @param relative divides the weight by ‖y‖; a row whose target is 0 then does not count
 */
export function decode(
  t: i32,
  T: i32,
  rows: i32,
  K: i32,
  d: i32,
  features: usize,
  values: usize,
  gradients: usize,
  W_dec: usize,
  b_dec: usize,
  y: usize,
  g: usize,
  numbers: usize,
  scratch: usize,
  relative: i32,
  weight: f32,
  l1: f32,
): void {
  const end = share(rows, t + 1, T);
  for (let r = share(rows, t, T); r < end; r++) {
    const ids = row(features, r, K), a = row(values, r, K), da = row(gradients, r, K);
    const error = row(g, r, d), target = row(y, r, d);
    let active = 0, sum: f32 = 0;
    while (active < K) {
      const x = load<f32>(at(a, active));
      if (!(x > 0)) break;
      sum += x;
      active++;
    }
    const finite = active === K || load<f32>(at(a, active)) <= 0;
    memory.copy(error, b_dec, <usize> d << 2);
    addManyRows(error, row(scratch, t, d), W_dec, ids, a, 0, active, d);
    const output = dot(error, error, d);
    addScaled(error, target, -1, d);
    const squares = dot(error, error, d), energy = dot(target, target, d);
    let w = weight;
    if (relative) w = energy > 0 ? weight / sqrt<f32>(energy) : 0;
    const w4 = f32x4.splat(2 * w);
    let i = 0;
    for (; i + 4 <= d; i += 4) {
      v128.store(at(error, i), f32x4.mul(w4, v128.load(at(error, i))));
    }
    for (; i < d; i++) store<f32>(at(error, i), 2 * w * load<f32>(at(error, i)));
    for (let p = 0; p < active; p++) {
      store<f32>(at(da, p), dot(error, row(W_dec, load<i32>(at(ids, p)), d), d) + l1);
    }
    const n = at(numbers, r * NUMBERS);
    store<f32>(n, finite ? squares : f32.NaN);
    store<f32>(n, energy, 4);
    store<f32>(n, output, 8);
    store<f32>(n, <f32> active, 12);
    store<f32>(n, sum, 16);
  }
}

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

/** One step of Adam on a vector of n elements. */
export function adamVector(
  t: i32,
  T: i32,
  n: i32,
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  rate: f32,
  offset: f32,
): void {
  const first = share(n, t, T), length = share(n, t + 1, T) - first;
  adam(
    at(w, first),
    at(g, first),
    at(m, first),
    at(v, first),
    length,
    beta1,
    rest1,
    beta2,
    rest2,
    rate,
    offset,
  );
}

/** Features that a thread takes at a time. */
const CHUNK: i32 = 8;

/**
 * Updates the rows of the encoder and the decoder, and counts how features fired.
 * @param next counter of chunks that threads have taken; zero it before
 * @param moments distance from a weight to its first moment, and from that to its second, in bytes
 * @param slots row in `extraEnc` and `extraDec` that each feature's gradient gets added, or −1; 0 for none
 * @param unit keeps decoder rows at norm 1
 * @param scratch for each thread d_in + d_out and the larger of both
 */
export function update(
  t: i32,
  T: i32,
  F: i32,
  dIn: i32,
  dOut: i32,
  next: usize,
  starts: usize,
  placeRows: usize,
  placeValues: usize,
  placeGradients: usize,
  x: usize,
  g: usize,
  W_enc: usize,
  W_dec: usize,
  moments: usize,
  slots: usize,
  extraEnc: usize,
  extraDec: usize,
  since: usize,
  fired: usize,
  unit: i32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  rate: f32,
  offset: f32,
  scratch: usize,
): void {
  const enc = at(scratch, t * (dIn + dOut + max(dIn, dOut))), dec = at(enc, dIn);
  const part = at(dec, dOut);
  for (;;) {
    const chunk = atomic.add<i32>(next, 1) * CHUNK;
    if (chunk >= F) return;
    const end = min(chunk + CHUNK, F);
    for (let f = chunk; f < end; f++) {
      const from = load<i32>(at(starts, f)), to = load<i32>(at(starts, f + 1));
      clear(enc, dIn + dOut);
      addManyRows(enc, part, x, placeRows, placeGradients, from, to, dIn);
      addManyRows(dec, part, g, placeRows, placeValues, from, to, dOut);
      if (slots) {
        const slot = load<i32>(at(slots, f));
        if (slot >= 0) {
          addScaled(enc, row(extraEnc, slot, dIn), 1, dIn);
          addScaled(dec, row(extraDec, slot, dOut), 1, dOut);
        }
      }
      const reading = row(W_enc, f, dIn), writing = row(W_dec, f, dOut);
      adam(
        reading,
        enc,
        reading + moments,
        reading + 2 * moments,
        dIn,
        beta1,
        rest1,
        beta2,
        rest2,
        rate,
        offset,
      );
      if (unit) addScaled(dec, writing, -dot(dec, writing, dOut), dOut);
      adam(
        writing,
        dec,
        writing + moments,
        writing + 2 * moments,
        dOut,
        beta1,
        rest1,
        beta2,
        rest2,
        rate,
        offset,
      );
      if (unit) normalise(writing, dOut);
      const times = <f32> (to - from);
      store<f32>(at(fired, f), load<f32>(at(fired, f)) + times);
      store<f32>(at(since, f), times > 0 ? 0 : load<f32>(at(since, f)) + 1);
    }
  }
}

/** Divides a row by its norm. */
function normalise(w: usize, n: i32): void {
  const norm = sqrt<f32>(max(dot(w, w, n), SMALLEST));
  const norm4 = f32x4.splat(norm);
  let i = 0;
  for (; i + 4 <= n; i += 4, w += 16) v128.store(w, f32x4.div(v128.load(w), norm4));
  for (; i < n; i++, w += 4) store<f32>(w, load<f32>(w) / norm);
}
