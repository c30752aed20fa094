/**
 * A small Hub for tests: the answers of https://huggingface.co that a download needs, and its faults.
 *
 * One server is the Hub (API, refs, tree, resolve with a redirect for LFS files). Another one, on its own port and so of
 * another origin, is the store that LFS files are redirected to. Both record every request.
 */
import { createHash } from "node:crypto";

/** Files of one commit. */
export type Files = Record<string, Uint8Array | string>;

/** One repository. */
export interface Repository {
  /** branch → commit */
  branches: Record<string, string>;
  /** commit → files */
  commits: Record<string, Files>;
  /** token without which downloads are answered by 401 */
  token?: string;
}

/** A request to one of the servers. */
export interface Seen {
  server: "hub" | "store";
  path: string;
  authorization: string | null;
  range: string | null;
}

/** A fault: changes or replaces the answer to a request. */
export type Fault = (seen: Seen, answer: Response) => Response | Promise<Response>;

/** A running Hub. */
export interface FakeHub extends AsyncDisposable {
  /** its address */
  endpoint: string;
  /** all requests so far */
  seen: Seen[];
  /** returns the requests for contents of files */
  downloads(): Seen[];
}

const bytesOf = (content: Uint8Array | string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(typeof content === "string" ? new TextEncoder().encode(content) : content);
const isLfs = (file: string) => /\.(safetensors|bin)$/.test(file);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
/** Returns Git's hash of a file's content. */
export const gitHash = (bytes: Uint8Array): string =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** Starts a Hub with these repositories. */
export function startHub(
  repositories: Record<string, Repository>,
  fault: Fault = (_, answer) => answer,
): FakeHub {
  const seen: Seen[] = [];
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();

  const serve = (server: Seen["server"], answer: (request: Request) => Response) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const entry: Seen = {
        server,
        path: decodeURIComponent(new URL(request.url).pathname),
        authorization: request.headers.get("Authorization"),
        range: request.headers.get("Range"),
      };
      seen.push(entry);
      return fault(entry, answer(request));
    });

  const store = serve("store", (request) => {
    const blob = blobs.get(new URL(request.url).pathname.slice(1));
    return blob ? content(blob, request) : refusal(404, "", "no such object");
  });
  const storeUrl = `http://127.0.0.1:${store.addr.port}`;

  const hub = serve("hub", (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree|refs)\/?(.*)$/.exec(path);
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const name = api?.[1] ?? file?.[1] ?? "";
    const repository = repositories[name];
    if (!repository) return refusal(401, "RepoNotFound", "Invalid username or password.");
    const commitOf = (revision: string) =>
      revision in repository.commits ? revision : repository.branches[revision];

    if (api?.[2] === "refs") {
      const branches = Object.entries(repository.branches).map(([name, targetCommit]) => ({
        name,
        ref: `refs/heads/${name}`,
        targetCommit,
      }));
      return Response.json({ branches, tags: [], converts: [] });
    }
    const sha = commitOf(api?.[3] ?? file![2]);
    if (!sha) return refusal(404, "RevisionNotFound", `Invalid rev id: ${api?.[3] ?? file![2]}`);
    const files = repository.commits[sha];
    if (api?.[2] === "revision") return Response.json({ _id: "1", id: name, sha });
    if (api?.[2] === "tree") return Response.json(Object.entries(files).map(treeEntry));

    if (repository.token && request.headers.get("Authorization") !== `Bearer ${repository.token}`) {
      return refusal(401, "GatedRepo", `Access to model ${name} is restricted.`);
    }
    if (!(file![3] in files)) return refusal(404, "EntryNotFound", "Entry not found");
    const bytes = bytesOf(files[file![3]]);
    if (!isLfs(file![3])) return content(bytes, request, { "X-Repo-Commit": sha });
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    const headers = {
      Location: `${storeUrl}/${digest}`,
      "X-Repo-Commit": sha,
      "X-Linked-Etag": `"${digest}"`,
      "X-Linked-Size": String(bytes.length),
    };
    return new Response(null, { status: 302, headers });
  });

  return {
    endpoint: `http://127.0.0.1:${hub.addr.port}`,
    seen,
    downloads: () =>
      seen.filter(({ server, path }) => server === "store" || path.includes("/resolve/")),
    async [Symbol.asyncDispose]() {
      await Promise.all([hub.shutdown(), store.shutdown()]);
    },
  };
}

/** Returns an answer that announces its whole body but ends after `n` bytes, so that the server drops the connection. */
export async function cutAfter(answer: Response, n: number): Promise<Response> {
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const headers = new Headers(answer.headers);
  headers.set("Content-Length", String(bytes.length));
  const body = new Blob([bytes.subarray(0, n)]).stream();
  return new Response(body, { status: answer.status, headers });
}

function treeEntry([path, data]: [string, Uint8Array | string]) {
  const bytes = bytesOf(data);
  const lfs = isLfs(path)
    ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } }
    : {};
  return { type: "file", path, size: bytes.length, oid: gitHash(bytes), ...lfs };
}

function content(
  bytes: Uint8Array<ArrayBuffer>,
  request: Request,
  extra: Record<string, string> = {},
): Response {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0);
  const headers: Record<string, string> = { ETag: `"${gitHash(bytes)}"`, ...extra };
  if (from === 0) return new Response(bytes, { headers });
  if (from >= bytes.length) return new Response(null, { status: 416 });
  headers["Content-Range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  return new Response(bytes.subarray(from), { status: 206, headers });
}

function refusal(status: number, code: string, error: string): Response {
  return Response.json({ error }, { status, headers: code ? { "X-Error-Code": code } : {} });
}
