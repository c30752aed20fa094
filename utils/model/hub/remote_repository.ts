/**
 * A repository on the Hub at one commit: its files, downloads into the cache, and explanations of failures.
 *
 * The Hub gives the commit of a revision. Its list of files, with sizes and checksums, is fetched when it is first needed.
 */
import { listFiles, modelInfo } from "@huggingface/hub";
import { z } from "zod";
import { nearNames } from "../../base/mod.ts";
import type { RepositoryCache } from "./hub_cache.ts";
import { hubFetch } from "./hub_api.ts";
import { HubRefusal, hubRequest, type HubSettings, HubUnreachable } from "./hub_client.ts";
import { downloadFile } from "./hub_download.ts";
import { describeSteps, steps } from "./local_steps.ts";

const digest = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
const size = z.int().min(0);

/** What is needed of the API's answers. */
const ANSWERS = {
  revision: z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) }),
  tree: z.array(z.union([
    z.object({
      type: z.literal("file"),
      path: z.string(),
      size,
      oid: digest,
      lfs: z.object({ oid: digest, size }).nullish(),
    }),
    z.object({ type: z.string().regex(/^(?!file$)/), path: z.string() }),
  ])),
  refs: z.object({
    branches: z.array(z.object({ name: z.string() })).optional(),
    tags: z.array(z.object({ name: z.string() })).optional(),
  }),
};

interface RepositoryFile {
  size: number;
  digest: string;
}

/** Called while a file downloads; `done` and `total` are bytes. */
export type OnProgress = (progress: { file: string; done: number; total: number }) => void;

/** A repository at one commit. */
export class RemoteRepository {
  #files?: Promise<Map<string, RepositoryFile>>;

  private constructor(
    private readonly repo: string,
    private readonly revision: string,
    /** the commit, 40 hex digits */
    readonly commit: string,
    private readonly cache: RepositoryCache,
    private readonly settings: HubSettings,
    private readonly onProgress: OnProgress | undefined,
    private readonly recursive: boolean,
  ) {}

  /**
   * Asks the Hub for the commit of a revision.
   * @param recursive whether to list the files in sub-folders
   * @throws HubRefusal or HubUnreachable; see {@link explained}
   */
  static async open(
    repo: string,
    revision: string,
    cache: RepositoryCache,
    settings: HubSettings,
    onProgress?: OnProgress,
    recursive = false,
  ): Promise<RemoteRepository> {
    const request = { hubUrl: settings.endpoint, fetch: hubFetch(settings, ANSWERS.revision) };
    const { sha } = await modelInfo({
      ...request,
      name: repo,
      revision,
      additionalFields: ["sha"],
    });
    return new RemoteRepository(repo, revision, sha, cache, settings, onProgress, recursive);
  }

  /** Returns the files of the commit by path. */
  files(): Promise<ReadonlyMap<string, RepositoryFile>> {
    this.#files ??= this.#list();
    return this.#files;
  }

  async #list(): Promise<Map<string, RepositoryFile>> {
    const { repo, settings, commit: revision, recursive } = this;
    const request = { hubUrl: settings.endpoint, fetch: hubFetch(settings, ANSWERS.tree) };
    const files = new Map<string, RepositoryFile>();
    for await (const entry of listFiles({ ...request, repo, revision, recursive })) {
      const digest = entry.lfs?.oid ?? entry.oid;
      if (entry.type === "file" && digest !== undefined) {
        files.set(entry.path, { size: entry.lfs?.size ?? entry.size, digest });
      }
    }
    return files;
  }

  /** Returns the text of a small file without keeping it. @throws HubRefusal, TransientFault */
  async text(file: string): Promise<string> {
    const { repo, commit, settings } = this;
    const url = `${settings.endpoint}/${repo}/resolve/${commit}/${file}`;
    const signal = AbortSignal.timeout(settings.idleTimeout);
    return await (await hubRequest(settings, url, { signal })).text();
  }

  /** Downloads a file into the cache, unless the cache has it. @throws Error naming a file that the commit lacks */
  async fetch(file: string): Promise<void> {
    const { repo, revision, commit, settings } = this;
    const entry = (await this.files()).get(file);
    if (entry === undefined) throw new Error(`${repo} at ${revision} has no file ${file}`);
    const url = `${settings.endpoint}/${repo}/resolve/${commit}/${file}`;
    await this.cache.provide(
      commit,
      file,
      entry.digest,
      (path) =>
        downloadFile(
          settings,
          { url, ...entry },
          path,
          (done) => this.onProgress?.({ file, done, total: entry.size }),
        ),
    );
  }
}

/** Turns a failure of the Hub into an error that tells the user what to do. */
export async function explained(
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
  if (isMissingRevision(error)) {
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

/**
 * Returns the names of a repository's branches and tags.
 * @throws HubRefusal or HubUnreachable; see {@link explained}
 */
export async function revisionNames(repo: string, settings: HubSettings): Promise<string[]> {
  const ask = hubFetch(settings, ANSWERS.refs);
  const response = await ask(`${settings.endpoint}/api/models/${repo}/refs`);
  const { branches = [], tags = [] } = await response.json();
  return [...branches, ...tags].map(({ name }: { name: string }) => name);
}

/** Whether the Hub answered that a repository does not have the revision. */
export const isMissingRevision = (error: unknown): boolean =>
  error instanceof HubRefusal &&
  (error.code === "RevisionNotFound" || /invalid rev id/i.test(error.message));

/** Describes the available revisions: steps near the requested one, or near names if there are no steps. */
async function revisionsNear(
  repo: string,
  revision: string,
  settings: HubSettings,
): Promise<string> {
  try {
    const names = await revisionNames(repo, settings);
    const available = steps(names);
    if (available.length > 0) return describeSteps(revision, available);
    return `the nearest revisions are ${nearNames(revision, names).join(", ")}`;
  } catch (error) {
    return `its revisions could not be listed (${(error as Error).message})`;
  }
}
