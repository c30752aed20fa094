/** The settings of get_attribution_graph.ts. */
import { z } from "zod";
import { featureModelKeys, featurePromptKeys } from "./settings.ts";

/** What a graph can be of. */
export const GRAPH_TARGETS = ["logits", "difference", "feature", "neuron"] as const;

/** Schema of the settings. */
export const attributionGraphSchema = z.object({
  ...featureModelKeys,
  ...featurePromptKeys,
  target: z.enum(GRAPH_TARGETS).optional().describe(
    "what the graph explains: the most probable logits, the difference of right and wrong answers, the pre-activation of a " +
      "feature or of a neuron; default: difference where answers are known, else logits",
  ),
  max_logits: z.int().min(1).default(10).describe("largest number of logits"),
  logit_probability: z.number().gt(0).max(1).default(0.95)
    .describe("probability that the chosen logits reach together"),
  logit_tokens: z.array(z.string().min(1)).default([])
    .describe("these logits instead, one token each"),
  target_layer: z.int().min(0).optional().describe("layer of the feature or neuron"),
  target_index: z.int().min(0).optional().describe("number of the feature or neuron"),
  target_position: z.int().optional().describe(
    "position of the feature or neuron; negative from the end; default: the last",
  ),
  max_nodes: z.int().min(1).optional().describe(
    "largest number of feature nodes; takes those with the largest influence; default: all",
  ),
  node_threshold: z.number().min(0).max(1).default(0.8)
    .describe("share of the influence that the pruned graph's nodes keep"),
  edge_threshold: z.number().min(0).max(1).default(0.98)
    .describe("share of the edge scores that the pruned graph's edges keep"),
  ignore_first: z.boolean().default(false).describe(
    "give position 0 neither features nor errors, as circuit-tracer does after a begin-of-text token",
  ),
  position_node: z.boolean().default(false).describe(
    "keep learned position embeddings apart from the token nodes, as circuit-tracer does",
  ),
  circuit_tracer_ids: z.boolean().default(false).describe(
    "keep circuit-tracer's ids of errors even where a feature has the same id",
  ),
  graph_memory: z.number().positive().default(1.5)
    .describe("gigabytes that a graph may take besides model and coders"),
  top_paths: z.int().min(0).default(5).describe("number of paths to print"),
  logit_lists: z.int().min(0).default(120).describe(
    "number of features with the largest influence whose raised and lowered logits are listed",
  ),
  head_splits: z.int().min(0).default(30).describe(
    "number of features with the largest influence whose inputs are split by attention head, besides the targets; 0: none",
  ),
  page: z.boolean().default(true).describe(
    "make one page of the graphs, attribution_graphs.html in their folder",
  ),
  scan: z.string().min(1).optional().describe(
    "what the file says it is of: for Neuronpedia its id of the model, for circuit-tracer's viewer the set of transcoders; " +
      "default: the model",
  ),
  source_set: z.string().min(1).optional()
    .describe("set of feature dashboards on Neuronpedia, if there is one"),
  slug: z.string().min(1).optional().describe(
    "name of the files; default: made from the task or the prompt",
  ),
  output_dir: z.string().min(1).optional().describe(
    "folder of the files; default: {results_dir}/attribution_graphs/{model}/step{step}",
  ),
}).superRefine(({ target, target_layer, target_index }, context) => {
  if (target !== "feature" && target !== "neuron") return;
  for (const [key, value] of Object.entries({ target_layer, target_index })) {
    if (value !== undefined) continue;
    context.addIssue({
      code: "custom",
      path: [key],
      message: `expected a number: target "${target}" needs target_layer and target_index`,
    });
  }
});

/** The settings. */
export type AttributionGraphSettings = z.output<typeof attributionGraphSchema>;
