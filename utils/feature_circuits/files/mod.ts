/** Attribution graphs in files: exactly, and for Neuronpedia and circuit-tracer's viewer. @module */
export { type GraphAbout, readGraph, type StoredGraph, writeGraph } from "./graph_files.ts";
export { indexGraph } from "./graph_index.ts";
export {
  cantorPair,
  cantorUnpair,
  checkSlug,
  neuronpediaGraph,
  type NeuronpediaInfo,
} from "../../graphs/mod.ts";
export {
  GRAPH_FORMAT,
  graphIndexSchema,
  type NeuronpediaGraph,
  type NeuronpediaNode,
  neuronpediaSchema,
  NODE_TYPES,
} from "../../results/mod.ts";
