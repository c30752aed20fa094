/**
 * Reads files of token ids by range.
 *
 *   name.npy                a NumPy array of integers, `[tokens]` or `[rows, width]`
 *   name.safetensors        a tensor `tokens` of integers, `[tokens]` or `[rows, width]`
 *   name.bin + name.idx     Megatron's indexed data set, as Pythia's own training data is published: sequences of tokens
 *   name.bin + name.json    raw little-endian ids with a header `{ "format": "circuits-over-time/tokens/1",
 *                           "dtype": "U16", "tokens": 1000 }`; what this project writes
 *   name.bin                raw little-endian ids without a header, uint16 as nanoGPT writes them
 *
 * Number formats have safetensors' names: U8, U16, U32, I16, I32, I64.
 */
import { isFile, readJson, shortJson } from "../base/mod.ts";
import { readSafetensorsHeader } from "../tensor_files/mod.ts";
import { readRange } from "./file_range.ts";
import { readMegatronIndex } from "./megatron.ts";
import { readNpyHeader } from "./npy.ts";
import { ID_BYTES, type IdFormat, isIdFormat, type TokenLayout } from "./token_layout.ts";

/** Format name in the header of a file that this project writes. */
export const TOKENS_FORMAT = "circuits-over-time/tokens/1";

/** How a file is read. */
export interface TokenFileOptions {
  /** number format of a `.bin` without header; default U16 */
  dtype?: IdFormat;
}

/** Token ids of a file by position. */
export class TokenFile {
  private constructor(
    /** where the ids are */
    readonly layout: TokenLayout,
    private readonly file: Deno.FsFile,
  ) {}

  /**
   * Opens a file of ids; only its header is read.
   * @throws Error naming the file, what was expected, what was found and what to do.
   */
  static async open(path: string, options: TokenFileOptions = {}): Promise<TokenFile> {
    const layout = await readLayout(path, options);
    const { size } = await Deno.stat(layout.path);
    const needed = layout.start + layout.count * ID_BYTES[layout.dtype];
    if (size < needed) {
      throw new Error(
        `${layout.path}: expected ${needed} bytes for ${layout.count} ids of ${layout.dtype}, ` +
          `found ${size}; the file is truncated: download or write it again`,
      );
    }
    return new TokenFile(layout, await Deno.open(layout.path));
  }

  /** Number of ids. */
  get count(): number {
    return this.layout.count;
  }

  /**
   * Reads ids `from … from + length − 1`.
   * @throws Error naming the file and the range that it does not have.
   */
  read(from: number, length: number): Int32Array<ArrayBuffer> {
    const { path, start, dtype, count } = this.layout;
    if (from < 0 || from + length > count) {
      throw new RangeError(`${path}: ids ${from} … ${from + length - 1} of ${count}`);
    }
    const width = ID_BYTES[dtype];
    const bytes = readRange(this.file, path, start + from * width, length * width);
    return idsOf(bytes, dtype);
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }
}

function idsOf({ buffer }: Uint8Array<ArrayBuffer>, dtype: IdFormat): Int32Array<ArrayBuffer> {
  switch (dtype) {
    case "U8":
      return new Int32Array(new Uint8Array(buffer));
    case "U16":
      return new Int32Array(new Uint16Array(buffer));
    case "I16":
      return new Int32Array(new Int16Array(buffer));
    case "U32":
      return new Int32Array(new Uint32Array(buffer));
    case "I64":
      return Int32Array.from(new BigInt64Array(buffer), Number);
    case "I32":
      return new Int32Array(buffer);
  }
}

async function readLayout(path: string, { dtype = "U16" }: TokenFileOptions): Promise<TokenLayout> {
  if (!isFile(path)) throw new Error(`${path}: there is no such file of token ids`);
  if (path.endsWith(".npy")) return await readNpyHeader(path);
  if (path.endsWith(".safetensors")) return await safetensorsLayout(path);
  if (!path.endsWith(".bin")) {
    throw new Error(`${path}: expected a file of token ids: .npy, .safetensors or .bin`);
  }
  const stem = path.slice(0, -".bin".length);
  if (isFile(`${stem}.idx`)) return await readMegatronIndex(`${stem}.idx`, path);
  if (isFile(`${stem}.json`)) return await headerLayout(`${stem}.json`, path);
  const { size } = await Deno.stat(path);
  const count = size / ID_BYTES[dtype];
  if (!Number.isInteger(count)) {
    throw new Error(
      `${path}: expected a whole number of ${dtype} ids, found ${size} bytes; ` +
        `name the format in ${stem}.json, e.g. {"format":"${TOKENS_FORMAT}","dtype":"I32","tokens":1000}`,
    );
  }
  return { path, start: 0, dtype, count };
}

async function headerLayout(header: string, path: string): Promise<TokenLayout> {
  const json = await readJson(header) as Record<string, unknown> | null;
  const { format, dtype, tokens } = json ?? {};
  if (format !== TOKENS_FORMAT || !isIdFormat(dtype) || !isCount(tokens)) {
    throw new Error(
      `${header}: expected {"format":"${TOKENS_FORMAT}","dtype":"U16","tokens":1000} with a dtype of ` +
        `${Object.keys(ID_BYTES).join(", ")}, found ${shortJson({ format, dtype, tokens })}`,
    );
  }
  return { path, start: 0, dtype, count: tokens };
}

async function safetensorsLayout(path: string): Promise<TokenLayout> {
  const { tensors } = await readSafetensorsHeader(path);
  const found = tensors.get("tokens");
  if (found === undefined || !isIdFormat(found.dtype) || ![1, 2].includes(found.shape.length)) {
    const all = [...tensors.values()].map((t) => `${t.name} ${t.dtype} [${t.shape}]`).join(", ");
    throw new Error(
      `${path}: expected a tensor "tokens" of integers, [tokens] or [rows, width], found ${all}`,
    );
  }
  const count = found.shape.reduce((a, b) => a * b, 1);
  return { path, start: found.start, dtype: found.dtype, count, width: found.shape[1] };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
