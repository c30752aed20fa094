/**
 * All ways to score edges under one name each: gradient methods (`attribution.ts`), `exact` (`exact.ts`) and
 * `information-flow-routes` (`information_flow.ts`).
 *
 * Scores of gradient methods and of `exact` are of the loss, minus the metric: positive where corrupting the edge harms
 * the behaviour. Those of information-flow routes are shares between 0 and 1.
 */
import type { HookedModel } from "../../model/hooked_model.ts";
import {
  attribute,
  type Attribution,
  type AttributionOptions,
  GRADIENT_METHODS,
} from "../attribution/attribution.ts";
import { exactScores } from "./exact.ts";
import { informationFlowRoutes } from "./information_flow.ts";
import { nBackward } from "../graph/graph.ts";
import { circuitShape } from "../graph/model_shape.ts";
import type { PromptBatch } from "../../tasks/prompt_batches.ts";

export const EDGE_METHODS = [...GRADIENT_METHODS, "exact", "information-flow-routes"] as const;
export type EdgeMethod = (typeof EDGE_METHODS)[number];

export type EdgeScoreOptions = Omit<AttributionOptions, "method"> & {
  method?: EdgeMethod;
  /** bytes of activations of `exact`; default 256 MB */
  memory?: number;
};

/** As {@link Attribution}; `completeness` of information-flow routes, which have none, is 0 of 0. */
export type EdgeScores = Omit<Attribution, "nodes"> & {
  /** gradient methods score nodes and neurons, `exact` nodes */
  nodes?: { nodes: Float32Array; neurons?: Float32Array };
};

/**
 * Scores of all edges by any method; options that a method has no use for are ignored.
 * @throws Error as `attribute` does, or if a prefix is shared that the intervention changes.
 */
export async function edgeScores(
  model: HookedModel,
  batches: readonly PromptBatch[],
  { method = "EAP-IG-inputs", memory, ...options }: EdgeScoreOptions = {},
): Promise<EdgeScores> {
  if (method === "information-flow-routes") {
    const flow = await informationFlowRoutes(model, batches, options);
    return { ...flow, completeness: { sum: 0, change: 0 } };
  }
  if (method !== "exact") return await attribute(model, batches, { ...options, method });
  const exact = await exactScores(model, batches, { ...options, memory });
  const outOfInput = exact.scores.subarray(0, nBackward(circuitShape(model.config)));
  const total = (values: Float32Array) => values.reduce((a, b) => a + b, 0);
  const change = total(exact.cleanMetric) - total(exact.corruptedMetric);
  return {
    ...exact,
    completeness: { sum: total(outOfInput), change: change / exact.cleanMetric.length },
  };
}
