/**
 * Writes `in_circuit_edges.feather`: the edges of all checkpoints' circuits in one table, for pandas, R or polars.
 *
 * The file is Arrow IPC (Feather version 2), uncompressed, with the columns of the original's table:
 * `edge` utf8, `score` float64, `in_circuit` bool, `checkpoint` int64.
 *
 * No script reads the file back: the Arrow library does not end on some damaged files.
 *
 * The Arrow library is loaded by the first table that is written: most commands need none.
 */
import { writeFileAtomic } from "../../base/mod.ts";
import { edgeName } from "../../names/mod.ts";
import type { CircuitAtStep } from "../graph/mod.ts";

/** A row of the table. */
export interface EdgeRow {
  /** EAP-IG's name, `a0.h1->a3.h2<q>` */
  edge: string;
  /** score of the edge */
  score: number;
  /** always true: the table lists edges in circuits only */
  in_circuit: boolean;
  /** training step */
  checkpoint: number;
}

/** Returns the rows of circuits, by step, with the edges in the given order. */
export function edgeRows(checkpoints: readonly CircuitAtStep[]): EdgeRow[] {
  return checkpoints.toSorted((a, b) => a.step - b.step).flatMap(({ step, circuit }) =>
    circuit.map((edge) => ({
      edge: edgeName(edge),
      score: edge.score,
      in_circuit: true,
      checkpoint: step,
    }))
  );
}

/** Writes the table atomically; without rows it still has its columns. @throws WriteError naming the path. */
export async function writeEdgeTable(path: string, rows: readonly EdgeRow[]): Promise<void> {
  const { Bool, Float64, Int64, Table, tableToIPC, Utf8, vectorFromArray } = await import(
    "apache-arrow"
  );
  const table = new Table({
    edge: vectorFromArray(rows.map((row) => row.edge), new Utf8()),
    score: vectorFromArray(rows.map((row) => row.score), new Float64()),
    in_circuit: vectorFromArray(rows.map((row) => row.in_circuit), new Bool()),
    checkpoint: vectorFromArray(rows.map((row) => BigInt(row.checkpoint)), new Int64()),
  });
  await writeFileAtomic(path, tableToIPC(table, "file"));
}
