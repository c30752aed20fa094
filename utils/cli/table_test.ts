import { assertEquals } from "@std/assert";
import { type Column, formatTable } from "./table.ts";

interface Row {
  task: string;
  mean: number;
  n: number;
}

const columns: Column<Row>[] = [
  { header: "task", value: ({ task }) => task },
  { header: "mean", value: ({ mean }) => mean },
  { header: "n", value: ({ n }) => n },
];

Deno.test("formatTable() aligns text left and numbers right", () => {
  const rows = [{ task: "ioi", mean: 3, n: 70 }, { task: "greater_than", mean: -0.51249, n: 1000 }];
  assertEquals(
    formatTable([...columns, { header: "×", digits: 1, value: ({ n }) => n / 3 }], rows),
    [
      "task            mean     n      ×",
      "─────────────────────────────────",
      "ioi            3.000    70   23.3",
      "greater_than  -0.512  1000  333.3",
    ].join("\n"),
  );
});

Deno.test("formatTable() shows a dash for what is missing and a header without rows", () => {
  assertEquals(
    formatTable(columns.slice(0, 2), [{ task: "ioi", mean: NaN, n: 1 }]),
    "task  mean\n──────────\nioi      –",
  );
  assertEquals(formatTable(columns.slice(0, 2), []), "task  mean\n──────────");
});

Deno.test("formatTable() keeps integers whole beside a text or a missing number", () => {
  const nodes: Column<{ n: number | string }>[] = [{ header: "nodes", value: ({ n }) => n }];
  assertEquals(
    formatTable(nodes, [{ n: 125 }, { n: "not able" }, { n: NaN }]),
    ["   nodes", "────────", "     125", "not able", "       –"].join("\n"),
  );
});

Deno.test("formatTable() wraps the widest text column to the terminal", () => {
  const rows = [{ task: "one two three four five six", mean: 1.5, n: 1 }];
  const lines = formatTable(columns, rows, { width: 30 }).split("\n");
  assertEquals(lines.every((line) => line.length <= 30), true);
  assertEquals(lines.slice(2).map((line) => line.slice(0, 18).trim()).join(" "), rows[0].task);
});

Deno.test("formatTable() writes escape codes only when asked for colours", () => {
  const rows = [{ task: "ioi", mean: 1, n: 1 }];
  // deno-lint-ignore no-control-regex
  const escape = /\x1b\[\d+m/g;
  assertEquals(formatTable(columns, rows).match(escape), null);
  const colored = formatTable(columns, rows, { colors: true });
  assertEquals(colored.replaceAll(escape, ""), formatTable(columns, rows));
  assertEquals(colored.startsWith("\x1b[1mtask"), !Deno.noColor);
});
