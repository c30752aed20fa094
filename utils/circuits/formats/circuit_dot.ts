/**
 * A circuit as a Graphviz text, drawn as on the explorer page: rounded boxes, one row per layer, information flowing up
 * from `input` to `logits`. An edge's colour shows its kind, its width the size of its score, and dashes a negative score.
 *
 * - Colour: by letter for an edge into a head (q, k, v), otherwise grey. The palette `field` has EAP-IG's magenta, green
 *   and blue, toned down; `colorblind` has Tol's (2021) "high contrast".
 * - Names: `3.1` for head 1 of layer 3, `M3` for an MLP.
 * - Width: max(0.6, 5 (|s| − min) / (max − min)), min and max of |s| over all edges of the graph (EAP-IG).
 * - Rows: heads in the order of their numbers, with the MLP of the layer in the middle; in sequential models the MLP has
 *   the row above its heads.
 * - Layout: up to 400 edges Graphviz places the nodes of a row and routes the edges around them. Beyond 400 that takes
 *   long and helps little, so every head has a fixed place in a grid of layers and heads, and edges are straight.
 * - Opacity: beyond 60 edges weak ones become translucent, so that the strong ones remain readable.
 *
 * The same circuit always gives the same text.
 */
import { nodeName } from "../../names/mod.ts";
import type { CircuitEdge } from "../../results/mod.ts";
import { type CircuitShape, type GraphNode, nodeIndex, parseNode } from "../graph/mod.ts";

/** The colours of a picture: those of circuit papers, or those that colour-blind readers can tell apart. */
export const PALETTE_NAMES = ["field", "colorblind"] as const;
/** One of {@link PALETTE_NAMES}. */
export type Palette = (typeof PALETTE_NAMES)[number];

/** How a circuit is drawn. */
export interface DrawingOptions {
  /** colours of edges; default `field` */
  palette?: Palette;
  /** what the fill of a box shows: the kind of node (default) or the layer */
  fill?: "kind" | "layer";
  /** line above the picture */
  title?: string;
  /** what a picture without edges says; default "no edges" */
  empty?: string;
  /** smallest and largest |score| of all edges of the graph; default: of the drawn edges */
  range?: { min: number; max: number };
  /** whether to write the names of layers at the left, and a legend; default true */
  legend?: boolean;
}

/** Colour by the input that an edge enters; `o` for MLPs and logits. */
type Colors = Record<"q" | "k" | "v" | "o", string>;

const PALETTES: Record<Palette, Colors> = {
  field: { q: "#cf2fa6", k: "#2b9a55", v: "#3c63dd", o: "#596069" },
  colorblind: { q: "#bb5566", k: "#b98500", v: "#004488", o: "#596069" },
};

/** ColorBrewer's Pastel2; EAP-IG picks from it at random. */
const PASTELS = ["#b3e2cd", "#fdcdac", "#cbd5e8", "#f4cae4", "#e6f5c9", "#fff2ae", "#f1e2cc"];
const KIND_FILL = { input: "#e6f5c9", head: "#cbd5e8", mlp: "#fdcdac", logits: "#fff2ae" };

const THINNEST = 0.6, WIDEST = 5;
const OPAQUE_EDGES = 60;

const ROUTED_EDGES = 400;

/** Sizes of text in points and gaps in inches. The page shrinks large circuits, so their text is larger. */
const LOOKS = {
  small: { title: 14, label: 11, node: 12, rowGap: 0.5, columnGap: 0.18, grid: false },
  large: { title: 24, label: 16, node: 18, rowGap: 0.9, columnGap: 0.07, grid: false },
  grid: { title: 24, label: 16, node: 14, rowGap: 1.3, columnGap: 1, grid: true },
};

/** A Graphviz text and the layout engine for it. */
export interface CircuitDot {
  /** the graph in the DOT language */
  dot: string;
  /** Graphviz layout engine; `neato` keeps the given places */
  engine: "dot" | "neato";
}

/** Returns the Graphviz text of a circuit. @throws Error if an edge names a node that the model does not have. */
export function circuitDot(
  shape: CircuitShape,
  circuit: readonly CircuitEdge[],
  { palette = "field", fill = "kind", title, empty = "no edges", range, legend = true }:
    DrawingOptions = {},
): CircuitDot {
  const names = new Set(circuit.flatMap(({ source, target }) => [source, target]));
  const nodes = [...names].map((name) => parseNode(shape, name))
    .sort((a, b) => nodeIndex(shape, a) - nodeIndex(shape, b));
  const rows = Map.groupBy(nodes.filter(hasLayer), (node) => rowName(shape, node));
  const labels = legend ? [...rows.keys()].map((row) => `"${row}"`) : [];
  const width = penWidth(circuit, range);
  const look = lookOf(circuit.length);
  const place = (node: GraphNode, row?: string) => look.grid ? gridPlace(shape, node, row) : "";
  const heading = circuit.length > 0
    ? headingOf(palette, title, legend, look.label)
    : escaped(`${title ? `${title}: ` : ""}${empty}`);
  const lines = [
    "digraph circuit {",
    `graph [bgcolor="white", rankdir=BT, ranksep=${look.rowGap}, nodesep=${look.columnGap}, ` +
    `splines=${look.grid ? "line" : "true"}, outputorder=edgesfirst, pad=0.15, ` +
    `fontname="Helvetica", fontsize=${look.title}, labelloc=t` +
    `${heading ? `, label=<${heading}>` : ""}]`,
    `node [shape=plaintext, fontname="Helvetica", fontsize=${look.label}, fontcolor="#808080", ` +
    `height=0.3]`,
    ...(legend ? [...rows].map(([row, [node]]) => `"${row}" [${place(node, row)}]`) : []),
    ...(legend ? [`${labels.join(" -> ")} [style=invis, weight=1000]`] : []),
    `node [shape=box, style="filled,rounded", color="black", penwidth=0.8, fontcolor="black", ` +
    `fontsize=${look.node}, width=0.5, margin="0.07,0.04"]`,
    `edge [arrowsize=0.55]`,
    ...nodes.map((node) =>
      `"${nodeName(node)}" [label="${label(node)}", fillcolor="${fillOf(node, fill)}", ${
        place(node)
      }]`
    ),
  ];
  for (const [row, members] of rows) {
    const ordered = members.toSorted((a, b) => columnOf(shape, a) - columnOf(shape, b));
    const inRow = [...(legend ? [`"${row}"`] : []), ...ordered.map((n) => `"${nodeName(n)}"`)];
    lines.push(`{rank=same; ${inRow.join("; ")}}`);
    // invisible edges keep the order of a row
    if (inRow.length > 1 && !look.grid) lines.push(`${inRow.join(" -> ")} [style=invis]`);
  }
  for (const edge of circuit.toSorted((a, b) => Math.abs(a.score) - Math.abs(b.score))) {
    lines.push(edgeLine(edge, width(edge), circuit.length, palette));
  }
  return { dot: lines.join("\n") + "\n}\n", engine: look.grid ? "neato" : "dot" };
}

function lookOf(edges: number) {
  if (edges <= OPAQUE_EDGES) return LOOKS.small;
  return edges <= ROUTED_EDGES ? LOOKS.large : LOOKS.grid;
}

/** Returns a position in inches: a row per layer, a column per head, MLPs in the middle, labels of rows on the left. */
function gridPlace({ nHeads, parallel }: CircuitShape, node: GraphNode, label?: string) {
  const { kind, layer } = node;
  const row = kind === "input" ? 0 : 1 + (parallel ? layer : 2 * layer + Number(kind === "mlp"));
  const column = columnOf({ nHeads }, node);
  const { rowGap, columnGap } = LOOKS.grid;
  return `pos="${(label ? -1.5 : column) * columnGap},${row * rowGap}!"`;
}

/** Returns the column of a node: heads by number, MLPs, input and logits in the middle. */
function columnOf({ nHeads }: Pick<CircuitShape, "nHeads">, node: GraphNode): number {
  const middle = Math.ceil(nHeads / 2);
  return node.kind !== "head" ? middle : node.head < middle ? node.head : node.head + 1;
}

/** Returns what is written on a node. */
function label(node: GraphNode): string {
  if (node.kind === "mlp") return `M${node.layer}`;
  return node.kind === "head" ? `${node.layer}.${node.head}` : node.kind;
}

/** Returns title and legend as one HTML-like label of Graphviz. */
function headingOf(palette: Palette, title: string | undefined, legend: boolean, size: number) {
  const { q, k, v, o } = PALETTES[palette];
  const entry = (color: string, text: string) =>
    `<font color="${color}"><b>——</b></font>&#160;&#160;${text}&#160;&#160;&#160;`;
  const key = [
    entry(q, "query") + entry(k, "key") + entry(v, "value"),
    entry(o, "MLP, logits") + "dashed: negative",
  ];
  const lines = [
    ...(title ? [escaped(title)] : []),
    ...(legend ? [`<font point-size="${size}" color="#404040">${key.join("")}</font>`] : []),
  ];
  const gap = `<br/><font point-size="5">&#160;</font><br/>`;
  return lines.map((line) => line + gap).join("");
}

function edgeLine(edge: CircuitEdge, width: number, edges: number, palette: Palette): string {
  const colors = PALETTES[palette];
  const color = colors[edge.letter ?? "o"];
  const strength = Math.min(1, width / WIDEST);
  const opacity = edges <= OPAQUE_EDGES ? 1 : 0.3 + 0.7 * Math.sqrt(strength);
  const alpha = Math.round(opacity * 255).toString(16).padStart(2, "0");
  const dashed = edge.score < 0 ? `, style=dashed` : "";
  return `"${edge.source}" -> "${edge.target}" [color="${color}${alpha}", ` +
    `penwidth=${width.toFixed(2)}${dashed}]`;
}

/** Returns the width of an edge's line by EAP-IG's rule. */
function penWidth(
  circuit: readonly CircuitEdge[],
  range?: { min: number; max: number },
): (edge: CircuitEdge) => number {
  const sizes = circuit.map(({ score }) => Math.abs(score));
  const min = range?.min ?? Math.min(...sizes), max = range?.max ?? Math.max(...sizes);
  return ({ score }) => {
    const size = Math.abs(score);
    return Math.max(THINNEST, WIDEST * (max > min ? (size - min) / (max - min) : size));
  };
}

function hasLayer(node: GraphNode): boolean {
  return node.kind === "head" || node.kind === "mlp";
}

function rowName({ parallel }: CircuitShape, { kind, layer }: GraphNode): string {
  if (parallel) return `layer ${layer}`;
  return kind === "head" ? `attention ${layer}` : `MLP ${layer}`;
}

function fillOf(node: GraphNode, fill: "kind" | "layer"): string {
  return fill === "layer" && hasLayer(node)
    ? PASTELS[node.layer % PASTELS.length]
    : KIND_FILL[node.kind];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
