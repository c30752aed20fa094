/**
 * Opens a checkpoint folder in Hugging Face layout for reading tensor by tensor.
 *
 * Takes the first of these files that exists, and so prefers safetensors to pickles:
 * `model.safetensors`, `model.safetensors.index.json`, `pytorch_model.bin`, `pytorch_model.bin.index.json`.
 * An index maps tensor names to shards in the same folder; a shard outside the folder is refused.
 */
import { join } from "@std/path";
import { isFile, readJson, shortJson } from "../../base/mod.ts";
import {
  type CheckpointFiles,
  readSafetensorsHeader,
  readTorchTensors,
  type StoredTensor,
  TensorSet,
} from "../../tensor_files/mod.ts";
import { isConstantBuffer } from "./tensor_names.ts";

export type { CheckpointFiles, TensorInfo } from "../../tensor_files/mod.ts";

/** Names of weight files, the preferred ones first. */
export const WEIGHT_FILES = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;

/**
 * Opens the weights of the checkpoint folder `dir`. Reads only headers and leaves out constant buffers.
 * @throws Error naming the folder, file and tensor if there are no weights or a file is damaged or unsafe
 */
export async function openCheckpoint(dir: string): Promise<CheckpointFiles> {
  for (const name of WEIGHT_FILES) {
    const path = join(dir, name);
    if (!isFile(path)) continue;
    const tensors = name.endsWith(".index.json")
      ? await readShards(dir, path)
      : await readTensorFile(path);
    return new TensorSet(dir, new Map([...tensors].filter(([name]) => !isConstantBuffer(name))));
  }
  throw new Error(`${dir}: no weights; expected one of ${WEIGHT_FILES.join(", ")}`);
}

/**
 * Returns the shard files that an index names, sorted and without repeats.
 * @param index parsed content of the index
 * @param file path that error messages name
 * @throws Error if the index has no `weight_map` or names a file that is not a shard in the same folder
 */
export function shardNames(index: unknown, file: string): string[] {
  return [...new Set(Object.values(weightMap(index, file)))].sort();
}

async function readShards(dir: string, indexPath: string): Promise<Map<string, StoredTensor>> {
  const index = await readJson(indexPath);
  const shards = new Map<string, Map<string, StoredTensor>>();
  for (const shard of shardNames(index, indexPath)) {
    const path = join(dir, shard);
    if (!isFile(path)) throw new Error(`${indexPath}: the shard ${path} is missing`);
    shards.set(shard, await readTensorFile(path));
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shard] of Object.entries(weightMap(index, indexPath))) {
    const tensor = shards.get(shard)!.get(name);
    if (tensor === undefined) {
      throw new Error(
        `${join(dir, shard)}: tensor ${name} is missing, though ${indexPath} expects it there`,
      );
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

function weightMap(index: unknown, file: string): Record<string, string> {
  const map = (index as { weight_map?: unknown } | undefined)?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new Error(`${file}: expected an object whose weight_map maps tensor names to shards`);
  }
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !/^[\w-][\w.-]*\.(safetensors|bin)$/.test(shard)) {
      throw new Error(
        `${file}: the shard of ${name} is ${shortJson(shard)}; ` +
          `expected the name of a .safetensors or .bin file in the same folder`,
      );
    }
  }
  return map as Record<string, string>;
}

async function readTensorFile(path: string): Promise<Map<string, StoredTensor>> {
  if (path.endsWith(".bin")) return await readTorchTensors(path);
  return (await readSafetensorsHeader(path)).tensors;
}
