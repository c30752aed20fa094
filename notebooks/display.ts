/**
 * Shows figures, tables and numbers in a notebook cell: a media bundle (MIME type → content) goes to Jupyter, or to the
 * runner that takes its place (`run_notebook.ts`).
 */

/** Content by MIME type: text, or JSON for `application/json`. */
export type MediaBundle = Record<string, unknown>;

/** The key of the method that Jupyter calls for an object's bundle. */
export const DISPLAY = Symbol.for("Jupyter.display");

/** What a cell can show. */
export interface Displayable {
  /** returns the bundle to show */
  [DISPLAY](): MediaBundle;
}

interface JupyterKernel {
  display(value: unknown, options?: { raw?: boolean }): Promise<void>;
}

let receiver: ((bundle: MediaBundle) => void) | undefined;

/** Sends everything that is shown from now on to `next`, or to Jupyter if `next` is undefined. */
export function receiveDisplays(next: ((bundle: MediaBundle) => void) | undefined): void {
  receiver = next;
}

/**
 * Shows a figure, a table or Markdown text below the running cell.
 * Outside Jupyter and the runner, prints the plain text.
 */
export async function show(value: Displayable | string): Promise<void> {
  const bundle = typeof value === "string"
    ? { "text/markdown": value, "text/plain": value }
    : value[DISPLAY]();
  if (receiver) return receiver(bundle);
  const kernel = jupyterKernel();
  if (kernel) await kernel.display(bundle, { raw: true });
  else console.log(bundle["text/plain"]);
}

/** Returns `Deno.jupyter`; outside `deno jupyter`, reading it throws. */
function jupyterKernel(): JupyterKernel | undefined {
  try {
    return (Deno as { jupyter?: JupyterKernel }).jupyter;
  } catch {
    return undefined;
  }
}

/** An SVG picture. */
export class Figure implements Displayable {
  /** @param title text for a screen without pictures */
  constructor(readonly svg: string, readonly title: string) {}

  [DISPLAY](): MediaBundle {
    return { "image/svg+xml": this.svg, "text/plain": `[figure: ${this.title}]` };
  }
}

/** Returns a Markdown table: numbers have `digits` decimals, and columns of numbers are right-aligned. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  digits = 2,
): string {
  const cell = (value: string | number) =>
    typeof value === "string"
      ? value
      : Number.isInteger(value)
      ? String(value)
      : withMinus(value.toFixed(digits));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, i) =>
    rows.length > 0 && rows.every((row) => typeof row[i] === "number") ? "---:" : "---"
  );
  return [line(header), line(rule), ...rows.map((row) => line(row.map(cell)))].join("\n");
}

/** Replaces the hyphen of a negative number by a minus sign, and drops it before zero. */
export function withMinus(number: string): string {
  return /^-[0.]*$/.test(number) ? number.slice(1) : number.replace("-", "−");
}

/** The results of a notebook as numbers, for tests and for other programs; four decimals. */
export class KeyNumbers implements Displayable {
  constructor(readonly numbers: Record<string, unknown>) {}

  [DISPLAY](): MediaBundle {
    const json = JSON.parse(
      JSON.stringify(
        this.numbers,
        (_, x) => typeof x === "number" ? Number(x.toFixed(4)) + 0 : x,
      ),
    );
    return { "application/json": json, "text/plain": JSON.stringify(json) };
  }
}
