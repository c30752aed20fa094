/**
 * The memory of an attribution graph, estimated before anything is computed. For K features, R rows (features with a row, and
 * targets), S columns, L layers, n positions, width d, in float32:
 *
 *     edges      R·S, and R·(R + S − K) more when a cap makes the matrix smaller
 *     written    d·(K + 4·L·n) vectors; a cross-layer coder's feature writes to several layers
 *     maps       L·d² (twice that with linear paths)
 *     batch      the rows that are propagated at once: what is left, 48 MiB at most
 */
import { UserError } from "../../base/mod.ts";
import { LARGEST_BATCH, type LinearRun } from "../linear/mod.ts";

/** Bytes that a graph may take by default. */
const BUDGET = 1.5e9;
/** Smallest size of a batch. */
const SMALLEST_BATCH = 8 * 2 ** 20;

/** Returns the bytes of a graph without the batch of rows; see the header. */
export function graphBytes(run: LinearRun, targets: number, features: number): number {
  const { features: { count: K }, coders, tokens, model: { config } } = run;
  const { nLayers: L, dModel: d } = config, n = tokens.length;
  const R = features + targets, S = K + (L + 1) * n + 5 * L + 3;
  const compacted = features < K ? R * (features + S - K) : 0;
  const widest = Math.max(
    ...coders.map(({ config: { decoderLayers } }) => decoderLayers?.length ?? 1),
  );
  const maps = L * d * d * (coders.some(({ config: { skip } }) => skip) ? 2 : 1);
  return 4 * (R * S + compacted + d * (widest * K + 4 * L * n) + maps);
}

/**
 * Returns the bytes for a batch of rows.
 * @param budget bytes that everything may take together
 * @throws UserError with the estimate, and what to change, if the budget does not suffice.
 */
export function checkMemory(
  run: LinearRun,
  targets: number,
  features: number,
  budget = BUDGET,
): number {
  const fixed = graphBytes(run, targets, features);
  const left = budget - fixed;
  if (left >= SMALLEST_BATCH) return Math.min(LARGEST_BATCH, left);
  const gb = (x: number) => (x / 1e9).toFixed(2);
  throw new UserError(
    `an attribution graph of ${features} features (${run.features.count} active) needs about ` +
      `${gb(fixed + SMALLEST_BATCH)} GB besides model and coders, and the memory budget is ${
        gb(budget)
      } GB; ` +
      "choose a larger memory budget, fewer features (maxFeatures) or a shorter prompt",
  );
}
