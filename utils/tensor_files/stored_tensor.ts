/**
 * Describes where a tensor's bytes are in a file, and reads them.
 *
 * Safetensors files and PyTorch zip pickles both reduce to this: an absolute byte offset, a number format, a shape and
 * strides. Reads go in chunks through the asynchronous file API, whose thread pool lets reading overlap with computing.
 * Memory never holds more than the float32 result and one chunk.
 *
 * Strides: element (i_0, i_1, …) is storage element Σ i_k · stride_k, counted from `start`.
 */
import { convertToFloat32, type Dtype, DTYPE_BYTES, firstNonFinite } from "./float16.ts";

/** Locates one tensor in a file; holds none of its data. */
export interface StoredTensor {
  /** Name as stored. */
  name: string;
  /** Path of the file that holds the bytes. */
  file: string;
  /** Number format of the stored elements. */
  dtype: Dtype;
  /** Size of each axis; empty for a scalar. */
  shape: number[];
  /** Elements from one index to the next, per axis. */
  strides: number[];
  /** Byte offset in the file of element (0, 0, …). */
  start: number;
}

/** Bytes per read: large enough for a disk's full rate, small compared with a layer. */
const PIECE_BYTES = 16 << 20;

/** Returns the number of elements of `shape` (1 for a scalar). */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Returns the strides, in elements, of a row-major tensor. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let k = shape.length - 1, step = 1; k >= 0; k--) {
    strides[k] = step;
    step *= shape[k];
  }
  return strides;
}

/** Counts the storage elements from the first to the last one used, inclusive; 0 for an empty tensor. */
export function storageSpan(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, n, k) => span + (n - 1) * strides[k], 1);
}

/**
 * Reads a whole tensor of any format and strides as row-major float32.
 * @throws Error naming the file and the tensor if the file ends too early, strides overlap or a value is not finite
 */
export async function readStoredTensor(tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const span = storageSpan(tensor.shape, tensor.strides);
  if (elementCount(tensor.shape) > span) {
    throw new Error(
      `${tensor.file}: tensor ${tensor.name} with shape [${tensor.shape}] and strides [${tensor.strides}] repeats ` +
        `stored elements; save a contiguous copy`,
    );
  }
  const stored = new Float32Array(span);
  await readInto(stored, tensor);
  const rowMajor = tensor.shape.every((n, k) =>
    n === 1 || tensor.strides[k] === rowMajorStrides(tensor.shape)[k]
  );
  const values = rowMajor ? stored : gather(stored, tensor.shape, tensor.strides);
  const bad = firstNonFinite(values);
  if (bad >= 0) {
    throw new Error(
      `${tensor.file}: tensor ${tensor.name} holds ${values[bad]} at index [${
        unravel(bad, tensor.shape)
      }] ` +
        `where a finite number is expected; the checkpoint is damaged or its training diverged`,
    );
  }
  return values;
}

async function readInto(out: Float32Array<ArrayBuffer>, tensor: StoredTensor): Promise<void> {
  const width = DTYPE_BYTES[tensor.dtype];
  const file = await Deno.open(tensor.file);
  try {
    await file.seek(tensor.start, Deno.SeekMode.Start);
    if (tensor.dtype === "F32") {
      await readFully(file, new Uint8Array(out.buffer), tensor);
      return;
    }
    const piece = Math.min(out.length, PIECE_BYTES / width);
    const bytes = new Uint8Array(piece * width);
    for (let at = 0; at < out.length; at += piece) {
      const part = bytes.subarray(0, Math.min(piece, out.length - at) * width);
      await readFully(file, part, tensor);
      convertToFloat32(part, tensor.dtype, out, at);
    }
  } finally {
    file.close();
  }
}

async function readFully(file: Deno.FsFile, bytes: Uint8Array<ArrayBuffer>, tensor: StoredTensor) {
  for (let done = 0; done < bytes.length;) {
    const n = await file.read(bytes.subarray(done));
    if (n === null) {
      throw new Error(
        `${tensor.file}: the file ends inside tensor ${tensor.name} (${
          bytes.length - done
        } bytes missing); download or write it again`,
      );
    }
    done += n;
  }
}

function gather(
  stored: Float32Array,
  shape: number[],
  strides: number[],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(elementCount(shape));
  let at = 0;
  const walk = (axis: number, from: number) => {
    const last = axis === shape.length - 1;
    for (let i = 0, k = from; i < shape[axis]; i++, k += strides[axis]) {
      if (last) out[at++] = stored[k];
      else walk(axis + 1, k);
    }
  };
  if (out.length > 0) walk(0, 0);
  return out;
}

/** Returns the index per axis of row-major element `flat`. */
function unravel(flat: number, shape: number[]): string {
  return rowMajorStrides(shape).map((step, k) => Math.floor(flat / step) % shape[k]).join(", ");
}
