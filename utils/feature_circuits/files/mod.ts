/** Attribution graphs in files: exactly, and for Neuronpedia and circuit-tracer's viewer. @module */
export {
  GRAPH_FORMAT,
  type GraphAbout,
  readGraph,
  type StoredGraph,
  writeGraph,
} from "./graph_files.ts";
export {
  cantorPair,
  cantorUnpair,
  checkSlug,
  indexGraph,
  neuronpediaGraph,
  type NeuronpediaInfo,
} from "./neuronpedia.ts";
export {
  graphIndexSchema,
  type NeuronpediaGraph,
  type NeuronpediaNode,
  neuronpediaSchema,
  NODE_TYPES,
} from "./neuronpedia_schema.ts";
