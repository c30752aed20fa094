/**
 * Several pruned circuits as the matrices that a batched run needs: which sources and heads any of them uses, and the
 * edges among those.
 */
import { type CircuitShape, layerRows, nBackward, nForward } from "../graph/mod.ts";

export interface CircuitBatch {
  masks: readonly Uint8Array[];
  /** sources in use by any circuit, ascending; the input is always first */
  sources: number[];
  /** per layer: heads in use */
  heads: number[][];
  /** per layer: whether the MLP is in use */
  mlp: boolean[];
}

/** 1 for every source `[nForward]` that a circuit uses, and for the input. */
function sourcesInUse(shape: CircuitShape, mask: Uint8Array): Uint8Array {
  const columns = nBackward(shape);
  return Uint8Array.from(
    { length: nForward(shape) },
    (_, u) => u === 0 || mask.subarray(u * columns, (u + 1) * columns).includes(1) ? 1 : 0,
  );
}

/** Returns what circuits use together; `used` are their sources. */
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

/** Circuits in groups, in their order, each of as many as `fits` accepts; one is always accepted. */
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
 * Edges of circuit c into some columns, `[columns, 1 + count]` as 0 and 1: from the corrupted residual, which is always
 * in, and from the first `count` sources in use.
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
