/**
 * What a page shows of a graph besides its edges, `attribution_graphs/{model}/step{step}/exact/{slug}.details.json`: logits that
 * features raise and lower, and edges split by attention head.
 */
import { z } from "zod";

/** Name and version of the layout. */
export const GRAPH_DETAILS_FORMAT = "circuits-over-time/attribution_graph_details/1";

const tokens = z.array(z.tuple([z.string(), z.number()]));

/** Schema of the JSON. */
export const graphDetails = z.object({
  format: z.literal(GRAPH_DETAILS_FORMAT),
  /** size of the vocabulary: a target that is not a logit has an id from here on in Neuronpedia's JSON */
  vocabulary: z.int().min(1),
  /** heads of a layer */
  heads: z.int().min(0),
  /**
   * by `layer.feature`: tokens whose logits a feature raises and lowers most, straight through the final LayerNorm with the
   * scale that it has at the last position, relative to the mean of all logits, per unit of activation
   */
  logits: z.record(z.string(), z.object({ raised: tokens, lowered: tokens })),
  /**
   * edges into a target, by node number. A part is (number, value): part 0 does not pass attention, part 1 + layer·heads + head
   * passes this head last. `rest` is the sum of the parts that are not listed.
   */
  splits: z.array(z.object({
    target: z.int(),
    edges: z.array(z.object({
      source: z.int(),
      parts: z.array(z.tuple([z.int(), z.number()])),
      rest: z.number(),
    })),
  })),
});

/** The JSON. */
export type GraphDetails = z.output<typeof graphDetails>;
