import { assert, assertEquals } from "@std/assert";
import { columnsOf } from "./head_order.ts";

Deno.test("columnsOf() gives a role the same columns in all layers, and every head a column of its own", () => {
  const table = [[-1, 1, -1, 0, -1], [1, -1, 1, -1, 0], [-1, -1, -1, -1, -1]];
  const columns = columnsOf(table, 2);
  for (const layer of columns) assertEquals(layer.toSorted((a, b) => a - b), [0, 1, 2, 3, 4]);
  const columnsOfRole = (role: number) =>
    new Set(table.flatMap((layer, l) => layer.flatMap((r, h) => r === role ? columns[l][h] : [])));
  assertEquals([...columnsOfRole(0)], [0]);
  assertEquals(columnsOfRole(1), new Set([1, 2]));
  assertEquals(columns[2], [0, 1, 2, 3, 4]);
});

Deno.test("columnsOf() sorts each layer by role where the roles need too many columns", () => {
  const columns = columnsOf([[1, 1, -1], [0, 0, 1]], 2);
  assertEquals(columns, [[0, 1, 2], [0, 1, 2]]);
  assert(columnsOf([], 2).length === 0);
});
