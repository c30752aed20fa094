/**
 * Splits every edge into a target by attention head, exactly:
 *
 *     edge = direct + Σ over layers l and heads h of the part whose last head is (l, h)
 *
 * The last head of a path is the one that moved the information to the target's own position; the direct part passes no
 * attention at all. A path has one last head, so the parts add up to the edge.
 *
 *  1. The target's row goes down as a narrow row. It stays narrow, since the direct part never leaves its position.
 *  2. At each layer it gives one wide row per head: what goes through that head alone.
 *  3. These go on like any row, through all heads.
 *
 * Edges from value biases belong to the head that they go through last, those from output biases to the part that they reach
 * the target by.
 */
import { free, tensor } from "../../onnx/mod.ts";
import type { GraphRows, GraphTarget } from "../graph/mod.ts";
import {
  type EdgeRows,
  fresh,
  joinedWide,
  type LinearRun,
  type Narrow,
  Passages,
  type WalkRow,
  type Wide,
} from "../linear/mod.ts";

/** The edges into one target, split by head. L layers, H heads. */
export interface SplitEdges {
  /** number of columns, in the order of `sources.ts` */
  columns: number;
  /** `[1 + L·H, columns]`: row 0 the direct part, row 1 + l·H + h the part whose last head is (l, h) */
  parts: Float32Array;
}

/**
 * Splits the edges into a target; see the header. The constant that the target reads is part of the direct edges.
 * @param rows prepared rows of the run's graph, {@link GraphRows}
 */
export async function splitByHead(
  run: LinearRun,
  rows: GraphRows,
  target: GraphTarget,
): Promise<SplitEdges> {
  const { config: { nLayers: L, nHeads: H, dModel: d, parallel } } = run.model;
  const { sources: { columns, embedding, mlp, bias }, maps } = rows;
  const { rows: [row], constants: [constant] } = await rows.targetRows([target]);
  const parts = new Float32Array((1 + L * H) * columns);
  const out: EdgeRows = { data: parts, offset: (part) => part * columns };
  const through = new Passages(run, maps, rows.sources);
  const q = row.position + 1;
  let wide: Wide | undefined;
  let narrow = joining(row, 2 * L, d);
  for (let layer = L - 1; layer >= 0; layer--) {
    if (wide) await through.contractWide(wide, mlp[layer], out);
    if (narrow) await through.contractNarrow(narrow, mlp[layer], out);
    const [keptWide, keptNarrow] = await through.skipped(layer, wide, narrow);
    // A sequential block takes attention after the linear path, a parallel one from the same cotangent.
    const source = parallel ? narrow : keptNarrow ?? joining(row, 2 * layer + 1, d);
    const passed: Wide[] = [];
    if (wide) {
      passed.push(
        await through.wideAttention(layer, q, parallel ? wide : keptWide!, keptWide!, out),
      );
    }
    if (source) {
      passed.push(
        await headRows(through, layer, { q, H, first: 1 + layer * H }, source, out, {
          value: bias("attention_value", layer),
          output: bias("attention_output", layer),
        }),
      );
    }
    wide = joinedWide(passed, q, d);
    narrow = (parallel ? keptNarrow : source) ?? joining(row, 2 * layer, d);
  }
  if (wide) await through.contractWide(wide, embedding, out);
  if (narrow) await through.contractNarrow(narrow, embedding, out);
  if (wide) free(wide.g);
  parts[bias("reading")] += constant;
  return { columns, parts };
}

/** Returns the row as a narrow one if it joins at a stage. */
function joining(row: WalkRow, stage: number, d: number): Narrow | undefined {
  return row.stage === stage ? fresh([row], [0], d) : undefined;
}

/** Returns one wide row per head, what goes through that head alone, and adds the edges from the layer's biases. */
async function headRows(
  through: Passages,
  layer: number,
  { q, H, first }: { q: number; H: number; first: number },
  { positions: [position], g }: Narrow,
  { data, offset }: EdgeRows,
  columns: { value: number; output: number },
): Promise<Wide> {
  const d = g.shape[1];
  const copies = new Float32Array(H * d);
  for (let h = 0; h < H; h++) copies.set(g.data, h * d);
  const positions = new Array<number>(H).fill(position);
  const column = through.columns(layer, q, { positions });
  for (let h = 0; h < H; h++) {
    for (let s = 0; s < q; s++) {
      for (let r = 0; r < H; r++) if (r !== h) column.data[(h * q + s) * H + r] = 0;
    }
  }
  const nothing = tensor(new Float32Array(H * d), [H, d]);
  const rows = { positions, g: tensor(copies, [H, d]) };
  const passed = await through.passNarrow(layer, q, rows, nothing, column);
  for (let h = 0; h < H; h++) {
    data[offset(first + h) + columns.value] += passed.value.data[h * H + h];
  }
  data[offset(0) + columns.output] += passed.output.data[0];
  return { ids: Array.from({ length: H }, (_, h) => first + h), g: passed.rows };
}
