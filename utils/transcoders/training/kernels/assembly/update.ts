// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/** Gradients of feature rows, and Adam on them. */
import { addManyRows, addScaled, at, clear, dot, row, share, SMALLEST } from "./rows.ts";

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
  _T: i32,
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
      applyGradients(
        f,
        to - from,
        enc,
        dec,
        dIn,
        dOut,
        W_enc,
        W_dec,
        moments,
        slots,
        extraEnc,
        extraDec,
        since,
        fired,
        unit,
        beta1,
        rest1,
        beta2,
        rest2,
        rate,
        offset,
      );
    }
  }
}

/** Adds the gradients of the feature's slot, makes a step of Adam on its rows, and counts how it fired. */
export function applyGradients(
  f: i32,
  places: i32,
  enc: usize,
  dec: usize,
  dIn: i32,
  dOut: i32,
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
): void {
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
  const times = <f32> places;
  store<f32>(at(fired, f), load<f32>(at(fired, f)) + times);
  store<f32>(at(since, f), times > 0 ? 0 : load<f32>(at(since, f)) + 1);
}

/** Divides a row by its norm. */
function normalise(w: usize, n: i32): void {
  const norm = sqrt<f32>(max(dot(w, w, n), SMALLEST));
  const norm4 = f32x4.splat(norm);
  let i = 0;
  for (; i + 4 <= n; i += 4, w += 16) v128.store(w, f32x4.div(v128.load(w), norm4));
  for (; i < n; i++, w += 4) store<f32>(w, load<f32>(w) / norm);
}
