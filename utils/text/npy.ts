/**
 * Reads the header of a NumPy file (format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
 * the bytes `\x93NUMPY`, a version, the length of the header, and a Python dictionary of `descr`, `fortran_order` and `shape`.
 */
import { oneLine } from "../base/mod.ts";
import { readRange } from "./file_range.ts";
import type { IdFormat, TokenLayout } from "./token_layout.ts";

const FORMATS: Record<string, IdFormat> = {
  "|u1": "U8",
  "<u2": "U16",
  "<u4": "U32",
  "<i2": "I16",
  "<i4": "I32",
  "<i8": "I64",
};

/**
 * Reads where the ids of a `.npy` file are.
 * @throws Error naming the file, what was expected and what was found.
 */
export async function readNpyHeader(path: string): Promise<TokenLayout> {
  using file = await Deno.open(path);
  const prefix = readRange(file, path, 0, 12);
  const magic = String.fromCharCode(...prefix.subarray(1, 6));
  if (prefix[0] !== 0x93 || magic !== "NUMPY") {
    throw new Error(
      `${path}: expected a NumPy file, found other bytes at its start; raw ids without a header go ` +
        `into a .bin file`,
    );
  }
  const view = new DataView(prefix.buffer);
  const [start, length] = prefix[6] === 1
    ? [10, view.getUint16(8, true)]
    : [12, view.getUint32(8, true)];
  const header = new TextDecoder().decode(readRange(file, path, start, length));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1].split(",").map((n) => n.trim())
    .filter(Boolean).map(Number) ?? [];
  const fortran = /'fortran_order':\s*True/.test(header);
  const dtype = FORMATS[descr];
  if (dtype === undefined || ![1, 2].includes(shape.length) || fortran) {
    throw new Error(
      `${path}: expected a C-ordered array [tokens] or [rows, width] of ${
        Object.keys(FORMATS).join(", ")
      }, found ${oneLine(header.trim()).slice(0, 200)}`,
    );
  }
  const count = shape.reduce((a, b) => a * b, 1);
  return { path, start: start + length, dtype, count, width: shape[1] };
}
