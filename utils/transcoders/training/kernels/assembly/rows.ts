// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/** Arithmetic on rows of floats. Arguments named like arrays are addresses. */

/** Places added up before their sum is added to the total. */
export const PART: i32 = 128;
/** Squared norms below this count as zero, as in `unit_rows.ts`. */
export const SMALLEST: f32 = 7.888609052210118e-31; // 2^-100

export function at(array: usize, i: i32): usize {
  return array + (<usize> i << 2);
}

export function row(array: usize, i: i32, width: i32): usize {
  return array + ((<usize> i * <usize> width) << 2);
}

/** First element of a thread's share of n. */

export function share(n: i32, t: i32, T: i32): i32 {
  return <i32> (<i64> n * <i64> t / <i64> T);
}

export function total(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) +
    (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

export function clear(a: usize, n: i32): void {
  memory.fill(a, 0, <usize> n << 2);
}

export function dot(a: usize, b: usize, n: i32): f32 {
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
export function addScaled(into: usize, a: usize, s: f32, n: i32): void {
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
export function addRows(
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
export function addManyRows(
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

export function sumOf(a: usize, from: i32, to: i32): f32 {
  let sum: f64 = 0;
  for (let i = from; i < to; i++) sum += <f64> load<f32>(at(a, i));
  return <f32> sum;
}
