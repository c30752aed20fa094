/** Arrays in the memory of kernels, placed one after the other. */
import type { KernelMemory } from "./pool.ts";

/** Bytes at the start that WebAssembly's own data may take. */
const RESERVED = 4096;

/** Every array starts at a multiple of this, a cache line. */
const LINE = 64;

/** Sizes of arrays by name, in elements of 4 bytes. */
export type Sizes<K extends string> = Readonly<Record<K, number>>;

/** Addresses of the arrays. */
export interface Placed<K extends string> {
  /** first byte of each array */
  readonly addresses: Readonly<Record<K, number>>;
  /** bytes of all together, what is before them included */
  readonly bytes: number;
}

/**
 * Places arrays.
 * @param from first byte that is free
 */
export function placed<K extends string>(sizes: Sizes<K>, from = RESERVED): Placed<K> {
  let bytes = Math.ceil(from / LINE) * LINE;
  const addresses = {} as Record<K, number>;
  for (const [name, size] of Object.entries(sizes) as [K, number][]) {
    addresses[name] = bytes;
    bytes += Math.ceil(4 * size / LINE) * LINE;
  }
  return { addresses, bytes };
}

/** Returns a view of n floats. */
export function floats({ memory }: KernelMemory, address: number, n: number): Float32Array {
  return new Float32Array(memory.buffer, address, n);
}

/** Returns a view of n integers. */
export function integers({ memory }: KernelMemory, address: number, n: number): Int32Array {
  return new Int32Array(memory.buffer, address, n);
}
