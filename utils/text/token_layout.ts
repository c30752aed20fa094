/** Says where a file keeps its token ids, and in which number format. Formats have safetensors' names. */

/** Number format of token ids. */
export type IdFormat = "U8" | "U16" | "U32" | "I16" | "I32" | "I64";

/** Bytes of each number format of token ids. */
export const ID_BYTES: Record<IdFormat, number> = { U8: 1, U16: 2, U32: 4, I16: 2, I32: 4, I64: 8 };

/** Where the ids of a file are. */
export interface TokenLayout {
  /** file that holds the ids */
  path: string;
  /** first byte of the ids */
  start: number;
  /** number format */
  dtype: IdFormat;
  /** number of ids */
  count: number;
  /** ids per stored row, where all rows are equally long */
  width?: number;
  /** first ids of the stored sequences, rising, where they are not equally long */
  boundaries?: { length: number; at(index: number): number };
}

/** Returns whether a value is the name of a number format of ids. */
export function isIdFormat(value: unknown): value is IdFormat {
  return typeof value === "string" && Object.hasOwn(ID_BYTES, value);
}
