/**
 * File formats of circuits: graph files of EAP-IG, the table of edges (Feather), pictures (SVG and PNG by Graphviz), and
 * attribution graphs for Neuronpedia.
 */
export {
  type CircuitDot,
  circuitDot,
  type DrawingOptions,
  type Palette,
  PALETTE_NAMES,
} from "./circuit_dot.ts";
export { drawCircuit, svgToPng, writeCircuitPicture } from "./drawing.ts";
export { type EdgeRow, edgeRows, writeEdgeTable } from "./edge_table.ts";
export type { GraphFile } from "./graph_json_reader.ts";
export {
  formatGraphJson,
  type GraphJsonVersion,
  readGraphJson,
  writeGraphJson,
} from "./graph_json.ts";
export {
  type AttributionGraph,
  attributionGraph,
  type AttributionGraphInfo,
  type AttributionNode,
} from "./neuronpedia.ts";
export { graphExtension, type GraphFormat, readGraph, writeGraph } from "./graph_file.ts";
