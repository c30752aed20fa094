/**
 * All ways to score edges under one name each: gradient methods (`attribution.ts`), `exact` (`exact.ts`) and
 * `information-flow-routes` (`information_flow.ts`).
 */
import type { HookedModel } from "../model/hooked_model.ts";
import {
  attribute,
  type Attribution,
  type AttributionOptions,
  GRADIENT_METHODS,
  type GradientMethod,
} from "./attribution.ts";
import type { PromptBatch } from "./prompt_batches.ts";

export const EDGE_METHODS = [...GRADIENT_METHODS, "exact", "information-flow-routes"] as const;
export type EdgeMethod = (typeof EDGE_METHODS)[number];

export type EdgeScoreOptions = Omit<AttributionOptions, "method"> & { method?: EdgeMethod };

/** Scores of all edges by any method. */
export async function edgeScores(
  model: HookedModel,
  batches: readonly PromptBatch[],
  options: EdgeScoreOptions = {},
): Promise<Attribution> {
  const { method = "EAP-IG-inputs" } = options;
  if ((GRADIENT_METHODS as readonly string[]).includes(method)) {
    return await attribute(model, batches, { ...options, method: method as GradientMethod });
  }
  throw new Error(`method "${method}" is not available yet`);
}
