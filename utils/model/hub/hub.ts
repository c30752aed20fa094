/**
 * Resolves a model's name to a folder with its configuration, weights and tokenizer.
 *
 * 1. `model_names.ts` tells a local folder from a repository on the Hub. In a folder, the revision is the sub-folder
 *    `step{n}`.
 * 2. For a repository, the Hub gives the commit of the revision. A commit that is in the cache is not fetched again.
 *    If the Hub is unreachable or `HF_HUB_OFFLINE` is set, the cache gives the commit.
 * 3. Otherwise the download takes only what is needed: config.json, the tokenizer and one kind of weights (safetensors
 *    if there are any; shards by the index). `hub_download.ts` resumes, retries and verifies each file.
 */
import { join } from "@std/path";
import { listFiles, modelInfo } from "@huggingface/hub";
import { nearNames, readJson } from "../../base/mod.ts";
import { shardNames, WEIGHT_FILES } from "../files/mod.ts";
import { RepositoryCache, TOKENIZER_FILES } from "./hub_cache.ts";
import {
  hubFetch,
  HubRefusal,
  type HubSettings,
  hubSettings,
  HubUnreachable,
} from "./hub_client.ts";
import { downloadFile } from "./hub_download.ts";
import { describeSteps, localCheckpoint, steps } from "./local_steps.ts";
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

interface RepositoryFile {
  size: number;
  digest: string;
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
    return await download(source.repo, revision, cache, settings, options.onProgress);
  } catch (error) {
    if (error instanceof HubUnreachable && cached !== undefined) return cached;
    throw await explained(error, source.repo, revision, settings);
  }
}

async function download(
  repo: string,
  revision: string,
  cache: RepositoryCache,
  settings: HubSettings,
  onProgress: ResolveOptions["onProgress"],
): Promise<string> {
  const request = { hubUrl: settings.endpoint, fetch: hubFetch(settings) };
  const { sha } = await modelInfo({ ...request, name: repo, revision, additionalFields: ["sha"] });
  const dir = cache.snapshot(sha);
  if (!await cache.isComplete(sha, true)) {
    const files = new Map<string, RepositoryFile>();
    for await (const entry of listFiles({ ...request, repo, revision: sha })) {
      const digest = entry.lfs?.oid ?? entry.oid;
      if (entry.type === "file" && digest !== undefined) {
        files.set(entry.path, { size: entry.lfs?.size ?? entry.size, digest });
      }
    }
    const fetchFile = async (file: string) => {
      const entry = files.get(file);
      if (entry === undefined) throw new Error(`${repo} at ${revision} has no file ${file}`);
      const url = `${settings.endpoint}/${repo}/resolve/${sha}/${file}`;
      await cache.provide(
        sha,
        file,
        entry.digest,
        (path) =>
          downloadFile(
            settings,
            { url, ...entry },
            path,
            (done) => onProgress?.({ file, done, total: entry.size }),
          ),
      );
    };
    for (const file of ["config.json", ...TOKENIZER_FILES.filter((file) => files.has(file))]) {
      await fetchFile(file);
    }
    const weights = WEIGHT_FILES.find((file) => files.has(file));
    if (weights === undefined) {
      throw new Error(`${repo} at ${revision} has none of ${WEIGHT_FILES.join(", ")}`);
    }
    await fetchFile(weights);
    if (weights.endsWith(".index.json")) {
      const path = join(dir, weights);
      for (const shard of shardNames(await readJson(path), path)) await fetchFile(shard);
    }
  }
  await cache.remember(revision, sha);
  return dir;
}

/** Turns a failure of the Hub into an error that tells the user what to do. */
async function explained(
  error: unknown,
  repo: string,
  revision: string,
  settings: HubSettings,
): Promise<unknown> {
  const cause = { cause: error };
  const page = `${settings.endpoint}/${repo}`;
  if (error instanceof HubUnreachable) {
    return new Error(
      `${repo} at ${revision} is not in the cache and cannot be downloaded: ${error.message}. ` +
        `Check the network, or name a local folder`,
      cause,
    );
  }
  if (!(error instanceof HubRefusal)) return error;
  if (error.code === "RevisionNotFound" || /invalid rev id/i.test(error.message)) {
    return new Error(
      `${repo} has no revision ${revision}; ${await revisionsNear(repo, revision, settings)}`,
      cause,
    );
  }
  if (error.code === "RepoNotFound" || (error.status === 404 && error.code === "")) {
    return new Error(
      `there is no model ${repo} on ${settings.endpoint}, or it is private; ` +
        `check the name, or set HF_TOKEN to a token with access to it`,
      cause,
    );
  }
  if ([401, 403].includes(error.status)) {
    return new Error(
      `the Hub denies access to ${repo} (${error.status}): it is gated or private. Log in and ask for access on ` +
        `${page}, then set HF_TOKEN to a token from ${settings.endpoint}/settings/tokens`,
      cause,
    );
  }
  return new Error(`${repo} at ${revision}: the Hub refused the request: ${error.message}`, cause);
}

/** Describes the available revisions: steps near the requested one, or near names if there are no steps. */
async function revisionsNear(
  repo: string,
  revision: string,
  settings: HubSettings,
): Promise<string> {
  try {
    const response = await hubFetch(settings)(`${settings.endpoint}/api/models/${repo}/refs`);
    const { branches = [], tags = [] } = await response.json();
    const names = [...branches, ...tags].map(({ name }: { name: string }) => name);
    const available = steps(names);
    if (available.length > 0) return describeSteps(revision, available);
    return `the nearest revisions are ${nearNames(revision, names).join(", ")}`;
  } catch (error) {
    return `its revisions could not be listed (${(error as Error).message})`;
  }
}
