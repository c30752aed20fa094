/**
 * Element types of tensors: their ONNX numbers, their names in ONNX Runtime and their typed arrays.
 * Source: TensorProto.DataType of the ONNX specification.
 */

/** Typed arrays that hold the elements of a tensor. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Float16Array
  | BigInt64Array
  | Int32Array
  | Uint8Array;

/** Element types, by NumPy's names. */
export type Dtype = "float32" | "float64" | "float16" | "int64" | "int32" | "bool";

/** What there is to know of an element type. */
export interface DtypeFacts {
  /** TensorProto.DataType */
  onnx: number;
  /** tensor type string of ONNX Runtime's JavaScript interface */
  ort: string;
  /** size of an element */
  bytes: number;
  /** makes an array of zeros */
  make: (length: number) => TensorData;
}

/** The one table of element types. */
export const DTYPES: Record<Dtype, DtypeFacts> = {
  float32: { onnx: 1, ort: "float32", bytes: 4, make: (n) => new Float32Array(n) },
  float64: { onnx: 11, ort: "float64", bytes: 8, make: (n) => new Float64Array(n) },
  float16: { onnx: 10, ort: "float16", bytes: 2, make: (n) => new Float16Array(n) },
  int64: { onnx: 7, ort: "int64", bytes: 8, make: (n) => new BigInt64Array(n) },
  int32: { onnx: 6, ort: "int32", bytes: 4, make: (n) => new Int32Array(n) },
  bool: { onnx: 9, ort: "bool", bytes: 1, make: (n) => new Uint8Array(n) },
};

/** Data with its type and shape; `data` may be a view into a larger buffer. */
export interface Tensor<T extends TensorData = TensorData> {
  /** element type, which belongs to the array */
  dtype: Dtype;
  /** sizes, from the outermost axis */
  shape: number[];
  /** elements in row-major order */
  data: T;
}

/** A float32 tensor: what sessions compute and give. */
export type F32 = Tensor<Float32Array>;

/** Returns the number of elements of a concrete shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Returns the element type that belongs to a typed array; a `Uint8Array` holds booleans. */
export function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "bool";
  return "float16";
}

/**
 * Returns a tensor over existing data, which is not copied; the type follows from the array.
 * @throws RangeError when the shape does not hold as many elements as the array.
 */
export function tensor<T extends TensorData>(data: T, shape: number[]): Tensor<T> {
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `tensor of shape [${shape}] needs ${sizeOf(shape)} elements, the array has ${data.length}`,
    );
  }
  return { dtype: dtypeOf(data), shape, data };
}

/**
 * Gives the memory of tensors back at once; their data are empty afterwards. For results that nothing reads any more: the
 * garbage collector would keep them for a while, and would run more often because of them.
 * @throws Error for a view, whose array holds other data too.
 */
export function free(...tensors: readonly Tensor[]): void {
  for (const { data, shape } of tensors) {
    if (data.byteLength !== data.buffer.byteLength) {
      throw new Error(`free: the tensor of shape [${shape}] is a view into a larger array`);
    }
    (data.buffer as ArrayBuffer).transfer(0);
  }
}
