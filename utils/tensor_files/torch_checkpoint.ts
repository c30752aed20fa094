/**
 * Locates the tensors of a PyTorch `.bin` file without reading them.
 *
 * Since PyTorch 1.6 such a file is a zip archive with uncompressed entries: `{folder}/data.pkl`, a pickle that
 * describes the tensors, and one `{folder}/data/{key}` per storage, with its bytes. `torch_pickle.ts` interprets the
 * pickle. Each tensor becomes a byte range of the file, checked against the bounds of its storage.
 */
import { DTYPE_BYTES } from "./float16.ts";
import { storageSpan, type StoredTensor } from "./stored_tensor.ts";
import { type StoredEntry, uncompressedEntries } from "./zip_entries.ts";
import { described } from "./pickle_names.ts";
import { interpretPickle, PickledObject, PickledTensor } from "./torch_pickle.ts";

/** Largest pickle accepted; that of the largest Pythia is below 1 MB. */
const MAX_PICKLE_BYTES = 20_000_000;

/** What a PyTorch file holds: its pickle, read as data. */
export type TorchValue =
  | string
  | number
  | boolean
  | null
  | TorchValue[]
  | { kind: "dictionary"; entries: Map<string, TorchValue> }
  | { kind: "object"; className: string; entries: Map<string, TorchValue> }
  | { kind: "tensor"; tensor: StoredTensor };

/** A PyTorch file: the object in its pickle, and the place of each storage. */
interface Archive {
  root: unknown;
  /** Locates a tensor. */
  locate(name: string, tensor: PickledTensor): StoredTensor;
}

/**
 * Locates all tensors of a PyTorch checkpoint. Reads only the archive's directory and the pickle; executes nothing.
 * @returns tensor name → its place in the file
 * @throws Error naming the file and, where it applies, the tensor or the forbidden global
 */
export async function readTorchTensors(path: string): Promise<Map<string, StoredTensor>> {
  const { root, locate } = await openArchive(path, false);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of root instanceof Map ? root : []) {
    if (typeof name !== "string" || !(value instanceof PickledTensor)) continue;
    tensors.set(name, locate(name, value));
  }
  if (tensors.size === 0) {
    throw new Error(`${path}: holds no tensors; expected a dictionary of tensors by name`);
  }
  return tensors;
}

/**
 * Reads the object in a PyTorch file, whatever it is made of. An object of a configuration's class is read as its plain
 * attributes; other classes are refused. Executes nothing.
 * @throws Error naming the file and, where it applies, the tensor or the forbidden global
 */
export async function readTorchObject(path: string): Promise<TorchValue> {
  const { root, locate } = await openArchive(path, true);
  const done = new Map<unknown, TorchValue>();
  const entriesOf = (from: Map<unknown, unknown>, to: Map<string, TorchValue>, name: string) => {
    for (const [key, value] of from) {
      if (typeof key === "object") {
        throw new Error(`${path}: a key of ${shown(name)} is ${described(key)}; expected text`);
      }
      to.set(String(key), convert(value, `${name}.${String(key)}`));
    }
  };
  /** Converts each object once, so that shared and circular references cost nothing. */
  const convert = (value: unknown, name: string): TorchValue => {
    const known = done.get(value);
    if (known !== undefined) return known;
    if (name.length > MOST_NAME) throw new Error(`${path}: ${shown(name)}… is nested too deeply`);
    if (value instanceof PickledTensor) {
      return { kind: "tensor", tensor: locate(name.slice(1), value) };
    }
    if (Array.isArray(value)) {
      const list: TorchValue[] = [];
      done.set(value, list);
      value.forEach((item, i) => list.push(convert(item, `${name}.${i}`)));
      return list;
    }
    if (value instanceof Map || value instanceof PickledObject) {
      const entries = new Map<string, TorchValue>();
      const made: TorchValue = value instanceof Map
        ? { kind: "dictionary", entries }
        : { kind: "object", className: value.className, entries };
      done.set(value, made);
      entriesOf(value instanceof Map ? value : value.attributes, entries, name);
      return made;
    }
    if (value === null || ["string", "number", "boolean"].includes(typeof value)) {
      return value as string | number | boolean | null;
    }
    throw new Error(`${path}: ${shown(name)} is neither data nor a tensor`);
  };
  return convert(root, "");
}

/** Longest name of a value, the keys that lead to it joined by dots. */
const MOST_NAME = 2000;

const shown = (name: string) => name.slice(1, 200) || "the root";

async function openArchive(path: string, configs: boolean): Promise<Archive> {
  const entries = await storedEntries(path);
  const pickle = [...entries.keys()].find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) throw new Error(`${path}: no data.pkl; not a PyTorch checkpoint`);
  const folder = pickle.slice(0, -"data.pkl".length);

  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined) {
    const text = new TextDecoder().decode(await entryBytes(path, order));
    if (text !== "little") {
      throw new Error(`${path}: byte order ${JSON.stringify(text)}; expected "little"`);
    }
  }

  let root: unknown;
  try {
    root = interpretPickle(await entryBytes(path, entries.get(pickle)!), configs);
  } catch (cause) {
    throw new Error(`${path}: ${pickle}: ${(cause as Error).message}`, { cause });
  }
  const locate = (name: string, value: PickledTensor) =>
    located(name, value, path, entries.get(`${folder}data/${value.storage.key}`));
  return { root, locate };
}

function located(
  name: string,
  { storage, offset, shape, strides }: PickledTensor,
  path: string,
  entry: StoredEntry | undefined,
): StoredTensor {
  const where = `${path}: tensor ${name}`;
  const width = DTYPE_BYTES[storage.dtype];
  if (entry === undefined) throw new Error(`${where}: the storage data/${storage.key} is missing`);
  if (shape.length !== strides.length) {
    throw new Error(`${where} has shape [${shape}] but strides [${strides}]`);
  }
  const end = offset + storageSpan(shape, strides);
  if (end > storage.elements || storage.elements * width > entry.bytes) {
    throw new Error(
      `${where} (${storage.dtype} [${shape}], strides [${strides}], offset ${offset}) ends at element ${end} of a ` +
        `storage of ${storage.elements} elements in ${entry.bytes} bytes; the file is damaged`,
    );
  }
  return {
    name,
    file: path,
    dtype: storage.dtype,
    shape,
    strides,
    start: entry.start + offset * width,
  };
}

async function storedEntries(path: string): Promise<Map<string, StoredEntry>> {
  try {
    return await uncompressedEntries(path);
  } catch (cause) {
    throw new Error(
      `${path}: not a readable PyTorch archive: ${
        (cause as Error).message
      }; the file is truncated or ` +
        `older than PyTorch 1.6: download it again, or load it in PyTorch and save it as safetensors`,
      { cause },
    );
  }
}

async function entryBytes(path: string, entry: StoredEntry): Promise<Uint8Array> {
  if (entry.bytes > MAX_PICKLE_BYTES) {
    throw new Error(`${path}: entry of ${entry.bytes} bytes; expected at most ${MAX_PICKLE_BYTES}`);
  }
  const bytes = new Uint8Array(entry.bytes);
  using file = await Deno.open(path);
  await file.seek(entry.start, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) {
    const n = await file.read(bytes.subarray(done));
    if (n === null) throw new Error(`${path}: the file is truncated`);
    done += n;
  }
  return bytes;
}
