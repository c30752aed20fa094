/** The JSON beside the tensors of an exact attribution graph, `attribution_graphs/{model}/step{step}/exact/{slug}.json`. */
import { z } from "zod";

/** Name and version of the layout. */
export const GRAPH_FORMAT = "circuits-over-time/attribution_graph/1";

/** Schema of the JSON. */
export const exactGraphHeader = z.looseObject({
  format: z.literal(GRAPH_FORMAT),
  prompt: z.string(),
  token_texts: z.array(z.string()),
  tokens: z.array(z.int()),
  layers: z.int(),
  columns: z.int(),
  targets: z.array(z.object({
    label: z.string(),
    hook: z.string(),
    convention: z.enum(["raw", "folded"]).optional(),
    position: z.int(),
    weight: z.number(),
    constant: z.number().optional(),
    token: z.int().optional(),
  })),
  biases: z.array(z.object({ origin: z.string(), layer: z.int().optional() })),
  values: z.array(z.number()),
  left_out: z.object({ features: z.int(), influence: z.number() }).optional(),
  scores: z.object({ replacement: z.number(), completeness: z.number() }),
  settings: z.record(z.string(), z.unknown()),
});

/** The JSON. */
export type ExactGraphHeader = z.output<typeof exactGraphHeader>;
