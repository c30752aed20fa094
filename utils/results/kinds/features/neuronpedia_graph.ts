/**
 * The layout of an attribution graph's JSON for Neuronpedia and circuit-tracer's viewer (`graph-schema.json`, version 1.0.0):
 * required and optional keys, and the types of nodes of per-layer coders. Other keys are allowed, as the published schema
 * allows them. `graph-metadata.json` lists the graphs of a folder.
 */
import { z } from "zod";

/** Types of nodes that circuit-tracer writes. */
export const NODE_TYPES = [
  "cross layer transcoder",
  "mlp reconstruction error",
  "embedding",
  "logit",
] as const;

const metadata = z.looseObject({
  slug: z.string().min(1),
  scan: z.string(),
  transcoder_list: z.array(z.string()).optional(),
  prompt_tokens: z.array(z.string()),
  prompt: z.string(),
  node_threshold: z.number().min(0).max(1).optional(),
  schema_version: z.number().optional(),
  info: z.looseObject({
    description: z.string().optional(),
    creator_name: z.string().optional(),
    source_urls: z.array(z.string()).optional(),
    generator: z.looseObject({ name: z.string(), version: z.string() }).optional(),
    create_time_ms: z.number().optional(),
  }).optional(),
  feature_details: z.looseObject({
    feature_json_base_url: z.string().optional(),
    neuronpedia_source_set: z.string().optional(),
  }).optional(),
  generation_settings: z.looseObject({
    max_n_logits: z.int().optional(),
    desired_logit_prob: z.number().optional(),
    batch_size: z.int().optional(),
    max_feature_nodes: z.int().optional(),
  }).optional(),
  pruning_settings: z.looseObject({
    node_threshold: z.number().min(0).max(1),
    edge_threshold: z.number().min(0).max(1),
  }).optional(),
});

const node = z.looseObject({
  node_id: z.string().min(1),
  feature: z.int().nullable(),
  layer: z.string(),
  ctx_idx: z.int().min(0),
  feature_type: z.enum(NODE_TYPES),
  token_prob: z.number().min(0).max(1),
  is_target_logit: z.boolean(),
  run_idx: z.literal(0),
  reverse_ctx_idx: z.literal(0),
  jsNodeId: z.string().min(1),
  clerp: z.string(),
  influence: z.number().nullable(),
  activation: z.number().nullable(),
});

/** Schema of a graph. */
export const neuronpediaSchema = z.strictObject({
  metadata,
  qParams: z.looseObject({
    pinnedIds: z.array(z.string()),
    supernodes: z.array(z.array(z.string())),
    linkType: z.string(),
    clickedId: z.string(),
    sg_pos: z.string(),
  }),
  nodes: z.array(node),
  links: z.array(z.strictObject({ source: z.string(), target: z.string(), weight: z.number() })),
});

/** A graph as Neuronpedia reads it. */
export type NeuronpediaGraph = z.output<typeof neuronpediaSchema>;

/** A node as Neuronpedia reads it. */
export type NeuronpediaNode = NeuronpediaGraph["nodes"][number];

/** Schema of `graph-metadata.json`. */
export const graphIndexSchema = z.strictObject({ graphs: z.array(metadata) });
