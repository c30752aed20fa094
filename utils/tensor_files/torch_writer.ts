/**
 * Writes a PyTorch file that `torch.load` reads: a zip archive of uncompressed entries, as `torch_checkpoint.ts` describes.
 *
 * 1. The pickle (protocol 2, Python's Lib/pickle.py) describes dictionaries, lists, configuration objects and tensors. A
 *    tensor is `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
 * 2. Every tensor has its own storage, `{folder}/data/{i}`, in float32, little-endian.
 * 3. The archive goes to a temporary file, which gets its name when it is complete.
 */
import { Buffer } from "node:buffer";
import { basename } from "@std/path";
// @ts-types="@types/yazl"
import * as yazl from "yazl";
import { writePartsAtomic } from "./atomic_stream.ts";
import { rowMajorStrides } from "./stored_tensor.ts";

/** What can be written. Text that names a number format, such as `torch.float32`, becomes that format in Python. */
export type PickleValue =
  | string
  | number
  | boolean
  | null
  | PickleValue[]
  | { kind: "dictionary"; entries: Record<string, PickleValue> }
  | { kind: "object"; className: string; entries: Record<string, PickleValue> }
  | { kind: "tensor"; shape: number[]; data: Float32Array };

/**
 * Writes `root` to `path` atomically. Creates the folder if it is missing.
 * @throws Error naming the path
 */
export async function writeTorchObject(path: string, root: PickleValue): Promise<void> {
  const folder = basename(path).replace(/\.pt$/, "");
  const writer = new PickleWriter();
  const pickle = writer.write(root);
  const zip = new yazl.ZipFile();
  const options = { compress: false, mtime: new Date(2020, 0, 1), mode: 0o100644 };
  const entry = (name: string, bytes: Uint8Array) =>
    zip.addBuffer(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      `${folder}/${name}`,
      options,
    );
  const text = (value: string) => new TextEncoder().encode(value);
  entry("data.pkl", pickle);
  entry("byteorder", text("little"));
  writer.storages.forEach((data, i) =>
    entry(`data/${i}`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  );
  entry("version", text("3\n"));
  zip.end();
  await writePartsAtomic(path, zip.outputStream as AsyncIterable<Uint8Array>);
}

/** Writes one pickle, and collects the storages that it refers to. */
class PickleWriter {
  readonly storages: Float32Array[] = [];
  #bytes: number[] = [];

  write(root: PickleValue): Uint8Array {
    this.#put(0x80, 2);
    this.#value(root);
    this.#put(0x2e);
    return Uint8Array.from(this.#bytes);
  }

  #put(...bytes: number[]): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  #ascii(text: string): void {
    for (const char of text) this.#put(char.charCodeAt(0));
  }

  #value(value: PickleValue): void {
    if (value === null) return this.#ascii("N");
    if (typeof value === "boolean") return this.#put(value ? 0x88 : 0x89);
    if (typeof value === "number") return this.#number(value);
    if (typeof value === "string") {
      return /^torch\.b?float(16|32|64)$/.test(value) ? this.#global(value) : this.#text(value);
    }
    if (Array.isArray(value)) return this.#list(value);
    if (value.kind === "tensor") return this.#tensor(value.shape, value.data);
    if (value.kind === "dictionary") return this.#dictionary(value.entries);
    this.#global(value.className);
    this.#put(0x29, 0x81); // empty tuple, NEWOBJ
    this.#dictionary(value.entries);
    this.#ascii("b"); // BUILD
  }

  #number(value: number): void {
    const bytes = new DataView(new ArrayBuffer(8));
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
      bytes.setInt32(0, value, true);
      this.#ascii("J");
      for (let i = 0; i < 4; i++) this.#put(bytes.getUint8(i));
      return;
    }
    const long = Number.isSafeInteger(value);
    if (long) bytes.setBigInt64(0, BigInt(value), true);
    else bytes.setFloat64(0, value, false);
    if (long) this.#put(0x8a, 8); // LONG1
    else this.#ascii("G");
    for (let i = 0; i < 8; i++) this.#put(bytes.getUint8(i));
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, bytes.length, true);
    this.#ascii("X");
    for (let i = 0; i < 4; i++) this.#put(length.getUint8(i));
    this.#put(...bytes);
  }

  /** `torch._utils._rebuild_tensor_v2` is the name after the last dot, in the module before it. */
  #global(name: string): void {
    const at = name.lastIndexOf(".");
    this.#ascii(`c${name.slice(0, at)}\n${name.slice(at + 1)}\n`);
  }

  #list(values: readonly PickleValue[]): void {
    this.#ascii("](");
    for (const value of values) this.#value(value);
    this.#ascii("e");
  }

  #tuple(values: readonly number[]): void {
    this.#ascii("(");
    for (const value of values) this.#number(value);
    this.#ascii("t");
  }

  #dictionary(entries: Record<string, PickleValue>): void {
    this.#ascii("}(");
    for (const [key, value] of Object.entries(entries)) {
      this.#text(key);
      this.#value(value);
    }
    this.#ascii("u");
  }

  #tensor(shape: number[], data: Float32Array): void {
    this.#global("torch._utils._rebuild_tensor_v2");
    this.#ascii("((");
    this.#text("storage");
    this.#global("torch.FloatStorage");
    this.#text(String(this.storages.length));
    this.#text("cpu");
    this.#number(data.length);
    this.#ascii("tQ"); // the storage's persistent id
    this.#number(0);
    this.#tuple(shape);
    this.#tuple(rowMajorStrides(shape));
    this.#put(0x89);
    this.#global("collections.OrderedDict");
    this.#ascii(")RtR");
    this.storages.push(data);
  }
}
