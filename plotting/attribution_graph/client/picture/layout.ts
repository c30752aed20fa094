/**
 * Places nodes: a column per position, a row per layer, tokens at the bottom, targets on top, biases in a column of their own on
 * the left. Nodes of the same layer and position fill a cell, line by line, the largest influence first.
 *
 * Columns are as wide as their widest cell needs, and their token if there is room; rows are as high as their highest cell. Both
 * grow to fill the room. Targets are side by side and end at the right edge of their column.
 */
import type { GraphModel, PageNode } from "../page_model.ts";

/** A place in pixels of the picture. */
export interface Spot {
  x: number;
  y: number;
  /** width of a target's box; 0 for others */
  width: number;
}

/** The picture of a graph. */
export interface GraphLayout {
  width: number;
  height: number;
  /** place of each node, by number */
  spots: ReadonlyMap<number, Spot>;
  /** middle and width of each position's column */
  columns: { x: number; width: number }[];
  /** middle of each row: tokens, layers 0 … L − 1, targets */
  rows: number[];
}

/** Distance between nodes of a cell. */
const STEP = 15;
const BIAS_COLUMN = 46;
const COLUMN_GAP = 10;
const ROW_GAP = 26;
const CHARACTER = 6.3;

/** Lays out nodes in a room of the given size, or larger if they need it. @param targetWidth width of a target's box */
export function layOut(
  model: GraphModel,
  nodes: readonly PageNode[],
  room: { width: number; height: number },
  textWidth: (position: number) => number,
  targetWidth: (node: PageNode) => number,
): GraphLayout {
  const { graph: { layers: L, tokens: { length: n } }, influence } = model;
  const cells = new Map<string, PageNode[]>();
  for (const node of nodes) {
    if (node.kind === "target") continue;
    const key = `${node.layer + 1} ${node.position}`;
    cells.set(key, [...cells.get(key) ?? [], node]);
  }
  const perLine = (count: number) => Math.max(1, Math.ceil(Math.sqrt(1.7 * count)));
  const rows = Array.from({ length: L + 2 }, () => 1), widths = Array.from({ length: n }, () => 1);
  let biasWidth = 0;
  for (const [key, cell] of cells) {
    const [row, position] = key.split(" ").map(Number);
    const line = position < 0 ? 2 : perLine(cell.length);
    rows[row] = Math.max(rows[row], Math.ceil(cell.length / line));
    if (position < 0) biasWidth = BIAS_COLUMN;
    else widths[position] = Math.max(widths[position], line);
  }
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const least = widths.map((count) => count * STEP + COLUMN_GAP);
  const wanted = least.map((width, p) =>
    Math.max(width, Math.min(CHARACTER * 12, textWidth(p)) + COLUMN_GAP)
  );
  // tokens that do not have their room are turned
  const asked = sum(wanted) - sum(least);
  const share = asked > 0
    ? Math.max(0, Math.min(1, (room.width - biasWidth - sum(least)) / asked))
    : 1;
  const natural = least.map((width, p) => width + share * (wanted[p] - width));
  const naturalWidth = biasWidth + sum(natural);
  const spare = Math.max(0, room.width - naturalWidth) / n;
  const heights = rows.map((lines) => lines * STEP + ROW_GAP);
  const naturalHeight = sum(heights);
  // a picture that is made smaller to fit in width fills the height of the room, too
  const roomHeight = room.height * Math.max(1, naturalWidth / room.width);
  const spareHeight = Math.max(0, roomHeight - naturalHeight) / rows.length;

  let x = biasWidth;
  const columns = natural.map((width) => {
    const column = { x: x + (width + spare) / 2, width: width + spare };
    x += column.width;
    return column;
  });
  const height = naturalHeight + spareHeight * rows.length;
  let y = height;
  const middles = heights.map((row) => {
    y -= row + spareHeight;
    return y + (row + spareHeight) / 2;
  });
  const spots = new Map<number, Spot>();
  for (const [key, cell] of cells) {
    const [row, position] = key.split(" ").map(Number);
    const line = position < 0 ? 2 : perLine(cell.length), lines = Math.ceil(cell.length / line);
    const centre = position < 0 ? biasWidth / 2 : columns[position].x;
    const order = position < 0
      ? cell
      : [...cell].sort((a, b) => influence[b.node] - influence[a.node] || a.node - b.node);
    order.forEach(({ node }, i) => {
      const inLine = Math.min(line, cell.length - line * Math.floor(i / line));
      spots.set(node, {
        x: centre + (i % line - (inLine - 1) / 2) * STEP,
        y: middles[row] + (Math.floor(i / line) - (lines - 1) / 2) * STEP,
        width: 0,
      });
    });
  }
  placeTargets(nodes, columns, middles[L + 1], targetWidth, spots);
  return { width: x, height, spots, columns, rows: middles };
}

function placeTargets(
  nodes: readonly PageNode[],
  columns: GraphLayout["columns"],
  y: number,
  targetWidth: (node: PageNode) => number,
  spots: Map<number, Spot>,
): void {
  const targets = nodes.filter(({ kind }) => kind === "target");
  const ends = new Map<number, number>();
  for (const target of [...targets].reverse()) {
    const { x, width: column } = columns[target.position], width = targetWidth(target);
    const end = ends.get(target.position) ?? x + Math.max(column / 2, 0) - 2;
    spots.set(target.node, { x: end - width / 2, y, width });
    ends.set(target.position, end - width - 5);
  }
}
