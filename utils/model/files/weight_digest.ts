/**
 * A short name for the weights of a checkpoint folder, by which results of a model that was trained anew in the same
 * folder are told apart: the digest of the weight files' content; of files above 64 MiB the size and the first and last
 * MiB.
 */
import { join } from "@std/path";
import { contentDigest } from "../../base/digest.ts";
import { readJson } from "../../base/files.ts";
import { shardNames, WEIGHT_FILES } from "./checkpoint_files.ts";
import { isFile } from "../hub/local_steps.ts";

const MIB = 2 ** 20;

/** The digest; undefined for a folder without readable weights. */
export async function weightDigest(dir: string, whole = 64 * MIB): Promise<string | undefined> {
  const name = WEIGHT_FILES.find((file) => isFile(join(dir, file)));
  if (name === undefined) return undefined;
  const path = join(dir, name);
  try {
    const files = name.endsWith(".index.json")
      ? shardNames(await readJson(path), path).map((shard) => join(dir, shard))
      : [path];
    return await contentDigest(await Promise.all(files.map((file) => fileDigest(file, whole))));
  } catch {
    return undefined; // opening the checkpoint will say what is wrong
  }
}

async function fileDigest(path: string, whole: number): Promise<string> {
  const { size } = await Deno.stat(path);
  if (size <= whole) return await contentDigest(await Deno.readFile(path));
  using file = await Deno.open(path);
  const ends: string[] = [];
  for (const at of [0, size - MIB]) {
    const bytes = new Uint8Array(MIB);
    await file.seek(at, Deno.SeekMode.Start);
    for (let done = 0; done < MIB;) {
      const got = await file.read(bytes.subarray(done));
      if (got === null) break;
      done += got;
    }
    ends.push(await contentDigest(bytes));
  }
  return await contentDigest([size, ...ends]);
}
