/**
 * Says what of a model is in the cache and what a run would download, before anything is fetched.
 *
 *  1. A revision in the cache costs nothing.
 *  2. For another one, the Hub lists the sizes of the files that `resolveModel` would take.
 *  3. If the Hub cannot be reached, the caller estimates the size from the model's shape.
 */
import { join } from "@std/path";
import { isFile, isFolder } from "../../base/mod.ts";
import { WEIGHT_FILES } from "../files/mod.ts";
import { RepositoryCache, TOKENIZER_FILES } from "./hub_cache.ts";
import { hubSettings } from "./hub_client.ts";
import { RemoteRepository, revisionNames } from "./remote_repository.ts";
import { revisionOfStep } from "./local_steps.ts";

/** Files of a revision, without their contents. */
export interface RevisionFiles {
  /** text of config.json */
  config: string;
  /** bytes of the files that a run downloads */
  bytes: number;
}

/** Returns the folder of a revision if the cache has all of it; undefined otherwise. */
export async function cachedRevision(
  repo: string,
  revision: string,
  cacheDir?: string,
): Promise<string | undefined> {
  const cache = new RepositoryCache(repo, cacheDir);
  const commit = await cache.commitOf(revision);
  if (commit === undefined || !await cache.isComplete(commit, false)) return undefined;
  return cache.snapshot(commit);
}

/** Returns a folder of the cache that has a file of any revision of a repository; undefined if none has. */
export async function cachedFolderWith(
  repo: string,
  file: string,
  cacheDir?: string,
): Promise<string | undefined> {
  const cache = new RepositoryCache(repo, cacheDir);
  for (const revision of cache.revisions()) {
    const commit = await cache.commitOf(revision);
    if (commit === undefined) continue;
    const folder = cache.snapshot(commit);
    if (isFolder(folder) && isFile(join(folder, file))) return folder;
  }
  return undefined;
}

/**
 * Asks the Hub for the files of a revision. Tries once and briefly, since an estimate can do without.
 * @returns undefined if the Hub cannot be reached, is switched off, or refuses
 */
export async function revisionFiles(
  repo: string,
  revision: string,
  cacheDir?: string,
): Promise<RevisionFiles | undefined> {
  const settings = hubSettings({ attempts: 1, idleTimeout: 4000 });
  if (settings.offline) return undefined;
  const cache = new RepositoryCache(repo, cacheDir);
  const open = (name: string) => RemoteRepository.open(repo, name, cache, settings);
  try {
    const remote = await open(revision).catch(async (error) => {
      const step = /^step(\d+)$/.exec(revision)?.[1];
      const names = step === undefined ? [] : await revisionNames(repo, settings);
      const name = revisionOfStep(Number(step), names);
      if (name === undefined) throw error;
      return await open(name);
    });
    const files = await remote.files();
    const weights = WEIGHT_FILES.find((name) => files.has(name));
    const isWeight = (name: string) =>
      weights !== undefined &&
      (weights.endsWith(".index.json")
        ? name === weights || name.startsWith(weights.split(".")[0] + "-")
        : name === weights);
    const wanted = ["config.json", ...TOKENIZER_FILES] as readonly string[];
    let bytes = 0;
    for (const [name, { size }] of files) {
      if (wanted.includes(name) || isWeight(name)) bytes += size;
    }
    return { config: await remote.text("config.json"), bytes };
  } catch {
    return undefined;
  }
}
