/**
 * Scores edges by gradients: s(u→v) = mean over prompts of Σ_k w_k ⟨D_u, ∂L/∂in_v at path point k⟩, where L is the loss
 * (minus the metric) and D_u the corrupted − clean output of u.
 *
 *   EAP                  gradients on the clean run                                        (Syed et al. 2023)
 *   clean-corrupted      half on the clean, half on the corrupted run
 *   EAP-IG-inputs        the input embedding moves from corrupted to clean                 (Hanna et al. 2024)
 *   EAP-IG-activations   the output of one component at a time moves (input, attention l, MLP l); the sum over
 *                        components is divided by 1 + 2L, as in the EAP-IG package
 *
 * For each batch:
 *
 *  1. Compute the activations of both prompts and D.
 *  2. Run a forward and a backward pass over all layers, for a few prompts at a time at all path points. It returns the
 *     gradient at every destination, summed over the points.
 *  3. Multiply by D, once per prompt and layer, to get the scores.
 *
 * Batches do not average prompts: each prompt has its own scores, and they are summed in double precision.
 */
import type { Completeness } from "../../results/mod.ts";
import type { HookedModel, ModelConfig } from "../../model/mod.ts";
import {
  activationsAndDifferences,
  inGroups,
  type Intervention,
  type MeanActivations,
} from "../activations/mod.ts";
import { GradientPasses, runPasses, runsInOneSession } from "./gradient_passes.ts";
import type { EdgeSink } from "./edge_contraction.ts";
import { circuitShape } from "../graph/mod.ts";
import type { NodeScores } from "./node_scores.ts";
import { PromptScores, TaskScores } from "./score_sums.ts";
import { type Component, movingOutputs, type PassInputs } from "./pass_feeds.ts";
import { batchTokens, type PromptBatch } from "../../tasks/mod.ts";
import { integrateAdaptively, meanChange, type RunPoints } from "./adaptive.ts";
import { type PathPoint, pathPoints, type PathRule, pointsAfter } from "./quadrature.ts";

/** Names of the methods that the header lists. */
export const GRADIENT_METHODS = [
  "EAP",
  "EAP-IG-inputs",
  "clean-corrupted",
  "EAP-IG-activations",
] as const;
/** Names one of {@link GRADIENT_METHODS}. */
export type GradientMethod = (typeof GRADIENT_METHODS)[number];

/** Sets the method of {@link attribute}, and how it splits the work. */
export interface AttributionOptions {
  /** default "EAP-IG-inputs" */
  method?: GradientMethod;
  /** number of path points of the IG methods; default 30. "adaptive" does not use it. */
  steps?: number;
  /** rule that places the path points; default "reference" */
  quadrature?: PathRule;
  /** for "adaptive", the largest error of a prompt's scores, as a share of the mean change of the metric; default 0.01 */
  tolerance?: number;
  /** for "adaptive", the mean size of the metric's change, where it is known; default: measured with two more runs */
  meanChange?: number;
  /** corrupted activations of D; default "patching" */
  intervention?: Intervention;
  /** mean activations, required by the mean interventions */
  means?: MeanActivations;
  /** whether to return the scores of every prompt, for the bootstrap */
  perPrompt?: boolean;
  /**
   * whether EAP-IG-activations skips the gradients at layer 0's destinations while the input moves, in models without
   * position embeddings. The EAP-IG package does so, because its moved input is a constant that no hook sees.
   */
  compat?: boolean;
  /** approximate number of tokens in one pass; default: {@link defaultTokensPerPass} */
  tokensPerPass?: number;
  /** whether all layers run in one session rather than one by one; default: {@link runsInOneSession} */
  inOneSession?: boolean;
  /** receives the finished and the total number of prompts × path points × components; of prompts, if adaptive */
  onProgress?: (done: number, total: number) => void;
}

/** Holds the scores of one checkpoint on one task. */
export interface Attribution {
  /** edge scores, mean over prompts, `[nForward, nBackward]`; 0 for cells that are not edges */
  scores: Float32Array;
  /** edge scores of each prompt, `[prompts, nForward · nBackward]`, in the order of the task; set if requested */
  perPrompt?: Float32Array;
  /** node and neuron scores at the same path points */
  nodes: NodeScores;
  /** compares the scores out of `input` with the change of the metric from corrupted to clean prompts */
  completeness: Completeness;
  /** metric of the whole model on each clean prompt, `[prompts]` */
  cleanMetric: Float32Array;
  /** metric of the whole model on each corrupted prompt, `[prompts]` */
  corruptedMetric: Float32Array;
}

/** Number of tokens above which matrix products do not get faster per token. */
const ENOUGH_TOKENS = 768;
/** Limit on d_model × tokens in one pass: in wide models, fewer tokens keep all threads busy. */
const WIDTH_TIMES_TOKENS = 768 * 1024;

/** Returns the default number of tokens in one pass. */
export function defaultTokensPerPass({ dModel }: ModelConfig): number {
  return Math.max(256, Math.min(ENOUGH_TOKENS, Math.floor(WIDTH_TIMES_TOKENS / dModel)));
}

function pathOf(method: GradientMethod, steps: number, quadrature: PathRule): PathPoint[] {
  if (quadrature === "adaptive") return [];
  if (method === "EAP") return [{ alpha: 1, weight: 1 }];
  if (method === "clean-corrupted") return [{ alpha: 1, weight: 0.5 }, { alpha: 0, weight: 0.5 }];
  // For activations, EAP-IG's points include the clean end and leave out the corrupted end.
  const own = quadrature === "reference" && method === "EAP-IG-activations";
  return pathPoints(own ? "reference-clean" : quadrature, steps);
}

function componentsOf(method: GradientMethod, config: ModelConfig, compat: boolean): Component[] {
  if (method !== "EAP-IG-activations") return [{ layer: -1 }];
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  return [
    { layer: -1, skipsFirstLayer: compat && config.architecture !== "gpt2" },
    ...layers.flatMap((layer): Component[] => [
      { layer, output: "attention" },
      { layer, output: "mlp" },
    ]),
  ];
}

/** A batch that is ready for its passes. */
interface Prepared {
  inputs: PassInputs;
  metrics: { clean: Float32Array; corrupted: Float32Array };
  sink: EdgeSink;
}

/** Returns the inputs of the passes over a batch, and its metrics. All other activations can be freed after D. */
async function passInputs(
  model: HookedModel,
  batch: PromptBatch,
  method: GradientMethod,
  intervention: Intervention,
  means?: MeanActivations,
) {
  const { activations, differences } = await activationsAndDifferences(
    model,
    batch,
    intervention,
    means,
  );
  const { past, residuals: [start] } = activations;
  const outputs = method === "EAP-IG-activations"
    ? movingOutputs(activations, differences, model.config)
    : undefined;
  const inputs: PassInputs = { batch, past, start, differences, outputs };
  const metrics = { clean: activations.cleanMetric, corrupted: activations.corruptedMetric };
  return { inputs, metrics };
}

/**
 * Scores all edges over the batches of one task.
 * @throws Error naming the cell if a score is not finite.
 * @throws Error if the path of the method needs corrupted prompts and the intervention is another one, or if the method
 * does not fit the quadrature.
 */
export async function attribute(
  model: HookedModel,
  batches: readonly PromptBatch[],
  options: AttributionOptions = {},
): Promise<Attribution> {
  const { method = "EAP-IG-inputs", steps = 30, intervention = "patching" } = options;
  if (intervention !== "patching" && (method === "EAP-IG-inputs" || method === "clean-corrupted")) {
    throw new Error(
      `method "${method}" moves towards corrupted prompts: intervention must be "patching"`,
    );
  }
  const adaptive = options.quadrature === "adaptive";
  if (adaptive && method !== "EAP-IG-inputs") {
    throw new Error(`quadrature "adaptive" is for method EAP-IG-inputs, found "${method}"`);
  }
  const shape = circuitShape(model.config);
  const nPrompts = batches.reduce((n, b) => n + b.indices.length, 0);
  const points = pathOf(method, steps, options.quadrature ?? "reference");
  const components = componentsOf(method, model.config, options.compat ?? false);
  const total = new TaskScores(shape, model.config.dModel, nPrompts, options.perPrompt ?? false);
  const cleanMetric = new Float32Array(nPrompts), corruptedMetric = new Float32Array(nPrompts);
  const tokens = options.tokensPerPass ?? defaultTokensPerPass(model.config);
  const inOneSession = options.inOneSession ?? runsInOneSession(model);
  const work = adaptive ? nPrompts : nPrompts * points.length * components.length;
  let done = 0, pointsRun = 0;
  const advance = (count: number) => options.onProgress?.(done += count, work);
  await model.keepEmbeddingsOf(batchTokens(batches));
  const allowed = adaptive
    ? (options.tolerance ?? 0.01) * (options.meanChange ?? await meanChange(model, batches))
    : undefined;
  const passes = (inputs: PassInputs, sink: EdgeSink) =>
    new GradientPasses(model, inputs, components.length, sink, inOneSession);
  /** Runs the passes of prepared batches; `limit` is that of the passes that run together. */
  const fixed = async (prepared: Prepared[], limit: number) => {
    const all = prepared.flatMap(({ inputs, sink }) => {
      const ofBatch = passes(inputs, sink);
      return components.flatMap((component) => ofBatch.of(component, points, tokens));
    });
    await runPasses(model, all, limit, advance);
  };
  const refined = async ({ inputs, sink, metrics }: Prepared, limit: number) => {
    const { config } = model;
    const scores = new PromptScores(inputs.batch.indices.length, shape, config.dModel);
    const changes = metrics.clean.map((clean, n) => clean - metrics.corrupted[n]);
    const run: RunPoints = (inputs, points, sink) =>
      runPasses(model, passes(inputs, sink).of(components[0], points, tokens), limit, () => {});
    const goal = { changes, allowed: allowed!, run };
    const used = await integrateAdaptively(inputs, scores, goal, advance);
    pointsRun += used.reduce((a, b) => a + b, 0);
    scores.drain(sink);
  };
  const ofGroup = async (group: readonly PromptBatch[], limit: number) => {
    const prepared = await model.weights.together(
      group.map((batch) => async () => ({
        ...await passInputs(model, batch, method, intervention, options.means),
        sink: total.of(batch),
      })),
    );
    if (adaptive) {
      const share = limit / group.length;
      await model.weights.together(prepared.map((batch) => () => refined(batch, share)));
    } else await fixed(prepared, limit);
    for (const { inputs: { batch: { indices } }, metrics } of prepared) {
      indices.forEach((i, n) => {
        cleanMetric[i] = metrics.clean[n];
        corruptedMetric[i] = metrics.corrupted[n];
      });
    }
  };
  await inGroups(model, batches, adaptive ? pointsAfter(0) : points.length, ofGroup);
  return {
    ...total.means(),
    completeness: {
      ...completenessOf(
        total.outOfInput,
        cleanMetric.map((clean, n) => clean - corruptedMetric[n]),
        method === "EAP-IG-inputs",
      ),
      ...(adaptive && { points: pointsRun / nPrompts }),
    },
    cleanMetric,
    corruptedMetric,
  };
}

/** Compares the scores out of the input with the change of the metric, prompt by prompt. */
function completenessOf(
  outOfInput: Float64Array,
  changes: Float32Array,
  followsInput: boolean,
): Completeness {
  const mean = (of: (n: number) => number) =>
    outOfInput.reduce((sum, _, n) => sum + of(n), 0) / outOfInput.length;
  const moved = mean((n) => Math.abs(changes[n]));
  const left = mean((n) => Math.abs(outOfInput[n] - changes[n]));
  return {
    sum: mean((n) => outOfInput[n]),
    change: mean((n) => changes[n]),
    ...(followsInput && moved > 0 && { missing: left / moved }),
  };
}
