/**
 * Converts between stored number formats and float32.
 *
 * float16 uses `Float16Array`, whose conversion is native (IEEE 754 binary16, round to nearest even).
 * bfloat16 is the upper half of a float32. Reading shifts by 16 bits. Writing rounds to nearest even: it adds 0x7fff
 * plus the lowest kept bit before the shift. NaN is a special case and stays NaN.
 * All formats are little-endian, as safetensors and PyTorch store them.
 */

/** Bytes per element of every format that can be stored, under safetensors' names. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** Names a number format as safetensors does. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** Tells whether `name` is a format that can be read. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(DTYPE_BYTES, name);
}

/** Converts the elements stored in `bytes` (any alignment) to float32 and writes them to `out` from index `at`. */
export function convertToFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: Dtype,
  out: Float32Array,
  at = 0,
): void {
  const whole = bytes.byteOffset % DTYPE_BYTES[dtype] === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset } = whole;
  const n = whole.byteLength / DTYPE_BYTES[dtype];
  switch (dtype) {
    case "BF16": {
      const halves = new Uint16Array(buffer, byteOffset, n);
      const bits = new Uint32Array(out.buffer, out.byteOffset + 4 * at, n);
      for (let i = 0; i < n; i++) bits[i] = halves[i] << 16;
      return;
    }
    case "I64":
    case "U64": {
      const Integers = dtype === "I64" ? BigInt64Array : BigUint64Array;
      const integers = new Integers(buffer, byteOffset, n);
      for (let i = 0; i < n; i++) out[at + i] = Number(integers[i]);
      return;
    }
    default:
      out.set(new ARRAYS[dtype](buffer, byteOffset, n), at);
  }
}

const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/**
 * Encodes `values` as `dtype`, little-endian.
 * Integers outside the format's range wrap, as in a typed array; float16 values above 65504 become infinite.
 */
export function encodeNumbers(values: ArrayLike<number>, dtype: Dtype): Uint8Array<ArrayBuffer> {
  if (dtype === "BF16") return encodeBfloat16(values);
  if (dtype === "I64" || dtype === "U64") {
    const integers = BigInt64Array.from(values, (value) => BigInt(value));
    return new Uint8Array(integers.buffer);
  }
  const numbers = new ARRAYS[dtype](values);
  return new Uint8Array(numbers.buffer as ArrayBuffer);
}

function encodeBfloat16(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const floats = new Float32Array(values);
  const bits = new Uint32Array(floats.buffer);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const isNaN = (bits[i] & 0x7fffffff) > 0x7f800000;
    halves[i] = isNaN
      ? (bits[i] >>> 16) | 0x40
      : (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(halves.buffer);
}

/** Returns the index of the first NaN or infinity (an exponent of all ones), or −1 if all values are finite. */
export function firstNonFinite(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let carry = 0;
  for (let i = 0; i < bits.length; i++) carry |= (bits[i] & 0x7f800000) + 0x00800000;
  if (carry >= 0) return -1;
  return values.findIndex((value) => !Number.isFinite(value));
}
