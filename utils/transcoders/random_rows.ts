/** Random vectors by seed: normal draws (Box–Muller on CPython's generator) and directions that are uniform on the sphere. */
import type { PythonRandom } from "../base/mod.ts";
import { type F32, tensor } from "../onnx/mod.ts";

/** Returns a draw from the standard normal distribution. */
export function normal(random: PythonRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.random()));
  return radius * Math.cos(2 * Math.PI * random.random());
}

/** Returns `[rows, width]` whose rows are random directions of norm 1. */
export function unitRows(rows: number, width: number, random: PythonRandom): F32 {
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const draws = Float64Array.from({ length: width }, () => normal(random));
    const norm = Math.sqrt(draws.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < width; i++) data[row * width + i] = draws[i] / norm;
  }
  return tensor(data, [rows, width]);
}
