/**
 * Every way to score edges, by name: gradient methods (`attribution.ts`), `exact` (`exact.ts`) and
 * `information-flow-routes` (`information_flow.ts`).
 *
 * Gradient methods and `exact` score the loss, which is minus the metric: a score is positive if corrupting the edge harms
 * the behaviour. Information-flow routes give shares between 0 and 1.
 */
import type { HookedModel } from "../../model/mod.ts";
import {
  attribute,
  type Attribution,
  type AttributionOptions,
  GRADIENT_METHODS,
} from "../attribution/mod.ts";
import { exactScores } from "./exact.ts";
import { informationFlowRoutes } from "./information_flow.ts";
import { circuitShape, nBackward } from "../graph/mod.ts";
import type { PromptBatch } from "../../tasks/mod.ts";

/** Names of all methods. */
export const EDGE_METHODS = [...GRADIENT_METHODS, "exact", "information-flow-routes"] as const;
/** Name of a method. */
export type EdgeMethod = (typeof EDGE_METHODS)[number];

/** How edges are scored. */
export type EdgeScoreOptions = Omit<AttributionOptions, "method"> & {
  /** default: `EAP-IG-inputs` */
  method?: EdgeMethod;
  /** bytes of activations that `exact` may use; default 256 MB */
  memory?: number;
};

/** Scores as in {@link Attribution}. Information-flow routes have no completeness; both its numbers are then 0. */
export type EdgeScores = Omit<Attribution, "nodes"> & {
  /** scores of nodes and neurons by gradient methods, of nodes by `exact` */
  nodes?: { nodes: Float32Array; neurons?: Float32Array };
};

/**
 * Scores all edges by any method; a method ignores options that it does not use.
 * @throws Error as `attribute` does, or if the batches share a prefix that the intervention changes.
 * @example EAP-IG, and how much of the metric the 40 best edges keep.
 * ```ts
 * import { CircuitEvaluator, circuitShape, edgeScores, greedySelection } from "../mod.ts";
 * import { HookedModel } from "../../model/mod.ts";
 * import { loadTask, promptBatches, readoutOf } from "../../tasks/mod.ts";
 * import { assertGreater } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const task = await loadTask("ioi", model.tokenizer, { n: 4 });
 * const batches = promptBatches(task.prompts, readoutOf(task));
 * const { scores } = await edgeScores(model, batches, { method: "EAP-IG-inputs", steps: 10 });
 * const circuit = greedySelection(circuitShape(model.config), scores, 40);
 * const evaluator = await CircuitEvaluator.prepare(model, batches);
 * const [[first]] = await evaluator.evaluate([circuit]);
 * assertGreater(first / evaluator.cleanMetric[0], 0.5);
 * ```
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
