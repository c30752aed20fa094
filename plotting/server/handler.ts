/**
 * Answers requests of a browser on the same machine:
 *
 *     /                        index of what is below the results folder
 *     /page/{name}/{path}      a page of one result file
 *     /figure/{name}           a page of all result files
 *     /files/{path}            a file as it is; understands Range
 *     /api/labels?scope=…      labels and groups: GET, PUT with If-Match
 *
 * Only requests that name this server as their host are answered, and changes only from its own pages: a page of another
 * site, or one that makes its host name mean 127.0.0.1, can neither read results nor change labels.
 */
import { UserError } from "../../utils/base/mod.ts";
import { escapeHtml } from "../page/mod.ts";
import { indexOf, listResults } from "./catalogue.ts";
import { fileResponse } from "./file_response.ts";
import { buildIndex } from "./index_page.ts";
import { type LabelsFile, MOST_BYTES } from "./labels_file.ts";
import { PageCache } from "./page_cache.ts";
import { FILE_PAGES, FOLDER_PAGES } from "./pages.ts";
import { fileAt } from "./paths.ts";

/** What the server shows and keeps. */
export interface ServerOptions {
  /** real path of the results folder */
  root: string;
  labels: LabelsFile;
}

const HEADERS = {
  "content-security-policy":
    "default-src 'self' data: blob: 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** Tells pages that the server keeps labels (`plotting/page/client/labels.ts`). */
const SERVED = '<meta name="labels" content="/api/labels">';

/** Returns the handler of requests. */
export function requestHandler(options: ServerOptions): (request: Request) => Promise<Response> {
  const cache = new PageCache();
  return async (request) => {
    const refusal = refusalOf(request);
    const response = refusal ? text(403, refusal) : await answer(request, options, cache)
      .catch((error) => {
        if (error instanceof UserError) return text(500, error.message);
        throw error;
      });
    for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
    return response;
  };
}

/** Returns why a request is not answered: its host is not this machine's own name, or it comes from another site. */
function refusalOf(request: Request): string | undefined {
  const { hostname, host } = new URL(request.url);
  if (!["127.0.0.1", "localhost"].includes(hostname)) {
    return `expected 127.0.0.1 or localhost as the host, found ${hostname}`;
  }
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== `http://${host}`) {
    return `expected a request of this server's own pages, found one of ${origin}`;
  }
}

async function answer(
  request: Request,
  { root, labels }: ServerOptions,
  cache: PageCache,
): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/api/labels") return await answerLabels(request, searchParams, labels);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "expected GET or HEAD", { allow: "GET, HEAD" });
  }
  if (pathname === "/") return html(request, buildIndex(await indexOf(root), root));
  const [, section, name, rest] = /^\/(page|figure|files)\/([^/]*)\/?(.*)$/.exec(pathname) ?? [];
  if (section === "files") {
    const path = await fileAt(root, pathname.slice("/files/".length));
    return path === undefined ? notFound(pathname) : await fileResponse(request, path);
  }
  if (section === "page") {
    const page = FILE_PAGES.find((page) => page.name === name);
    const path = await fileAt(root, rest);
    if (!page || path === undefined) return notFound(pathname);
    const { size, mtime } = await Deno.stat(path);
    const file = { path, size, modified: mtime?.getTime() ?? 0 };
    const { alsoReads = [] } = page;
    const others = alsoReads.length > 0 ? await listResults(root) : [];
    const files = [file, ...others.filter(({ format }) => alsoReads.includes(format))];
    return html(request, await cache.page(pathname, files, () => page.build([path])));
  }
  const page = section === "figure" && FOLDER_PAGES.find((page) => page.name === name);
  if (!page) return notFound(pathname);
  const { formats, alsoReads = [] } = page, all = await listResults(root);
  const [files, others] = [formats, alsoReads].map((list) =>
    all.filter(({ format }) => list.includes(format))
  );
  if (files.length === 0) return text(404, `no result file below ${root} has what this page shows`);
  const [paths, more] = [files, others].map((list) => list.map(({ path }) => `${root}/${path}`));
  const made = await cache.page(pathname, [...files, ...others], () => page.build(paths, more));
  return html(request, made);
}

async function answerLabels(
  request: Request,
  query: URLSearchParams,
  labels: LabelsFile,
): Promise<Response> {
  const scope = query.get("scope");
  if (!scope || scope.length > 500) return text(400, "expected ?scope=… of at most 500 characters");
  if (request.method === "GET" || request.method === "HEAD") {
    const { value, version } = await labels.read(scope);
    return Response.json(value, { headers: { etag: `"${version}"` } });
  }
  if (request.method !== "PUT") {
    return text(405, "expected GET, HEAD or PUT", { allow: "GET, HEAD, PUT" });
  }
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) {
    return text(415, "expected content-type application/json");
  }
  const version = /^"(\w+)"$/.exec(request.headers.get("if-match") ?? "")?.[1];
  if (version === undefined) return text(428, "expected If-Match with the version that was read");
  const body = await bodyOf(request);
  if (body === undefined) return text(413, `expected at most ${MOST_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return text(400, `the body is not JSON: ${(error as Error).message}`);
  }
  const written = await labels.write(scope, value, version);
  if ("invalid" in written) return text(400, written.invalid);
  if ("conflict" in written) {
    return text(412, "the labels have changed since", { etag: `"${written.conflict}"` });
  }
  return new Response(null, { status: 204, headers: { etag: `"${written.version}"` } });
}

/** Returns the body of a request as text, or undefined if it is too large. */
async function bodyOf(request: Request): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return await new Blob(chunks as BlobPart[]).text();
}

function html(request: Request, page: string): Response {
  const body = page.replace("<head>", `<head>\n${SERVED}`);
  return new Response(request.method === "HEAD" ? null : body, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

function text(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

function notFound(pathname: string): Response {
  const page = `<!doctype html><meta charset="utf-8"><title>Not found</title>` +
    `<p>There is no ${escapeHtml(pathname)}. <a href="/">All results</a></p>\n`;
  return new Response(page, {
    status: 404,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
