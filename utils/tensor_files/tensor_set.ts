/**
 * Finds the tensors of a checkpoint by name, in whichever file they are. The data stays on disk until it is read.
 *
 * A model saved without its language-model head lacks the prefix `transformer.` or `gpt_neox.` of the full model's
 * names; the original GPT-2 is stored that way. The lookup therefore tries the name as given, then without the prefix,
 * then with it.
 */
import { basename } from "@std/path";
import { nearNames } from "../base/mod.ts";
import { readStoredTensor, type StoredTensor } from "./stored_tensor.ts";

/** Describes a tensor: its name, format, shape and file. */
export interface TensorInfo {
  /** Name as stored. */
  name: string;
  /** Number format under safetensors' name for it. */
  dtype: string;
  /** Size of each axis, as stored. */
  shape: number[];
  /** Path of the file that holds the tensor. */
  file: string;
}

/** Reads the tensors of a checkpoint one at a time. */
export interface CheckpointFiles {
  /** Folder or file that error messages name. */
  readonly dir: string;
  /** Returns the names as stored, sorted. */
  names(): string[];
  /** Tells whether the checkpoint has a tensor of this name, with or without the model's prefix. */
  has(name: string): boolean;
  /**
   * Describes a tensor without reading it.
   * @throws Error naming the folder, the tensor and the nearest names if there is no such tensor
   */
  info(name: string): TensorInfo;
  /**
   * Reads a whole tensor as row-major float32. Converts other formats and honours strides.
   * @throws Error naming the file and the tensor if it is missing, has another shape, or holds NaN or infinity
   */
  read(name: string, shape?: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** Makes later reads fail. Releases no file, since none stays open between reads. */
  close(): void;
}

const PREFIXES = ["transformer.", "gpt_neox."];

/** Implements {@link CheckpointFiles} over tensors that are already located. */
export class TensorSet implements CheckpointFiles {
  #tensors: ReadonlyMap<string, StoredTensor>;
  #closed = false;

  /**
   * Wraps located tensors.
   * @param dir folder or file that error messages name
   * @param tensors stored name → tensor
   */
  constructor(readonly dir: string, tensors: ReadonlyMap<string, StoredTensor>) {
    this.#tensors = tensors;
  }

  names(): string[] {
    return [...this.#tensors.keys()].sort();
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  info(name: string): TensorInfo {
    const { name: stored, dtype, shape, file } = this.#get(name);
    return { name: stored, dtype, shape: [...shape], file };
  }

  async read(name: string, shape?: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    if (this.#closed) throw new Error(`${this.dir}: read of ${name} after close()`);
    const tensor = this.#get(name);
    if (shape !== undefined) checkShape(tensor, shape);
    return await readStoredTensor(tensor);
  }

  close(): void {
    this.#closed = true;
  }

  #find(name: string): StoredTensor | undefined {
    const exact = this.#tensors.get(name);
    if (exact !== undefined) return exact;
    const prefix = PREFIXES.find((prefix) => name.startsWith(prefix));
    if (prefix !== undefined) return this.#tensors.get(name.slice(prefix.length));
    return PREFIXES.map((prefix) => this.#tensors.get(prefix + name)).find((t) => t !== undefined);
  }

  #get(name: string): StoredTensor {
    const tensor = this.#find(name);
    if (tensor !== undefined) return tensor;
    const near = nearNames(name, this.#tensors.keys());
    const files = new Set([...this.#tensors.values()].map(({ file }) => basename(file)));
    throw new Error(
      `${this.dir}: tensor ${name} is missing from the ${this.#tensors.size} tensors in ` +
        `${[...files].join(", ") || "no file"}` +
        (near.length > 0 ? `; the nearest names are ${near.join(", ")}` : ""),
    );
  }
}

/**
 * Verifies a tensor's shape.
 * @throws Error naming the file, the tensor, the shape found and the shape expected if they differ
 */
export function checkShape(tensor: TensorInfo, shape: readonly number[]): void {
  if (tensor.shape.length === shape.length && tensor.shape.every((n, k) => n === shape[k])) return;
  throw new Error(
    `${tensor.file}: tensor ${tensor.name} has shape [${tensor.shape.join(", ")}]; ` +
      `expected [${shape.join(", ")}] from config.json`,
  );
}
