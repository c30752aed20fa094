/**
 * Reuse of large buffers between runs. What a forward pass saves for the backward pass is as large as everything else
 * together; left to the garbage collector, two generations of it would be alive at once.
 *
 * A buffer is found again by its exact length. Where a length is asked for that is not there, all free buffers are let
 * go first: the shapes of the work have changed, and what is kept never exceeds what one pass needed.
 */
import { sizeOf, type Tensor, tensor } from "./dtype.ts";

export class TensorPool {
  readonly #free = new Map<number, Float32Array[]>();

  /** A tensor with arbitrary contents, to be written in full. */
  take(shape: number[]): Tensor<Float32Array> {
    const length = sizeOf(shape);
    const found = this.#free.get(length)?.pop();
    if (!found) this.#free.clear();
    return tensor(found ?? new Float32Array(length), shape);
  }

  /** Gives a tensor back that nobody reads any more. */
  give({ data }: Tensor<Float32Array>): void {
    const list = this.#free.get(data.length);
    if (list) list.push(data);
    else this.#free.set(data.length, [data]);
  }

  /** Lets all free buffers go. */
  clear(): void {
    this.#free.clear();
  }
}
