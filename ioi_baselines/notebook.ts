/**
 * Notebook files (nbformat 4.5), as far as making and checking them needs: cells, outputs, and one way of writing them.
 */
import type { MediaBundle } from "./display.ts";
import { writeFileAtomic } from "../utils/base/files.ts";

export type Output =
  | { output_type: "display_data"; data: MediaBundle; metadata: Record<string, never> }
  | { output_type: "stream"; name: "stdout"; text: string[] };

export interface Cell {
  cell_type: "code" | "markdown";
  id: string;
  metadata: { tags?: string[] };
  source: string[];
  /** code cells only */
  execution_count?: number | null;
  outputs?: Output[];
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** What says that a notebook is run by `deno jupyter`. */
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

/** Reads a notebook. @throws Error naming the file when it is not one of nbformat 4. */
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

/** Writes a notebook as Jupyter does: sorted keys, one space of indentation; at once or not at all. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}

/** The text of a notebook file. */
export function formatNotebook(notebook: Notebook): string {
  const sorted = (_: string, value: unknown) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
      : value;
  return JSON.stringify(notebook, sorted, 1) + "\n";
}

/** Text as notebooks keep it: lines, each with its line feed. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/** The JSON that a notebook shows as its key numbers, as saved. @throws Error when it shows none. */
export function keyNumbers(notebook: Notebook): Record<string, unknown> {
  const found = notebook.cells.flatMap((cell) => cell.outputs ?? [])
    .flatMap((output) => output.output_type === "display_data" ? [output.data] : [])
    .findLast((data) => "application/json" in data);
  if (!found) throw new Error("the notebook shows no key numbers; run it again");
  return found["application/json"] as Record<string, unknown>;
}
