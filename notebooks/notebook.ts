/**
 * Notebook files (nbformat 4.5): the parts that running and checking them needs, and one way of writing them.
 */
import type { MediaBundle } from "./display.ts";
import { writeFileAtomic } from "../utils/base/mod.ts";

/** An output of a cell. */
export type Output =
  | { output_type: "display_data"; data: MediaBundle; metadata: Record<string, never> }
  | { output_type: "stream"; name: "stdout"; text: string[] };

/** A cell; names as in the file. */
export interface Cell {
  /** what the source is */
  cell_type: "code" | "markdown";
  /** unique within the notebook */
  id: string;
  /** Jupyter's tags */
  metadata: { tags?: string[] };
  /** lines, each with its newline */
  source: string[];
  /** number of the run; code cells only */
  execution_count?: number | null;
  /** saved outputs; code cells only */
  outputs?: Output[];
}

/** A notebook file; names as in the file. */
export interface Notebook {
  /** cells from top to bottom */
  cells: Cell[];
  /** kernel and language */
  metadata: Record<string, unknown>;
  /** major version of the format */
  nbformat: number;
  /** minor version of the format */
  nbformat_minor: number;
}

/** The metadata of a notebook that `deno jupyter` runs. */
export const DENO_KERNEL = {
  kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
  language_info: {
    codemirror_mode: "typescript",
    file_extension: ".ts",
    mimetype: "text/x.typescript",
    name: "typescript",
    nbconvert_exporter: "script",
    pygments_lexer: "typescript",
  },
};

/** Reads a notebook. @throws Error naming the file if it is not a notebook of nbformat 4. */
export async function readNotebook(path: string): Promise<Notebook> {
  const text = await Deno.readTextFile(path);
  let notebook: Notebook;
  try {
    notebook = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new Error(
      `${path}: expected a notebook of nbformat 4, found nbformat ${notebook.nbformat}`,
    );
  }
  return notebook;
}

/** Writes a notebook atomically and as Jupyter does: with sorted keys and one space of indentation. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}

/** Returns the text of a notebook file. */
export function formatNotebook(notebook: Notebook): string {
  const sorted = (_: string, value: unknown) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
      : value;
  return JSON.stringify(notebook, sorted, 1) + "\n";
}

/** Splits a text into lines, each with its newline, as notebooks do. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/** Returns the key numbers in the saved outputs of a notebook. @throws Error if there are none. */
export function keyNumbers(notebook: Notebook): Record<string, unknown> {
  const found = notebook.cells.flatMap((cell) => cell.outputs ?? [])
    .flatMap((output) => output.output_type === "display_data" ? [output.data] : [])
    .findLast((data) => "application/json" in data);
  if (!found) {
    throw new Error(
      "expected key numbers in the outputs of the notebook, found none; run the notebook again",
    );
  }
  return found["application/json"] as Record<string, unknown>;
}
