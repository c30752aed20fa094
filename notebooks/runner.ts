/**
 * Runs the code of a notebook without Jupyter:
 *
 *  1. Write the code cells, in order, as one module in the folder of the notebook, so that relative imports and top-level
 *     names mean the same as in Jupyter. Before each cell, a call says which cell runs.
 *  2. Import the module. What the code shows or prints becomes the outputs of the running cell.
 *  3. Number the cells, and replace the saved outputs. The same numbers give the same bytes.
 */
import { basename, dirname, join, resolve, toFileUrl } from "@std/path";
import { receiveDisplays } from "./display.ts";
import { type Cell, linesOf, type Notebook, type Output, readNotebook } from "./notebook.ts";

const CELL_BEGINS = Symbol.for("notebooks.cellBegins");
type CellBegins = { [CELL_BEGINS]?: (cell: number) => void };

/** New values of parameters, as TypeScript expressions. */
export type Parameters = Record<string, string>;

let runs = 0;

/**
 * Runs the code of a notebook and returns the notebook with its outputs; does not change the file.
 * @throws Error naming an unknown parameter, or the cell that failed.
 */
export async function runNotebook(path: string, parameters: Parameters = {}): Promise<Notebook> {
  const notebook = setParameters(await readNotebook(path), parameters, path);
  const outputs = new Map<number, Output[]>();
  let running = -1;
  const module = join(dirname(path), `.${basename(path, ".ipynb")}.${Deno.pid}.${runs++}.ts`);
  const log = console.log;
  const scope = globalThis as CellBegins;
  const before = scope[CELL_BEGINS];
  scope[CELL_BEGINS] = (cell) => outputs.set(running = cell, []);
  receiveDisplays((data) => outputs.get(running)?.push(displayed(data)));
  console.log = (...values) => outputs.get(running)?.push(printed(values));
  try {
    await Deno.writeTextFile(module, moduleOf(notebook));
    await import(toFileUrl(resolve(module)).href);
  } catch (cause) {
    const where = running < 0 ? "before its first cell" : `in cell ${running + 1}`;
    throw new Error(`${path} failed ${where}: ${(cause as Error).message}`, { cause });
  } finally {
    console.log = log;
    receiveDisplays(undefined);
    scope[CELL_BEGINS] = before;
    await Deno.remove(module).catch(() => {});
  }
  let count = 0;
  const cells = notebook.cells.map((cell, i): Cell =>
    cell.cell_type === "code"
      ? { ...cell, execution_count: ++count, outputs: outputs.get(i) ?? [] }
      : cell
  );
  return { ...notebook, cells };
}

/** Returns the code cells of a notebook as one module. */
export function moduleOf({ cells }: Notebook): string {
  return cells.flatMap((cell, i) =>
    cell.cell_type === "code"
      ? [
        `(globalThis as any)[Symbol.for("${CELL_BEGINS.description}")](${i});`,
        cell.source.join(""),
      ]
      : []
  ).join("\n") + "\nexport {};\n";
}

function setParameters(notebook: Notebook, parameters: Parameters, path: string): Notebook {
  const names = Object.keys(parameters);
  if (names.length === 0) return notebook;
  const found = new Set<string>(), there: string[] = [];
  const cells = notebook.cells.map((cell): Cell => {
    if (!cell.metadata.tags?.includes("parameters")) return cell;
    const source = cell.source.join("").replace(
      /^const (\w+)(: [^=]+)? = .*?;/gm,
      (line, name, type = "") => {
        there.push(name);
        if (!Object.hasOwn(parameters, name)) return line;
        found.add(name);
        return `const ${name}${type} = ${parameters[name]};`;
      },
    );
    return { ...cell, source: linesOf(source) };
  });
  const missing = names.find((name) => !found.has(name));
  if (missing) {
    throw new Error(
      `${path}: expected one of the parameters ${
        there.join(", ") || "(there are none)"
      } of the cell ` +
        `tagged "parameters", found no parameter ${missing}`,
    );
  }
  return { ...notebook, cells };
}

function displayed(bundle: Record<string, unknown>): Output {
  const data = Object.fromEntries(
    Object.entries(bundle).map(([type, content]) => [
      type,
      typeof content === "string" ? linesOf(content) : content,
    ]),
  );
  return { output_type: "display_data", data, metadata: {} };
}

function printed(values: unknown[]): Output {
  const text = values.map((v) => typeof v === "string" ? v : Deno.inspect(v)).join(" ") + "\n";
  return { output_type: "stream", name: "stdout", text: linesOf(text) };
}
