// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/**
 * The update of features with many places. Each place reads a row of the batch, and whole rows leave the second-level cache
 * between two readings. So a group of features takes WIDTH columns at a time: those of all rows stay in the cache, and their
 * sums in registers. Each sum has the order, and so the bits, of `addManyRows`.
 *
 *   tile          rows [rows, d] → tiles [d / WIDTH, rows, WIDTH]
 *   updateTiles   `update`, reading tiles
 */
import { applyGradients } from "./update.ts";
import { addScaled, at, clear, PART, row, share } from "./rows.ts";

/** Columns of a tile: eight registers. */
const WIDTH: i32 = 32;

/** Writes rows [rows, d] as tiles [d / WIDTH, rows, WIDTH]. */
export function tile(t: i32, T: i32, rows: i32, d: i32, from: usize, into: usize): void {
  const end = share(rows, t + 1, T);
  for (let r = share(rows, t, T); r < end; r++) {
    for (let c = 0; c < d; c += WIDTH) {
      memory.copy(row(into, c / WIDTH * rows + r, WIDTH), at(row(from, r, d), c), WIDTH << 2);
    }
  }
}

/** into = Σ weights[i] · tile[ids[i]] for i in from … to − 1 */
function sumTile(into: usize, tile: usize, ids: usize, weights: usize, from: i32, to: i32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const id = at(ids, i), w = at(weights, i);
    const a = row(tile, load<i32>(id), WIDTH), b = row(tile, load<i32>(id, 4), WIDTH);
    const c = row(tile, load<i32>(id, 8), WIDTH), d = row(tile, load<i32>(id, 12), WIDTH);
    const s = v128.load32_splat(w), t = v128.load32_splat(w, 4);
    const u = v128.load32_splat(w, 8), v = v128.load32_splat(w, 12);
    s0 = f32x4.add(s0, four(a, b, c, d, s, t, u, v));
    s1 = f32x4.add(s1, four(a + 16, b + 16, c + 16, d + 16, s, t, u, v));
    s2 = f32x4.add(s2, four(a + 32, b + 32, c + 32, d + 32, s, t, u, v));
    s3 = f32x4.add(s3, four(a + 48, b + 48, c + 48, d + 48, s, t, u, v));
    s4 = f32x4.add(s4, four(a + 64, b + 64, c + 64, d + 64, s, t, u, v));
    s5 = f32x4.add(s5, four(a + 80, b + 80, c + 80, d + 80, s, t, u, v));
    s6 = f32x4.add(s6, four(a + 96, b + 96, c + 96, d + 96, s, t, u, v));
    s7 = f32x4.add(s7, four(a + 112, b + 112, c + 112, d + 112, s, t, u, v));
  }
  for (; i < to; i++) {
    const a = row(tile, load<i32>(at(ids, i)), WIDTH), s = v128.load32_splat(at(weights, i));
    s0 = f32x4.add(s0, f32x4.mul(s, v128.load(a)));
    s1 = f32x4.add(s1, f32x4.mul(s, v128.load(a, 16)));
    s2 = f32x4.add(s2, f32x4.mul(s, v128.load(a, 32)));
    s3 = f32x4.add(s3, f32x4.mul(s, v128.load(a, 48)));
    s4 = f32x4.add(s4, f32x4.mul(s, v128.load(a, 64)));
    s5 = f32x4.add(s5, f32x4.mul(s, v128.load(a, 80)));
    s6 = f32x4.add(s6, f32x4.mul(s, v128.load(a, 96)));
    s7 = f32x4.add(s7, f32x4.mul(s, v128.load(a, 112)));
  }
  v128.store(into, s0);
  v128.store(into, s1, 16);
  v128.store(into, s2, 32);
  v128.store(into, s3, 48);
  v128.store(into, s4, 64);
  v128.store(into, s5, 80);
  v128.store(into, s6, 96);
  v128.store(into, s7, 112);
}

/** s · a + t · b + u · c + v · d, four columns */
// @ts-ignore: a decorator of AssemblyScript

function four(
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  s: v128,
  t: v128,
  u: v128,
  v: v128,
): v128 {
  return f32x4.add(
    f32x4.add(f32x4.mul(s, v128.load(a)), f32x4.mul(t, v128.load(b))),
    f32x4.add(f32x4.mul(u, v128.load(c)), f32x4.mul(v, v128.load(d))),
  );
}

/** Writes the sums of a group of features, [to − from, d]: Σ weights · rows, by tiles. */
function gather(
  into: usize,
  part: usize,
  tiles: usize,
  rows: i32,
  d: i32,
  starts: usize,
  placeRows: usize,
  weights: usize,
  first: i32,
  end: i32,
): void {
  for (let c = 0; c < d; c += WIDTH) {
    const columns = row(tiles, c / WIDTH * rows, WIDTH);
    for (let f = first; f < end; f++) {
      const from = load<i32>(at(starts, f)), to = load<i32>(at(starts, f + 1));
      const sum = at(row(into, f - first, d), c);
      if (to - from <= PART) {
        sumTile(sum, columns, placeRows, weights, from, to);
        continue;
      }
      clear(sum, WIDTH);
      for (let i = from; i < to; i += PART) {
        sumTile(part, columns, placeRows, weights, i, min(i + PART, to));
        addScaled(sum, part, 1, WIDTH);
      }
    }
  }
}

/**
 * Updates the rows of the encoder and the decoder, as `update` does, with the batch in tiles.
 * @param group features that a thread takes at a time
 * @param next counter of groups that threads have taken; zero it before
 * @param scratch for each thread group (d_in + d_out) + WIDTH
 */
export function updateTiles(
  t: i32,
  _T: i32,
  group: i32,
  rows: i32,
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
  const enc = row(scratch, t, group * (dIn + dOut) + WIDTH), dec = row(enc, group, dIn);
  const part = row(dec, group, dOut);
  for (;;) {
    const first = atomic.add<i32>(next, 1) * group;
    if (first >= F) return;
    const end = min(first + group, F);
    gather(enc, part, x, rows, dIn, starts, placeRows, placeGradients, first, end);
    gather(dec, part, g, rows, dOut, starts, placeRows, placeValues, first, end);
    for (let f = first; f < end; f++) {
      applyGradients(
        f,
        load<i32>(at(starts, f + 1)) - load<i32>(at(starts, f)),
        row(enc, f - first, dIn),
        row(dec, f - first, dOut),
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
