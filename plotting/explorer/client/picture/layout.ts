/**
 * Places the nodes and edges of the circuit. A node's place depends on the model alone, never on the circuit, so a
 * head stays in place while the slider moves.
 *
 * 1. Each layer is a row, with the input at the bottom and the logits at the top. Heads go from left to right by
 *    number, with the MLP in the middle of its row (half a row higher if it reads the heads of its own layer, as in
 *    GPT-2). From eight heads on, the MLPs have a lane of their own at the left.
 * 2. An edge leaves the top of its source and enters the bottom of its target: q on the left, k in the middle, v on
 *    the right, so the three never overlap. Input and logits are bars. An edge meets a bar halfway between the bar's
 *    centre and the other end, which keeps long edges apart.
 * 3. Edges are cubic curves with vertical ends. Within a column they bow sideways, around the nodes in between.
 */
import type { CircuitEdge } from "../../../../utils/results/mod.ts";
import { nodeNames } from "../../../../utils/names/mod.ts";
import { pulled } from "./bundles.ts";
import { byNumber, type HeadColumns } from "./head_order.ts";
import { placeOfNode, type Shape } from "../names.ts";

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  /** distance between neighbouring columns */
  column: number;
  /** distance between neighbouring layers */
  row: number;
  /** font size of node labels; 0 if the columns are too narrow for labels */
  font: number;
  /** right edge of the lane of MLPs; null if they are among the heads */
  lane: number | null;
  places: Map<string, Place>;
  rows: { layer: number; y: number }[];
}

const MARGIN = 34;
/** Heads per layer from which the MLPs have a lane, and columns that the lane takes. */
const LANE_HEADS = 8;
const LANE_COLUMNS = 2.2;
/** Smallest column width that has room for names. If the columns do not fit the box, the box scrolls. */
const NARROWEST = 26;
/** Rooms wider than this hold a larger picture. */
const ROOMY = 1150;
const BAR_HEIGHT = 22;
const BAR_SPREAD = 0.5;

/**
 * Lays out the whole model, `room` pixels wide or as wide as its names need; the layer count sets the height.
 * @param columns the column of each head; default: by number
 */
export function layOut(
  shape: Shape,
  room: number,
  columns: HeadColumns = byNumber(shape),
): Layout {
  const { nLayers, nHeads, parallel } = shape;
  const lane = nHeads >= LANE_HEADS;
  const slots = nHeads + (lane ? LANE_COLUMNS : 1);
  const width = Math.max(room, slots * NARROWEST + 2 * MARGIN);
  const middle = Math.ceil(nHeads / 2);
  const grown = room > ROOMY ? 1.4 : 1;
  const column = Math.min(104 * grown, (width - 2 * MARGIN) / slots);
  const centre = width / 2;
  const left = centre - (slots - 1) * column / 2;
  const columnOf = (slot: number) => left + slot * column;
  const headColumn = (head: number) =>
    columnOf(lane ? head + LANE_COLUMNS : head < middle ? head : head + 1);
  const row = Math.max(parallel ? 34 : 44, Math.min(92 * grown, 600 * grown / (nLayers + 1)));
  const nodeHeight = Math.max(14, Math.min(22, row * (parallel ? 0.46 : 0.34)));
  const nodeWidth = Math.max(4, Math.min(50, column * 0.74));
  const font = nodeWidth >= 32 ? 11 : nodeWidth >= 23 ? 9 : nodeWidth >= 18 ? 7.5 : 0;
  const height = 2 * (BAR_HEIGHT + 12) + row * nLayers + row * 0.55;
  const bottom = height - BAR_HEIGHT - 12;
  const yOf = (layer: number) => bottom - row * (layer + 0.78);
  const bar = Math.max(120, Math.min(width - 2 * MARGIN, slots * column * BAR_SPREAD + 40));

  const places = new Map<string, Place>();
  for (const name of nodeNames(shape)) {
    const { kind, layer, head } = placeOfNode(name);
    if (kind === "input" || kind === "logits") {
      const y = kind === "input" ? height - 10 - BAR_HEIGHT / 2 : 10 + BAR_HEIGHT / 2;
      places.set(name, { x: centre, y, width: bar, height: BAR_HEIGHT });
    } else if (kind === "mlp") {
      const y = yOf(layer) - (parallel ? 0 : row * 0.46);
      places.set(name, {
        x: columnOf(lane ? LANE_COLUMNS / 2 - 0.5 : middle),
        y,
        width: nodeWidth,
        height: nodeHeight,
      });
    } else {
      places.set(name, {
        x: headColumn(columns[layer][head]),
        y: yOf(layer),
        width: nodeWidth,
        height: nodeHeight,
      });
    }
  }
  const rows = Array.from({ length: nLayers }, (_, layer) => ({ layer, y: yOf(layer) }));
  const edgeOfLane = lane ? columnOf(LANE_COLUMNS - 0.75) : null;
  return { width, height, column, row, font, lane: edgeOfLane, places, rows };
}

/** Returns the horizontal offset of the port where an edge enters a head. */
export function portOffset(letter: CircuitEdge["letter"], width: number): number {
  if (letter === null || letter === "k") return 0;
  return (letter === "q" ? -1 : 1) * width * 0.3;
}

/**
 * Returns the SVG path of an edge, from the top of its source to the bottom of its target.
 * @param middle the middle of its bundle
 * @throws Error if the layout does not have one of its nodes.
 */
export function edgePath(
  layout: Layout,
  edge: Omit<CircuitEdge, "score">,
  middle?: number,
): string {
  const from = layout.places.get(edge.source);
  const to = layout.places.get(edge.target);
  if (!from || !to) {
    throw new Error(
      `edge ${edge.source}->${edge.target} names a node that a model of this shape does not have`,
    );
  }
  let x1 = from.x;
  let x2 = to.x + (to.width > 100 ? 0 : portOffset(edge.letter, to.width));
  if (edge.source === "input") x1 += (x2 - from.x) * BAR_SPREAD;
  if (edge.target === "logits") x2 += (x1 - to.x) * BAR_SPREAD;
  const y1 = from.y - from.height / 2;
  const y2 = to.y + to.height / 2;
  const rise = y1 - y2;
  const bend = Math.max(rise * 0.42, Math.min(14, rise));
  const bow = bowOf(layout, edge, x2 - x1, rise);
  const f = (value: number) => value.toFixed(1);
  const [c1, c2] = pulled([x1 + bow, x2 + bow], middle);
  return `M${f(x1)} ${f(y1)}C${f(c1)} ${f(y1 - bend)} ${f(c2)} ${f(y2 + bend)} ${f(x2)} ${f(y2)}`;
}

/** Returns the sideways bow of an edge that would run straight up a column: outwards, larger for longer edges. */
function bowOf(layout: Layout, edge: Omit<CircuitEdge, "score">, dx: number, rise: number): number {
  const levels = rise / layout.row;
  if (Math.abs(dx) > layout.column * 0.45 || levels < 1) return 0;
  const x = (layout.places.get(edge.target)!.width > 100 ? layout.places.get(edge.source) : layout
    .places.get(edge.target))!.x;
  // in the lane, longer edges bow further out, on alternating sides
  if (layout.lane !== null && x < layout.lane) {
    const side = Math.round(layout.places.get(edge.source)!.y / layout.row) % 2 === 0 ? 1 : -1;
    return side * Math.min(layout.column, layout.column * (0.5 + 0.06 * levels));
  }
  const centre = layout.width / 2;
  const outward = Math.abs(x - centre) < layout.column * 0.6
    ? (Math.round(layout.places.get(edge.source)!.y / layout.row) % 2 === 0 ? 1 : -1)
    : Math.sign(x - centre);
  return outward * Math.min(layout.column * 1.1, layout.column * (0.42 + 0.09 * levels));
}
