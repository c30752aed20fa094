/**
 * What a notebook cell shows: a media bundle (MIME type → content) given to Jupyter, or to the runner that stands in for
 * it (`run_notebook.ts`).
 */

/** MIME type → text, or JSON for `application/json`. */
export type MediaBundle = Record<string, unknown>;

/** Jupyter asks an object for its bundle under this key. */
export const DISPLAY = Symbol.for("Jupyter.display");

export interface Displayable {
  [DISPLAY](): MediaBundle;
}

interface JupyterKernel {
  display(value: unknown, options?: { raw?: boolean }): Promise<void>;
}

let receiver: ((bundle: MediaBundle) => void) | undefined;

/** Sends what `show` is given to `next` from now on; undefined: to Jupyter. */
export function receiveDisplays(next: ((bundle: MediaBundle) => void) | undefined): void {
  receiver = next;
}

/**
 * Shows a figure, a table or Markdown text under the running cell.
 * Outside Jupyter and the runner it prints the plain text.
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

/** `Deno.jupyter`; asking for it outside `deno jupyter` throws. */
function jupyterKernel(): JupyterKernel | undefined {
  try {
    return (Deno as { jupyter?: JupyterKernel }).jupyter;
  } catch {
    return undefined;
  }
}

/** A picture. */
export class Figure implements Displayable {
  constructor(readonly svg: string, readonly title: string) {}

  [DISPLAY](): MediaBundle {
    return { "image/svg+xml": this.svg, "text/plain": `[figure: ${this.title}]` };
  }
}

/** A table in Markdown; numbers with `digits` decimals (default 2), columns of numbers to the right. */
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

/** A minus sign in place of the hyphen, and no minus before zero. */
export function withMinus(number: string): string {
  return /^-[0.]*$/.test(number) ? number.slice(1) : number.replace("-", "−");
}

/** The numbers a notebook stands for, for tests and for other programs. */
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
