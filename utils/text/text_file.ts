/**
 * Reads the documents of a text file by number.
 *
 * `open` streams the file once. It checks every document and keeps its place, 16 bytes each, so a file of any size is read
 * in bounded memory and a mistake in it is found before a long run. A compressed file is unpacked once into a temporary
 * file, which `close` removes.
 */
import { readRange } from "./file_range.ts";
import { FloatList } from "./float_list.ts";
import {
  chunks,
  decodePiece,
  type DocumentOptions,
  isCompressed,
  isJsonLines,
  readDocuments,
  textOfLine,
} from "./documents.ts";

/** Documents of a file by number. */
export class TextFile {
  private constructor(
    /** path as given */
    readonly path: string,
    private readonly plain: string,
    private readonly file: Deno.FsFile,
    private readonly starts: FloatList,
    private readonly ends: FloatList,
    private readonly options: DocumentOptions,
  ) {}

  /**
   * Checks a file and finds its documents.
   * @throws Error naming the file, the line, what was expected and what was found.
   */
  static async open(path: string, options: DocumentOptions = {}): Promise<TextFile> {
    const plain = isCompressed(path) ? await unpacked(path) : path;
    try {
      const [starts, ends] = [new FloatList(), new FloatList()];
      for await (const { start, end } of readDocuments(path, options)) {
        starts.push(start);
        ends.push(end);
      }
      return new TextFile(path, plain, await Deno.open(plain), starts, ends, options);
    } catch (error) {
      if (plain !== path) await Deno.remove(plain);
      throw error;
    }
  }

  /** Number of documents, empty ones included. */
  get count(): number {
    return this.starts.length;
  }

  /** Returns the text of a document, counted from 0. */
  text(index: number): string {
    const start = this.starts.at(index);
    const bytes = readRange(this.file, this.plain, start, this.ends.at(index) - start);
    const text = decodePiece(bytes, this.path, 1, start === 0);
    return isJsonLines(this.path) ? textOfLine(text, this.path, 1, this.options) : text;
  }

  /** Closes the file, and removes the unpacked copy of a compressed one. */
  close(): void {
    this.file.close();
    if (this.plain !== this.path) Deno.removeSync(this.plain);
  }
}

/** Unpacks a file into a temporary one. */
async function unpacked(path: string): Promise<string> {
  const plain = await Deno.makeTempFile({ prefix: "circuits-text-" });
  try {
    using file = await Deno.open(plain, { write: true });
    for await (const chunk of chunks(path)) {
      for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await file.write(rest));
    }
    return plain;
  } catch (error) {
    await Deno.remove(plain);
    throw error;
  }
}
