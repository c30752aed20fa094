/**
 * Packs several pruned circuits for one batched run.
 *
 *  1. Group circuits as long as a group fits in memory.
 *  2. List the sources, heads and MLPs that any circuit of the group uses.
 *  3. Return each circuit's edges among them as a matrix.
 */
import { type CircuitShape, layerRows, nBackward, nForward } from "../graph/mod.ts";

/** Describes what a group of circuits uses together. */
export interface CircuitBatch {
  /** edges of each circuit, `[nForward, nBackward]` */
  masks: readonly Uint8Array[];
  /** sources that any circuit uses, ascending; the input is always first */
  sources: number[];
  /** heads in use, per layer */
  heads: number[][];
  /** whether the MLP is in use, per layer */
  mlp: boolean[];
}

/**
 * Returns `[nForward]`: 1 for the input and for every source that a circuit uses, else 0. Coupled heads of a layer are all
 * in use if one is.
 */
function sourcesInUse(shape: CircuitShape, mask: Uint8Array): Uint8Array {
  const columns = nBackward(shape);
  const used = Uint8Array.from(
    { length: nForward(shape) },
    (_, u) => u === 0 || mask.subarray(u * columns, (u + 1) * columns).includes(1) ? 1 : 0,
  );
  for (let l = 0; shape.coupled && l < shape.nLayers; l++) {
    const { heads, mlp } = layerRows(shape, l);
    if (used.subarray(heads, mlp).includes(1)) used.fill(1, heads, mlp);
  }
  return used;
}

/** Returns the batch of some circuits; `used` marks their sources. */
function batchOf(
  shape: CircuitShape,
  masks: readonly Uint8Array[],
  used: Uint8Array,
): CircuitBatch {
  const layers = Array.from({ length: shape.nLayers }, (_, l) => l);
  return {
    masks,
    sources: Array.from(used.keys()).filter((u) => used[u]),
    heads: layers.map((l) =>
      Array.from({ length: shape.nHeads }, (_, h) => h).filter((h) =>
        used[layerRows(shape, l).heads + h]
      )
    ),
    mlp: layers.map((l) => used[layerRows(shape, l).mlp] === 1),
  };
}

/** Yields circuits in groups, in order. A group grows while `fits` accepts it and has at least one circuit. */
export function* circuitBatches(
  shape: CircuitShape,
  masks: readonly Uint8Array[],
  fits: (batch: CircuitBatch) => boolean,
): Generator<CircuitBatch> {
  let group: CircuitBatch | undefined;
  let used: Uint8Array = new Uint8Array(nForward(shape));
  for (const mask of masks) {
    const own = sourcesInUse(shape, mask);
    const together = own.map((one, u) => one | used[u]);
    const larger = batchOf(shape, [...group?.masks ?? [], mask], together);
    if (group && !fits(larger)) {
      yield group;
      [group, used] = [batchOf(shape, [mask], own), own];
    } else [group, used] = [larger, together];
  }
  if (group) yield group;
}

/**
 * Returns the edges of circuit c into some columns as 0 and 1, `[columns, 1 + count]`. Entry 0 is the corrupted
 * residual, which is always in; the others are the first `count` sources in use.
 */
export function edgesInto(
  shape: CircuitShape,
  { masks, sources }: CircuitBatch,
  c: number,
  into: readonly number[],
  count: number,
): Float32Array {
  const columns = nBackward(shape);
  const row = 1 + count;
  const edges = new Float32Array(into.length * row).fill(1);
  into.forEach((v, i) => {
    for (let s = 0; s < count; s++) edges[i * row + 1 + s] = masks[c][sources[s] * columns + v];
  });
  return edges;
}
