/**
 * Chooses the features of a graph under a cap, by influence (circuit-tracer):
 *
 *  1. The rows of the targets are there.
 *  2. Influence as the rows so far have it: rows made absolute and divided by their sum; a source's influence is the sum over
 *     the rows of their influence times the edge. Features without a row pass nothing on.
 *  3. Take the features without a row that have the largest influence, compute their rows, and go back to 2, until there are
 *     as many as the cap allows.
 *
 * Then the columns of the other features are added up to the bias node `left_out`.
 */
/** Smallest sum that a row is divided by, as in circuit-tracer. */
const SMALLEST_SUM = 1e-8;

/** What a cap on the features left out. */
export interface LeftOut {
  /** number of active features without a row */
  features: number;
  /** their share of the influence of all features, as known when the last feature was chosen */
  influence: number;
}

/** The matrix that is filled: rows of chosen features, then those of the targets. */
export interface CappedEdges {
  /** edges `[most + T, columns]` */
  edges: Float32Array;
  /** number of columns */
  columns: number;
  /** first column of the bias nodes, which have no influence */
  firstBias: number;
  /** number of active features K: the first columns */
  features: number;
  /** column of the bias node `left_out` */
  leftOut: number;
}

/** Result of {@link cappedFeatures}. */
export interface CappedFeatures {
  /** chosen features, ascending */
  selected: number[];
  /** what was left out */
  leftOut: LeftOut;
  /** edges `[most + T, width]`, with the rows and columns of chosen features in their order */
  compacted: Float32Array;
  /** number of columns left */
  width: number;
}

/**
 * Chooses features and computes their rows; see the header.
 * @param weights weight of each target
 * @param addFeatures computes the rows of features into the rows from the given one on
 */
export async function cappedFeatures(
  matrix: CappedEdges,
  weights: readonly number[],
  { most, perRanking }: { most: number; perRanking: number },
  addFeatures: (chosen: readonly number[], from: number) => Promise<void>,
): Promise<CappedFeatures> {
  const { features: K } = matrix;
  const chosen: number[] = [], hasRow = new Uint8Array(K);
  while (chosen.length < most) {
    const influence = partialInfluence(matrix, weights, most, chosen);
    const ranked = Array.from(hasRow.keys()).filter((i) => !hasRow[i])
      .sort((a, b) => influence[b] - influence[a] || a - b);
    const next = ranked.slice(0, Math.min(perRanking, most - chosen.length));
    await addFeatures(next, chosen.length);
    next.forEach((i) => hasRow[i] = 1);
    chosen.push(...next);
  }
  const influence = partialInfluence(matrix, weights, most, chosen);
  let out = 0, all = 0;
  for (let i = 0; i < K; i++) {
    all += influence[i];
    if (!hasRow[i]) out += influence[i];
  }
  const leftOut = { features: K - most, influence: all === 0 ? 0 : out / all };
  return { ...compact(matrix, chosen, weights.length), leftOut };
}

/** Returns the influence of each source on the targets through the rows so far, without that of the targets themselves. */
function partialInfluence(
  { edges, columns, firstBias }: CappedEdges,
  weights: readonly number[],
  most: number,
  chosen: readonly number[],
): Float64Array {
  const influence = new Float64Array(firstBias);
  const spread = (row: number, weight: number) => {
    const at = row * columns;
    let sum = 0;
    for (let i = 0; i < firstBias; i++) sum += Math.abs(edges[at + i]);
    const by = weight / Math.max(sum, SMALLEST_SUM);
    if (by !== 0) {
      for (let i = 0; i < firstBias; i++) {
        influence[i] += by * Math.abs(edges[at + i]);
      }
    }
  };
  weights.forEach((weight, t) => spread(most + t, weight));
  // Sources come before what they act on, so that one pass from the last feature down does.
  const order = Array.from(chosen.keys()).sort((a, b) => chosen[b] - chosen[a]);
  for (const row of order) spread(row, influence[chosen[row]]);
  return influence;
}

function compact(
  { edges, columns, features: K, leftOut }: CappedEdges,
  chosen: readonly number[],
  targets: number,
): Pick<CappedFeatures, "selected" | "compacted" | "width"> {
  const most = chosen.length, width = most + columns - K;
  const order = Array.from(chosen.keys()).sort((a, b) => chosen[a] - chosen[b]);
  const selected = order.map((row) => chosen[row]);
  const rows = [...order, ...Array.from({ length: targets }, (_, t) => most + t)];
  const compacted = new Float32Array(rows.length * width);
  const others = new Uint8Array(K).fill(1);
  selected.forEach((i) => others[i] = 0);
  for (const [r, row] of rows.entries()) {
    const from = row * columns, to = r * width;
    selected.forEach((i, j) => compacted[to + j] = edges[from + i]);
    compacted.set(edges.subarray(from + K, from + columns), to + most);
    let rest = 0;
    for (let i = 0; i < K; i++) if (others[i]) rest += edges[from + i];
    compacted[to + leftOut - K + most] = rest;
  }
  return { selected, compacted, width };
}
