// @ts-nocheck: AssemblyScript, TypeScript's syntax over WebAssembly's types. `compile.ts` compiles it.
/** Decodes rows, and goes back to their activations. */
import { addManyRows, addScaled, at, dot, row, share } from "./rows.ts";

/** Numbers per row that `decode` writes: ‖ŷ − y‖², ‖y‖², ‖ŷ‖², active features, their sum. */
export const NUMBERS: i32 = 5;

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
