/** Answers with a file: whole, a range of it, or nothing new. */
import { eTag, ifNoneMatch } from "@std/http/etag";
import { contentType } from "@std/media-types";
import { extname } from "@std/path";
import { parse } from "range-parser";

/** Bit of range-parser's code: a range starts past the end. */
const UNSATISFIABLE = 2;

/** Returns the response to a GET or HEAD of a file. Of several ranges it sends the whole file, as the standard allows. */
export async function fileResponse(request: Request, path: string): Promise<Response> {
  const info = await Deno.stat(path);
  const tag = await eTag(info);
  const headers = new Headers({ "accept-ranges": "bytes" });
  if (tag) headers.set("etag", tag);
  const type = contentType(extname(path));
  if (type) headers.set("content-type", type);
  if (!ifNoneMatch(request.headers.get("if-none-match"), tag)) {
    return new Response(null, { status: 304, headers });
  }
  const range = rangeOf(request, info.size, tag);
  if (range === "none") {
    headers.set("content-range", `bytes */${info.size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 };
  const length = Math.max(0, end - start + 1);
  headers.set("content-length", String(length));
  if (range) headers.set("content-range", `bytes ${start}-${end}/${info.size}`);
  const body = request.method === "HEAD" ? null : await bytesOf(path, start, length);
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** Returns the one range that a request asks for; "none" if the file does not have it. */
function rangeOf(request: Request, size: number, tag?: string) {
  const header = request.headers.get("range");
  const version = request.headers.get("if-range");
  if (header === null || (version !== null && version !== tag)) return undefined;
  const { code, type, ranges } = parse(size, header);
  // A bit of `code` says that no range is in the file, another that the header is malformed.
  if (ranges.length === 0 && (code & UNSATISFIABLE)) return "none";
  return type === "bytes" && ranges.length === 1 ? ranges[0] : undefined;
}

/** Returns bytes of a file as a stream that reads no further than `length`. */
async function bytesOf(path: string, start: number, length: number): Promise<ReadableStream> {
  const file = await Deno.open(path);
  await file.seek(start, Deno.SeekMode.Start);
  let left = length;
  return file.readable.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, left));
        left -= Math.min(left, chunk.length);
        if (left === 0) controller.terminate();
      },
    }),
  );
}
