/** Tables for the terminal: a header, a rule, aligned columns; plain text where output goes to a file. */
import { table } from "table";
import { hasColors, styled, terminalColumns } from "./terminal.ts";

/** A column: its heading, and how a row's value is shown in it. */
export interface Column<Row> {
  header: string;
  value: (row: Row) => string | number | boolean | null | undefined;
  /** digits after the point for numbers; 3 by default, 0 where the column holds integers only */
  digits?: number;
  /** numbers stand at the right, text at the left, unless said otherwise */
  align?: "left" | "right";
}

// one rule beneath the header, which is the bottom line where there are no rows
const RULE = {
  ...{ joinBody: "─", joinLeft: "", joinRight: "", joinJoin: "" },
  ...{ bottomBody: "─", bottomLeft: "", bottomRight: "", bottomJoin: "" },
  ...{ bodyLeft: "", bodyRight: "", bodyJoin: "" },
};

/**
 * The table as text, without a final newline. A missing value or NaN is shown as "–".
 * @param options.colors bold header and dim rule
 * @param options.width columns of the terminal: the widest text column is wrapped to fit
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { colors = false, width = Infinity }: { colors?: boolean; width?: number } = {},
): string {
  const digits = columns.map(({ digits, value }) =>
    digits ?? (rows.every((row) => Number.isInteger(value(row) ?? 0)) ? 0 : 3)
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
  const width = Deno.stdout.isTerminal() ? terminalColumns() : Infinity;
  console.log(formatTable(columns, rows, { colors: hasColors(Deno.stdout), width }));
}

function show(value: ReturnType<Column<unknown>["value"]>, digits: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return typeof value === "number" ? value.toFixed(digits) : String(value);
}
