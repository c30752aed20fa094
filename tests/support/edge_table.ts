/** Reads back the table of edges that a run writes. */
import { tableFromIPC } from "apache-arrow";
import type { EdgeRow } from "../../utils/circuits/formats/edge_table.ts";

/** Returns the rows of `in_circuit_edges.feather`. */
export async function readEdgeTable(path: string): Promise<EdgeRow[]> {
  const table = tableFromIPC(await Deno.readFile(path));
  return table.toArray().map((row) => ({
    edge: row.edge,
    score: row.score,
    in_circuit: row.in_circuit,
    checkpoint: Number(row.checkpoint),
  }));
}
