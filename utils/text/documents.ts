/**
 * Reads the documents of a text file one after another, in bounded memory.
 *
 *   name.jsonl, name.jsonl.gz   a JSON object per line with the text under one key; blank lines are skipped
 *   any other name, .gz or not  plain text, documents separated by `<|endoftext|>`
 *
 * Files are UTF-8. Invalid UTF-8, a line without a text and a damaged gzip file are errors that name file and line.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** One document and its place in the text. */
export interface TextDocument {
  /** the text, which may be empty */
  text: string;
  /** line that it begins in, counted from 1 */
  line: number;
  /** first byte in the (unpacked) file */
  start: number;
  /** one more than the last byte */
  end: number;
}

/** How a file is read. */
export interface DocumentOptions {
  /** key of the text in JSON lines; default "text" */
  field?: string;
}

/** Separates documents in plain text. */
export const SEPARATOR = "<|endoftext|>";

/** Largest document; it is held in memory as a whole. */
const MAX_BYTES = 64 << 20;

const NEWLINE = 10;

/** Returns whether a file is compressed, by its name. */
export function isCompressed(path: string): boolean {
  return /\.gz$/i.test(path);
}

/** Returns whether a file holds JSON lines, by its name. */
export function isJsonLines(path: string): boolean {
  return /\.(jsonl|ndjson)(\.gz)?$/i.test(path);
}

/**
 * Reads the documents of a file in their order, empty ones included.
 * @throws Error naming the file, the line, what was expected and what was found.
 */
export async function* readDocuments(
  path: string,
  options: DocumentOptions = {},
): AsyncGenerator<TextDocument> {
  const lines = isJsonLines(path);
  const separator = lines ? Uint8Array.of(NEWLINE) : new TextEncoder().encode(SEPARATOR);
  let line = 1;
  for await (const { bytes, start } of pieces(path, separator)) {
    const text = decodePiece(bytes, path, line, start === 0);
    const place = { line, start, end: start + bytes.length };
    if (!lines) yield { text, ...place };
    else if (text.trim() !== "") yield { text: textOfLine(text, path, line, options), ...place };
    line += lines ? 1 : countNewlines(bytes);
  }
}

/**
 * Returns the text of a JSON line.
 * @throws Error naming file and line when it is not an object with a string under the key.
 */
export function textOfLine(
  text: string,
  path: string,
  line: number,
  { field = "text" }: DocumentOptions = {},
): string {
  try {
    const value = JSON.parse(text)?.[field];
    if (typeof value === "string") return value;
  } catch {
    // the error below says so
  }
  const found = text.length > 60 ? text.slice(0, 57) + "…" : text;
  throw new Error(
    `${path}: line ${line}: expected a JSON object with a string "${field}", found ${found.trim()}`,
  );
}

/**
 * Decodes the bytes of a document.
 * @param first whether they begin the file, where a byte order mark is dropped
 * @throws Error naming file, line and byte when they are not UTF-8.
 */
export function decodePiece(bytes: Uint8Array, path: string, line: number, first: boolean): string {
  try {
    const text = DECODER.decode(bytes);
    return first && text.startsWith("\ufeff") ? text.slice(1) : text;
  } catch (cause) {
    const at = firstBadByte(bytes);
    const where = line + countNewlines(bytes.subarray(0, at));
    throw new Error(
      `${path}: line ${where}: expected UTF-8 text, found byte 0x${bytes[at].toString(16)}; ` +
        `convert the file to UTF-8`,
      { cause },
    );
  }
}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the index of the first byte that is not part of a UTF-8 character. */
function firstBadByte(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const encoded = new TextEncoder().encode(text);
  return Math.min(bytes.length - 1, encoded.findIndex((byte, i) => byte !== bytes[i]));
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/** Cuts a file at a separator; the last piece is what follows the last separator. */
async function* pieces(
  path: string,
  separator: Uint8Array,
): AsyncGenerator<{ bytes: Uint8Array; start: number }> {
  let buffer = new Uint8Array(1 << 16);
  let filled = 0, start = 0, searched = 0;
  for await (const chunk of chunks(path)) {
    if (filled + chunk.length > buffer.length) {
      const larger = new Uint8Array(2 * (filled + chunk.length));
      larger.set(buffer.subarray(0, filled));
      buffer = larger;
    }
    buffer.set(chunk, filled);
    filled += chunk.length;
    let from = 0;
    while (true) {
      const at = indexOf(buffer.subarray(0, filled), separator, searched);
      if (at < 0) break;
      yield { bytes: buffer.slice(from, at), start: start + from };
      from = searched = at + separator.length;
    }
    searched = Math.max(from, filled - separator.length + 1) - from;
    buffer.copyWithin(0, from, filled);
    filled -= from;
    start += from;
    if (filled > MAX_BYTES) {
      throw new Error(
        `${path}: the document at byte ${start} is longer than ${MAX_BYTES >> 20} MiB; ` +
          `separate documents with ${SEPARATOR}, or write one JSON object per line to a .jsonl file`,
      );
    }
  }
  yield { bytes: buffer.slice(0, filled), start };
}

/** Returns the first index ≥ `from` at which `part` begins in `bytes`; −1 if there is none. */
function indexOf(bytes: Uint8Array, part: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(part[0], from); at >= 0; at = bytes.indexOf(part[0], at + 1)) {
    let i = 1;
    while (i < part.length && bytes[at + i] === part[i]) i++;
    if (i === part.length) return at;
  }
  return -1;
}

/**
 * Reads the bytes of a file, unpacked where it is compressed.
 * @throws Error naming the file when it cannot be read or is not valid gzip.
 */
export async function* chunks(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const stream = isCompressed(path)
    ? pipeline(file, createGunzip({ chunkSize: 1 << 20 }), () => {})
    : file;
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (cause) {
    const { message, code } = cause as Error & { code?: string };
    const gzip = isCompressed(path) && code !== "ENOENT" && code !== "EISDIR";
    throw new Error(
      gzip
        ? `${path}: expected a complete gzip file, found: ${message}; download or pack it again`
        : `cannot read text ${path}: ${message}`,
      { cause },
    );
  }
}
