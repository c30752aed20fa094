/**
 * Resolves a model's name to a folder with its configuration, weights and tokenizer.
 *
 * 1. `model_names.ts` tells a local folder from a repository on the Hub. In a folder, the revision is the sub-folder
 *    `step{n}`.
 * 2. For a repository, the Hub gives the commit of the revision. A commit that is in the cache is not fetched again.
 *    If the Hub is unreachable or `HF_HUB_OFFLINE` is set, the cache gives the commit.
 * 3. A `step{n}` that is not a branch may be published as `step{n}-tokens{m}B` (OLMo); the list of branches says so.
 * 4. Otherwise the download takes only what is needed: config.json, the tokenizer and one kind of weights (safetensors
 *    if there are any; shards by the index). `hub_download.ts` resumes, retries and verifies each file.
 */
import { basename, join } from "@std/path";
import { readJson } from "../../base/mod.ts";
import { shardNames, WEIGHT_FILES } from "../files/mod.ts";
import { RepositoryCache, TOKENIZER_FILES } from "./hub_cache.ts";
import { type HubSettings, hubSettings, HubUnreachable } from "./hub_client.ts";
import {
  explained,
  isMissingRevision,
  RemoteRepository,
  revisionNames,
} from "./remote_repository.ts";
import { localCheckpoint, revisionOfStep, steps } from "./local_steps.ts";
import { EMBEDDED_MODELS, modelSource } from "./model_names.ts";

export { listLocalSteps } from "./local_steps.ts";

/** Says where to look for a model. */
export interface ResolveOptions {
  /** Branch, tag or commit; `step{n}` is a training step. Default: `main`. */
  revision?: string;
  /** Root of the cache. Default: the standard Hugging Face cache. */
  cacheDir?: string;
  /** Called while a file downloads; `done` and `total` are bytes. */
  onProgress?: (progress: { file: string; done: number; total: number }) => void;
  /** Overrides for how to reach the Hub. Default: the environment. */
  hub?: Partial<HubSettings>;
  /** Folder of the embedded models. Default: `models` of this repository. */
  embedded?: string;
}

/**
 * Returns the local folder with `config.json`, weights and tokenizer of a model at a revision. Downloads what is
 * missing.
 * @param name `pythia-160m`, `EleutherAI/pythia-160m-seed1`, `gpt2`, an embedded model or a folder
 * @throws Error naming what is unknown (with near names or steps), forbidden (with how to get access) or unreachable
 */
export async function resolveModel(name: string, options: ResolveOptions = {}): Promise<string> {
  const { revision = "main" } = options;
  const source = modelSource(name, options.embedded ?? EMBEDDED_MODELS);
  if (source.kind === "folder") return localCheckpoint(source.dir, revision);

  const settings = hubSettings(options.hub);
  const cache = new RepositoryCache(source.repo, options.cacheDir);
  const remembered = await cache.commitOf(revision);
  const cached = remembered !== undefined && await cache.isComplete(remembered, false)
    ? cache.snapshot(remembered)
    : undefined;
  if (settings.offline) {
    if (cached !== undefined) return cached;
    throw new Error(
      `${source.repo} at ${revision} is not in the cache and HF_HUB_OFFLINE is set; ` +
        `unset it to download the model, or name a local folder`,
    );
  }
  try {
    return await download(source.repo, revision, cache, settings, options.onProgress)
      .catch(async (error) => {
        const branch = isMissingRevision(error) &&
          await branchOfStep(source.repo, revision, settings);
        if (!branch) throw error;
        const dir = await download(source.repo, branch, cache, settings, options.onProgress);
        await cache.remember(revision, basename(dir));
        return dir;
      });
  } catch (error) {
    if (error instanceof HubUnreachable && cached !== undefined) return cached;
    throw await explained(error, source.repo, revision, settings);
  }
}

/** Returns the branch that a step is published as under another name; undefined if there is none. */
async function branchOfStep(
  repo: string,
  revision: string,
  settings: HubSettings,
): Promise<string | undefined> {
  const step = /^step(\d+)$/.exec(revision)?.[1];
  if (step === undefined) return undefined;
  const names = await revisionNames(repo, settings).catch(() => []);
  return revisionOfStep(Number(step), names);
}

/**
 * Returns the training steps that a repository on the Hub publishes as branches, ascending. If the Hub is unreachable or
 * `HF_HUB_OFFLINE` is set, returns those in the cache.
 * @throws Error naming the repository if the Hub refuses the list
 */
export async function publishedSteps(
  repo: string,
  { cacheDir, hub }: Pick<ResolveOptions, "cacheDir" | "hub"> = {},
): Promise<number[]> {
  const settings = hubSettings(hub);
  const cached = () => steps(new RepositoryCache(repo, cacheDir).revisions());
  if (settings.offline) return cached();
  try {
    return steps(await revisionNames(repo, settings));
  } catch (error) {
    const known = cached();
    if (error instanceof HubUnreachable && known.length > 0) return known;
    throw await explained(error, repo, "main", settings);
  }
}

async function download(
  repo: string,
  revision: string,
  cache: RepositoryCache,
  settings: HubSettings,
  onProgress: ResolveOptions["onProgress"],
): Promise<string> {
  const remote = await RemoteRepository.open(repo, revision, cache, settings, onProgress);
  const dir = cache.snapshot(remote.commit);
  if (!await cache.isComplete(remote.commit, true)) {
    const files = await remote.files();
    for (const file of ["config.json", ...TOKENIZER_FILES.filter((file) => files.has(file))]) {
      await remote.fetch(file);
    }
    const weights = WEIGHT_FILES.find((file) => files.has(file));
    if (weights === undefined) {
      throw new Error(`${repo} at ${revision} has none of ${WEIGHT_FILES.join(", ")}`);
    }
    await remote.fetch(weights);
    if (weights.endsWith(".index.json")) {
      const path = join(dir, weights);
      for (const shard of shardNames(await readJson(path), path)) await remote.fetch(shard);
    }
  }
  await cache.remember(revision, remote.commit);
  return dir;
}
