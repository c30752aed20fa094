/**
 * Digests the weights of a checkpoint folder. The digest tells results of a model from those of another model that was
 * later trained into the same folder. Hashes the content of the weight files; of a file above 64 MiB, hashes the size,
 * the first MiB and the last MiB.
 */
import { join } from "@std/path";
import { contentDigest, isFile, readJson } from "../../base/mod.ts";
import { shardNames, WEIGHT_FILES } from "./checkpoint_files.ts";

const MIB = 2 ** 20;

/**
 * Returns the digest of the weights in `dir`, or undefined for a folder without readable weights.
 * @param whole bytes up to which a file is hashed whole
 */
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
    return undefined; // openCheckpoint() reports what is wrong
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
