/**
 * Reading and writing safetensors files (format: https://huggingface.co/docs/safetensors).
 *
 * A file is: 8 bytes little-endian length of the header; the header, JSON from tensor name to
 * `{dtype, shape, data_offsets: [begin, end]}`, offsets counted from the end of the header; the data.
 * Only the header is read at opening. A file is untrusted: the header may not exceed 100 MB nor the file, every tensor's
 * byte range must match its shape and format, and the ranges must tile the data without holes or overlaps.
 *
 * When writing, tensors are laid out by falling element size, then by name, and the header is padded with spaces to a
 * multiple of 8, so that every tensor is aligned and the same tensors always give the same bytes. One tensor at a time
 * is encoded and written to a temporary file in the same folder, which is renamed when it is complete.
 */
import { dirname } from "@std/path";
import { type Dtype, DTYPE_BYTES, encodeNumbers, isDtype } from "./float16.ts";
import { elementCount, rowMajorStrides, type StoredTensor } from "./stored_tensor.ts";
import { TensorSet } from "./tensor_set.ts";

/** Largest header that is read, the limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

/**
 * Reads and verifies the header of a safetensors file.
 * @throws Error naming the file, the tensor, what was found and what was expected.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await Deno.open(path);
  try {
    const fileBytes = (await file.stat()).size;
    const prefix = await readBytes(file, 8, path, fileBytes);
    const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    if (headerBytes > MAX_HEADER_BYTES || headerBytes > fileBytes - 8) {
      throw new Error(
        `${path}: the header should be ${headerBytes} bytes long, but the file has ${fileBytes}` +
          ` and the limit is ${MAX_HEADER_BYTES}; the file is truncated or not a safetensors file`,
      );
    }
    const text = new TextDecoder().decode(await readBytes(file, headerBytes, path, fileBytes));
    return parseHeader(text, path, 8 + headerBytes, fileBytes);
  } finally {
    file.close();
  }
}

/** Opens one safetensors file whose tensors are then read by name, as float32. Same errors as the header's. */
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
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(text);
    if (typeof header !== "object" || header === null || Array.isArray(header)) {
      throw new Error("it is not an object");
    }
  } catch (cause) {
    throw new Error(`${path}: the header is not valid JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  const tensors = new Map<string, StoredTensor>();
  const ranges: { name: string; begin: number; end: number }[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = entry as Record<string, string>;
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

function checkedEntry(name: string, entry: unknown, path: string) {
  const where = `${path}: tensor ${name}`;
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (!isDtype(dtype)) {
    throw new Error(
      `${where} has dtype ${JSON.stringify(dtype)}; expected one of ${
        Object.keys(DTYPE_BYTES).join(", ")
      }`,
    );
  }
  const isSize = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw new Error(
      `${where} has shape ${JSON.stringify(shape)}; expected a list of non-negative integers`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new Error(
      `${where} has data_offsets ${JSON.stringify(offsets)}; expected two non-negative integers`,
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
        `${path}: tensor ${name} begins at data byte ${begin}; expected ${at}, where the tensor before it ends ` +
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

/** A tensor to be written; `data` is row-major and is converted to `dtype`. */
export interface TensorToWrite {
  dtype: Dtype;
  shape: number[];
  data: ArrayLike<number>;
}

/**
 * Writes `tensors` to `path` at once or not at all, making the folder where it is missing.
 * @param metadata stored as `__metadata__`; Hugging Face's readers expect `format: "pt"`, which is the default
 * @throws Error naming the path and the tensor when a shape does not match its data, or the path when writing fails.
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
        `cannot write ${path}: tensor ${name} has shape [${shape}], that is ${
          elementCount(shape)
        } elements, but ${data.length} values`,
      );
    }
    const end = at + data.length * DTYPE_BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    try {
      // the sweep of abandoned temporary files (utils/base/files.ts) spares locked ones
      await file.lock(true).catch(() => {});
      await writeAll(file, headerBytes(header));
      for (const [, { dtype, data }] of ordered) await writeAll(file, encodeNumbers(data, dtype));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw new Error(`cannot write ${path}: ${(cause as Error).message}`, { cause });
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

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}
