/**
 * Named tensors that are trained, and their places in one vector.
 *
 * A run keeps all its parameters in one flat vector, and every slot of the optimiser (Adam's moments) in a vector of the
 * same layout. The tensors are views of it. Nothing is copied to feed a session, to save the run or to write a result.
 */

/** One tensor that is trained, or carried from step to step. */
export interface TensorSpec {
  /** name, unique within the run; also the name of its graph input */
  readonly name: string;
  /** shape; `[]` for a scalar */
  readonly shape: readonly number[];
}

/** A tensor and its place in the vector. */
export interface PlacedTensor extends TensorSpec {
  /** index of its first element */
  readonly offset: number;
  /** number of elements */
  readonly size: number;
}

/** All tensors of a run in their order. */
export interface Layout {
  /** the tensors, one after the other without gaps */
  readonly tensors: readonly PlacedTensor[];
  /** length of the vector */
  readonly size: number;
}

/**
 * Places tensors one after the other.
 * @throws Error naming the tensor whose name occurs twice or whose shape has a dimension that is not a positive integer.
 */
export function layoutOf(specs: readonly TensorSpec[]): Layout {
  const names = new Set<string>();
  let size = 0;
  const tensors = specs.map(({ name, shape }) => {
    if (names.has(name)) throw new Error(`two parameters have the name "${name}"`);
    names.add(name);
    if (!shape.every((n) => Number.isSafeInteger(n) && n > 0)) {
      throw new Error(`parameter "${name}": expected positive dimensions, found [${shape}]`);
    }
    const count = shape.reduce((a, b) => a * b, 1);
    const placed = { name, shape: [...shape], offset: size, size: count };
    size += count;
    return placed;
  });
  return { tensors, size };
}

/** Returns the part of a vector that holds a tensor, as a view. */
export function viewOf<Memory extends ArrayBufferLike>(
  vector: Float32Array<Memory>,
  { offset, size }: Pick<PlacedTensor, "offset" | "size">,
): Float32Array<Memory> {
  return vector.subarray(offset, offset + size);
}
