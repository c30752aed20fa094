/** What `circuits.json` of a reference case holds. */

/** One node of a path. */
export interface ReferenceNode {
  name: string;
  path: string;
  contrib: number | null;
  type: "raw" | "zero_ablation" | null;
  layer: number;
  sublayer: string;
  token: number;
  error: number;
}

/** An edge: child, parent, weight. */
export type ReferenceEdge = [string, string, number];

/** One root, and everything computed from it. */
export interface ReferenceRoot {
  layer: number;
  feature: number;
  token: number;
  activation: number;
  ln_constant: number;
  embedding: number;
  transcoder_errors: number[];
  bias: number;
  attention_output_bias: number;
  transcoder_output_bias: number;
  exact_residual: number;
  paths_raw: ReferenceNode[][][];
  paths_capped: ReferenceNode[][][];
  paths_raw_with_first_source: ReferenceNode[][][];
  graph_edges: ReferenceEdge[];
  graph_nodes: Record<string, number>;
  error_edges: ReferenceEdge[];
  edges_without_tokens: ReferenceEdge[];
  top_features: ReferenceNode[];
}

/** The file. */
export interface CircuitsFile {
  tokens: number[];
  roots: ReferenceRoot[];
  custom: { ids: [number, number]; paths_raw: ReferenceNode[][][] };
  mean_ixg: {
    range_layer: number;
    range_feature: number;
    from_layer: number;
    batch_size: number;
  };
}
