/**
 * Reads and writes safetensors files (format: https://huggingface.co/docs/safetensors).
 *
 * A file has three parts: the length of the header as 8 little-endian bytes; the header, JSON that maps tensor names to
 * `{dtype, shape, data_offsets: [begin, end]}`, with offsets from the end of the header; the data.
 * Opening a file reads only the header. Files are untrusted: the header may exceed neither 100 MB nor the file, every
 * tensor's byte range must match its shape and format, and the ranges must tile the data without holes or overlaps.
 *
 * The writer orders tensors by descending element size, then by name, and pads the header with spaces to a multiple of
 * 8. Every tensor is then aligned, and the same tensors always give the same bytes. The writer encodes one tensor at a
 * time into a temporary file in the same folder, and renames that file when it is complete.
 */
import { isObject, parseJson, shortJson } from "../base/mod.ts";
import { writePartsAtomic } from "./atomic_stream.ts";
import { type Dtype, DTYPE_BYTES, encodeNumbers, isDtype } from "./float16.ts";
import { elementCount, rowMajorStrides, type StoredTensor } from "./stored_tensor.ts";
import { TensorSet } from "./tensor_set.ts";

/** Largest header accepted; the limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/** Holds the content of a safetensors header. */
export interface SafetensorsHeader {
  /** Tensor name → its place in the file. */
  tensors: Map<string, StoredTensor>;
  /** The entry `__metadata__`; empty if the file has none. */
  metadata: Record<string, string>;
}

/**
 * Reads and verifies the header of a safetensors file.
 * @throws Error naming the file, the tensor, what was found and what was expected
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await Deno.open(path);
  try {
    const fileBytes = (await file.stat()).size;
    const prefix = await readBytes(file, 8, path, fileBytes);
    const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    if (headerBytes > MAX_HEADER_BYTES || headerBytes > fileBytes - 8) {
      throw new Error(
        `${path}: the header should be ${headerBytes} bytes, but the file has ${fileBytes}` +
          ` and the limit is ${MAX_HEADER_BYTES}; the file is truncated or not a safetensors file`,
      );
    }
    const text = new TextDecoder().decode(await readBytes(file, headerBytes, path, fileBytes));
    return parseHeader(text, path, 8 + headerBytes, fileBytes);
  } finally {
    file.close();
  }
}

/** Opens one safetensors file for reading tensors by name, as float32. Throws as {@link readSafetensorsHeader} does. */
export async function openSafetensors(path: string): Promise<TensorSet> {
  return new TensorSet(path, (await readSafetensorsHeader(path)).tensors);
}

async function readBytes(file: Deno.FsFile, n: number, path: string, fileBytes: number) {
  const bytes = new Uint8Array(n);
  for (let done = 0; done < n;) {
    const got = await file.read(bytes.subarray(done));
    if (got === null) throw new Error(`${path}: truncated, the file has only ${fileBytes} bytes`);
    done += got;
  }
  return bytes;
}

function parseHeader(
  text: string,
  path: string,
  dataStart: number,
  fileBytes: number,
): SafetensorsHeader {
  const header = parseJson(text, `${path}: the header`);
  if (!isObject(header)) {
    throw new Error(`${path}: expected the header to be an object, found ${shortJson(header)}`);
  }
  const tensors = new Map<string, StoredTensor>();
  const ranges: { name: string; begin: number; end: number }[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = checkedMetadata(entry, path);
      continue;
    }
    const { dtype, shape, begin, end } = checkedEntry(name, entry, path);
    ranges.push({ name, begin, end });
    tensors.set(name, {
      name,
      file: path,
      dtype,
      shape,
      strides: rowMajorStrides(shape),
      start: dataStart + begin,
    });
  }
  checkTiling(ranges, fileBytes - dataStart, path);
  return { tensors, metadata };
}

function checkedMetadata(entry: unknown, path: string): Record<string, string> {
  if (isObject(entry) && Object.values(entry).every((value) => typeof value === "string")) {
    return entry as Record<string, string>;
  }
  throw new Error(
    `${path}: expected __metadata__ to be an object of strings, found ${shortJson(entry)}`,
  );
}

function checkedEntry(name: string, entry: unknown, path: string) {
  const where = `${path}: tensor ${name}`;
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (!isDtype(dtype)) {
    throw new Error(
      `${where} has dtype ${shortJson(dtype)}; expected one of ${
        Object.keys(DTYPE_BYTES).join(", ")
      }`,
    );
  }
  const isSize = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw new Error(
      `${where} has shape ${shortJson(shape)}; expected a list of non-negative integers`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new Error(
      `${where} has data_offsets ${shortJson(offsets)}; expected two non-negative integers`,
    );
  }
  const [begin, end] = offsets as [number, number];
  const expected = elementCount(shape) * DTYPE_BYTES[dtype];
  if (end - begin !== expected) {
    throw new Error(
      `${where} takes ${end - begin} bytes; expected ${expected} for ${dtype} [${shape}]`,
    );
  }
  return { dtype: dtype as Dtype, shape: shape as number[], begin, end };
}

function checkTiling(
  ranges: { name: string; begin: number; end: number }[],
  dataBytes: number,
  path: string,
): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of ranges) {
    if (begin !== at) {
      throw new Error(
        `${path}: tensor ${name} begins at data byte ${begin}; expected ${at}, where the previous tensor ends ` +
          `(${begin < at ? "overlapping tensors" : "a hole"})`,
      );
    }
    if (end > dataBytes) {
      throw new Error(
        `${path}: tensor ${name} ends at data byte ${end}, but the file holds only ${dataBytes}; ` +
          `it is truncated: download or write it again`,
      );
    }
    at = end;
  }
  if (at !== dataBytes) {
    throw new Error(`${path}: the tensors end at data byte ${at}, but the file holds ${dataBytes}`);
  }
}

/** Describes a tensor to write. */
export interface TensorToWrite {
  /** Number format to store. */
  dtype: Dtype;
  /** Size of each axis. */
  shape: number[];
  /** Row-major values, converted to `dtype` when written. */
  data: ArrayLike<number>;
}

/**
 * Writes `tensors` to `path` atomically. Creates the folder if it is missing.
 * @param metadata stored as `__metadata__`; Hugging Face's readers expect the default, `format: "pt"`
 * @throws Error naming the path, and the tensor if its shape does not match its data
 */
export async function writeSafetensors(
  path: string,
  tensors: Record<string, TensorToWrite>,
  metadata: Record<string, string> = { format: "pt" },
): Promise<void> {
  const ordered = Object.entries(tensors).sort(([a, x], [b, y]) =>
    DTYPE_BYTES[y.dtype] - DTYPE_BYTES[x.dtype] || (a < b ? -1 : a > b ? 1 : 0)
  );
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (elementCount(shape) !== data.length) {
      throw new Error(
        `cannot write ${path}: tensor ${name} has shape [${shape}] (${
          elementCount(shape)
        } elements) but ${data.length} values`,
      );
    }
    const end = at + data.length * DTYPE_BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  await writePartsAtomic(path, parts());

  function* parts() {
    yield headerBytes(header);
    for (const [, { dtype, data }] of ordered) yield encodeNumbers(data, dtype);
  }
}

function headerBytes(header: Record<string, unknown>): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
