/**
 * The tensors of a checkpoint under their names, whatever files they lie in; the data stays on the disk.
 *
 * A model saved without its language-model head lacks the prefix `transformer.` or `gpt_neox.` that the full model's
 * names have (the original GPT-2 is stored so). Names are therefore looked up as given, then without, then with prefix.
 */
import { basename } from "@std/path";
import { nearNames } from "../../base/near_names.ts";
import { readStoredTensor, type StoredTensor } from "./stored_tensor.ts";

/** Name, format and place of a tensor. */
export interface TensorInfo {
  name: string;
  dtype: string;
  shape: number[];
  file: string;
}

/** A checkpoint whose tensors are read one at a time. */
export interface CheckpointFiles {
  readonly dir: string;
  /** names as stored, sorted */
  names(): string[];
  has(name: string): boolean;
  /** @throws Error naming the folder, the tensor and the nearest names when there is no such tensor. */
  info(name: string): TensorInfo;
  /**
   * The whole tensor as float32, row-major: other formats are converted, strides honoured.
   * @throws Error naming file and tensor when it is missing, has not the given shape, or holds NaN or infinity.
   */
  read(name: string, shape?: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** Forgets the tensors; reading afterwards fails. No file stays open between reads. */
  close(): void;
}

const PREFIXES = ["transformer.", "gpt_neox."];

/** Tensors by name; see {@link CheckpointFiles}. */
export class TensorSet implements CheckpointFiles {
  #tensors: ReadonlyMap<string, StoredTensor>;
  #closed = false;

  /** @param dir folder (or file) that error messages name */
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
      `${this.dir}: tensor ${name} is missing; ${[...files].join(", ") || "no file"} holds ` +
        `${this.#tensors.size} tensors without it` +
        (near.length > 0 ? `; the nearest names are ${near.join(", ")}` : ""),
    );
  }
}

/** @throws Error naming file, tensor, the shape found and the shape expected when they differ. */
export function checkShape(tensor: TensorInfo, shape: readonly number[]): void {
  if (tensor.shape.length === shape.length && tensor.shape.every((n, k) => n === shape[k])) return;
  throw new Error(
    `${tensor.file}: tensor ${tensor.name} has shape [${tensor.shape.join(", ")}]; ` +
      `expected [${shape.join(", ")}] from config.json`,
  );
}
