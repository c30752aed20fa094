/**
 * Reads the index of a Megatron data set (`MMapIndexedDataset` of Megatron-LM and GPT-NeoX), little-endian:
 *
 *   "MMIDIDX\0\0"  version 1 (u64)  number format (u8)  sequences n (u64)  documents (u64)
 *   ids per sequence (i32 × n)  first byte of each sequence (i64 × n)  first sequence of each document (i64 × documents)
 *
 * Reads it in parts, because the index of Pythia's training data has 146 million sequences.
 */
import { readRange } from "./file_range.ts";
import { FloatList } from "./float_list.ts";
import { ID_BYTES, type IdFormat, type TokenLayout } from "./token_layout.ts";

const MAGIC = "MMIDIDX\0\0";
const HEADER_BYTES = 34;

/** Sequences whose entries are read at once. */
const PART = 1 << 18;

/** Number formats by their code. */
const FORMATS: Record<number, IdFormat> = { 1: "U8", 3: "I16", 4: "I32", 5: "I64", 8: "U16" };

/**
 * Reads where the sequences of a data set are.
 * @param index path of the `.idx` file
 * @param path path of the `.bin` file
 * @throws Error naming the index, what was expected and what was found.
 */
export async function readMegatronIndex(index: string, path: string): Promise<TokenLayout> {
  using file = await Deno.open(index);
  const wrong = (expected: string, found: unknown): never => {
    throw new Error(`${index}: expected ${expected}, found ${found}`);
  };
  const { size: bytes } = await file.stat();
  if (bytes < HEADER_BYTES) wrong(`at least ${HEADER_BYTES} bytes`, bytes);
  const header = readRange(file, index, 0, HEADER_BYTES);
  const magic = new TextDecoder().decode(header.subarray(0, MAGIC.length));
  if (magic !== MAGIC) wrong("an index of a Megatron data set", JSON.stringify(magic));
  const view = new DataView(header.buffer);
  const version = view.getBigUint64(9, true);
  if (version !== 1n) wrong("version 1", version);
  const code = view.getUint8(17);
  const dtype = FORMATS[code] ?? wrong("ids in integers", `number format ${code}`);
  const n = Number(view.getBigUint64(18, true));
  const needed = HEADER_BYTES + 12 * n;
  if (bytes < needed) wrong(`at least ${needed} bytes for ${n} sequences`, bytes);

  let boundaries: FloatList | undefined;
  let count = 0, width: number | undefined;
  for (let from = 0; from < n; from += PART) {
    const part = Math.min(PART, n - from);
    const sizes = new DataView(readRange(file, index, HEADER_BYTES + 4 * from, 4 * part).buffer);
    const starts = new DataView(
      readRange(file, index, HEADER_BYTES + 4 * n + 8 * from, 8 * part).buffer,
    );
    for (let i = 0; i < part; i++) {
      const start = Number(starts.getBigInt64(8 * i, true));
      if (start !== count * ID_BYTES[dtype]) {
        const expected = count * ID_BYTES[dtype];
        wrong(`sequence ${from + i} at byte ${expected}, after the one before it`, start);
      }
      const size = sizes.getInt32(4 * i, true);
      if (size < 0) wrong(`a length of sequence ${from + i}`, size);
      width ??= size;
      if (size !== width && boundaries === undefined) {
        boundaries = new FloatList();
        for (let k = 0; k < from + i; k++) boundaries.push(k * width);
      }
      boundaries?.push(count);
      count += size;
    }
  }
  return { path, start: 0, dtype, count, ...(boundaries ? { boundaries } : width && { width }) };
}
