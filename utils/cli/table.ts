/** Tables for the terminal: a header, a rule, aligned columns. Plain text if the output goes to a file. */
import { table } from "table";
import { type OutputRow, recordTable } from "./output.ts";
import { hasColors, styled, terminalColumns } from "./terminal.ts";

/** A column: its header, and how it shows a row's value. */
export interface Column<Row> {
  /** text above the column */
  header: string;
  /** Returns what the column shows of a row. */
  value: (row: Row) => string | number | boolean | null | undefined;
  /** digits after the decimal point; default 3, or 0 if the column's numbers are integers */
  digits?: number;
  /** default: numbers right, text left */
  align?: "left" | "right";
}

// one rule below the header; it is the bottom line if there are no rows
const RULE = {
  ...{ joinBody: "─", joinLeft: "", joinRight: "", joinJoin: "" },
  ...{ bottomBody: "─", bottomLeft: "", bottomRight: "", bottomJoin: "" },
  ...{ bodyLeft: "", bodyRight: "", bodyJoin: "" },
};

/**
 * Returns the table as text, without a final newline. Shows a missing value or NaN as "–".
 * @param options.colors whether the header is bold and the rule dim
 * @param options.width columns of the terminal; wraps the widest text column to fit
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { colors = false, width = Infinity }: { colors?: boolean; width?: number } = {},
): string {
  const digits = columns.map(({ digits, value }) =>
    digits ?? (rows.every((row) => isWhole(value(row))) ? 0 : 3)
  );
  const cells = rows.map((row) => columns.map(({ value }, i) => show(value(row), digits[i])));
  const right = columns.map(({ align, value }) =>
    align ? align === "right" : rows.some((row) => typeof value(row) === "number")
  );
  const widths = columns.map(({ header }, i) =>
    Math.max(header.length, ...cells.map((row) => row[i].length))
  );
  const excess = widths.reduce((sum, each) => sum + each + 2, -2) - width;
  const widest = widths.reduce(
    (best, each, i) => !right[i] && each > (widths[best] ?? 0) ? i : best,
    -1,
  );
  if (excess > 0 && widest >= 0) widths[widest] = Math.max(8, widths[widest] - excess);
  const text = table(
    [columns.map(({ header }) => styled(header, "bold", colors)), ...cells],
    {
      columns: columns.map((_, i) => ({
        alignment: right[i] ? "right" as const : "left" as const,
        width: widths[i],
        wrapWord: true,
        paddingLeft: 0,
        paddingRight: i < columns.length - 1 ? 2 : 0,
      })),
      border: RULE,
      drawHorizontalLine: (line) => line === 1,
      drawVerticalLine: () => false,
    },
  );
  return text.trimEnd().split("\n").map((line, i) =>
    i === 1 ? styled(line, "dim", colors) : line.trimEnd()
  ).join("\n");
}

/** Prints the table on standard output. */
export function printTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void {
  recordTable(outputRows(columns, rows));
  const width = Deno.stdout.isTerminal() ? terminalColumns() : Infinity;
  console.log(formatTable(columns, rows, { colors: hasColors(Deno.stdout), width }));
}

/** Tells whether a cell needs no decimal places: an integer, a text, or nothing. */
function isWhole(value: ReturnType<Column<unknown>["value"]>): boolean {
  return typeof value !== "number" || Number.isNaN(value) || Number.isInteger(value);
}

function show(value: ReturnType<Column<unknown>["value"]>, digits: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return typeof value === "number" ? value.toFixed(digits) : String(value);
}

/** Returns the rows for `--json`. A header that repeats, such as "head", gets the one before it in front. */
function outputRows<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): OutputRow[] {
  const headers = columns.map(({ header }) => header);
  const names = headers.map((header, i) =>
    headers.indexOf(header) === headers.lastIndexOf(header) ? header : `${headers[i - 1]} ${header}`
  );
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ value }, i) => {
      const found = value(row) ?? null;
      return [names[i], typeof found === "number" && !isFinite(found) ? null : found];
    }))
  );
}
