/**
 * Entries of a result file that shards of a run have written, one file per checkpoint beside the result file:
 *
 *     summary.json            all entries
 *     summary.shards/         step512.json: a result file with this entry alone
 *
 * A file has one writer and replaces the one before at once, so shards need no lock. A run without a shard takes all of
 * them over and removes those that it has taken over.
 */
import { dirname, join } from "@std/path";
import { fileStamp, isFolder } from "../base/mod.ts";

const NAME = /^step\d+\.json$/;

/** Returns the folder of the shards of a result file. */
function shardFolder(path: string): string {
  return `${path.replace(/\.json$/, "")}.shards`;
}

/** Returns the path of the file with the entry of `step`. */
export function shardPath(path: string, step: number): string {
  return join(shardFolder(path), `step${step}.json`);
}

/** A file that a shard has written. */
export interface ShardFile {
  path: string;
  /** the version that was found */
  stamp?: string;
}

/** Lists the files that shards have written for a result file, in the order of their names. */
export function shardFiles(path: string): ShardFile[] {
  const folder = shardFolder(path);
  if (!isFolder(folder)) return [];
  return [...Deno.readDirSync(folder)].filter(({ name }) => NAME.test(name))
    .map(({ name }) => join(folder, name)).sort()
    .map((file) => ({ path: file, stamp: fileStamp(file) }));
}

/** Removes files that are still the version that was found, and the folder if nothing is left in it. */
export function removeShardFiles(files: readonly ShardFile[]): void {
  for (const { path, stamp } of files) {
    if (stamp !== undefined && fileStamp(path) === stamp) Deno.removeSync(path);
  }
  if (files.length === 0) return;
  try {
    Deno.removeSync(dirname(files[0].path));
  } catch {
    // a shard has written another entry meanwhile
  }
}
