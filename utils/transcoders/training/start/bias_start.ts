/**
 * Start values of a bias from a sample of the vectors that it is added to, as in transcoder_circuits:
 *
 *   zeros              0
 *   mean               the mean
 *   geometric_median   the point of smallest mean distance, by Weiszfeld's iteration from the mean:
 *                        wᵢ = 1/max(‖zᵢ − m‖, 1e-6),   m ← Σ wᵢ zᵢ / Σ wᵢ
 *
 * All sums are in double precision. The median costs up to 100 passes over the sample.
 */

/** Kind of start value. */
export type BiasStart = "zeros" | "mean" | "geometric_median";

/** When Weiszfeld's iteration ends. */
export interface MedianOptions {
  /** largest number of iterations; default 100 */
  iterations?: number;
  /** ends when the mean distance moves by no more than this share; default 1e-20: when it stands still */
  tolerance?: number;
}

/** Vectors nearer than this to the centre count as this far. */
const NEAREST = 1e-6;

/**
 * Returns the start value `[width]` of a bias.
 * @param sample `[n, width]`, row-major
 * @throws Error when the sample is not one or more whole rows.
 */
export function biasStart(
  kind: BiasStart,
  sample: Float32Array,
  width: number,
): Float32Array<ArrayBuffer> {
  switch (kind) {
    case "zeros":
      return new Float32Array(width);
    case "mean":
      checkRows(sample, width);
      return Float32Array.from(weightedMean(sample, width, () => 1));
    case "geometric_median":
      return geometricMedian(sample, width);
  }
}

/**
 * Returns the geometric median `[width]` of the rows of a sample `[n, width]`.
 * @throws Error when the sample is not one or more whole rows.
 */
export function geometricMedian(
  sample: Float32Array,
  width: number,
  { iterations = 100, tolerance = 1e-20 }: MedianOptions = {},
): Float32Array<ArrayBuffer> {
  checkRows(sample, width);
  let centre = weightedMean(sample, width, () => 1);
  let distances = distancesTo(centre, sample);
  let objective = meanOf(distances);
  for (let i = 0; i < iterations; i++) {
    const before = objective;
    centre = weightedMean(sample, width, (row) => 1 / Math.max(distances[row], NEAREST));
    distances = distancesTo(centre, sample);
    objective = meanOf(distances);
    if (Math.abs(before - objective) <= tolerance * objective) break;
  }
  return Float32Array.from(centre);
}

function checkRows(sample: Float32Array, width: number): void {
  if (sample.length > 0 && sample.length % width === 0) return;
  throw new Error(
    `bias start: expected rows of ${width} elements, found ${sample.length} elements`,
  );
}

function weightedMean(
  sample: Float32Array,
  width: number,
  weight: (row: number) => number,
): Float64Array {
  const sum = new Float64Array(width);
  let total = 0;
  for (let row = 0; row * width < sample.length; row++) {
    const w = weight(row), start = row * width;
    total += w;
    for (let d = 0; d < width; d++) sum[d] += w * sample[start + d];
  }
  return sum.map((s) => s / total);
}

function distancesTo(centre: Float64Array, sample: Float32Array): Float64Array {
  const width = centre.length;
  return Float64Array.from({ length: sample.length / width }, (_, row) => {
    let squared = 0;
    for (let d = 0; d < width; d++) squared += (sample[row * width + d] - centre[d]) ** 2;
    return Math.sqrt(squared);
  });
}

const meanOf = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;
