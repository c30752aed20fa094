import { assertEquals } from "@std/assert";
import { tableFromIPC } from "apache-arrow";
import { readEdgeTable } from "../../../tests/support/edge_table.ts";
import { edgeRows, writeEdgeTable } from "./edge_table.ts";

const ROWS = edgeRows([
  { step: 143000, circuit: [{ source: "m0", target: "logits", letter: null, score: -0.1 }] },
  {
    step: 512,
    circuit: [
      { source: "input", target: "a0.h1", letter: "k", score: Math.fround(0.3) },
      { source: "a0.h1", target: "logits", letter: null, score: 1e-300 },
    ],
  },
]);

Deno.test("edgeRows() lists circuits by step with EAP-IG's edge names", () => {
  assertEquals(ROWS.map((row) => [row.edge, row.checkpoint, row.in_circuit]), [
    ["input->a0.h1<k>", 512, true],
    ["a0.h1->logits", 512, true],
    ["m0->logits", 143000, true],
  ]);
});

Deno.test("writeEdgeTable() writes Feather columns of the original's types, and they are read back unchanged", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/in_circuit_edges.feather`;
  await writeEdgeTable(path, ROWS);
  const bytes = await Deno.readFile(path);
  assertEquals(new TextDecoder().decode(bytes.subarray(0, 6)), "ARROW1");
  assertEquals(tableFromIPC(bytes).schema.fields.map((f) => `${f.name} ${f.type}`), [
    "edge Utf8",
    "score Float64",
    "in_circuit Bool",
    "checkpoint Int64",
  ]);
  assertEquals(await readEdgeTable(path), ROWS);

  await writeEdgeTable(path, []);
  assertEquals(await readEdgeTable(path), []);
  await Deno.remove(dir, { recursive: true });
});
