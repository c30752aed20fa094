/**
 * Exact scores: the rise of the loss (minus the metric) when a single edge carries its corrupted activation and all others
 * carry what the model computes. The score of a node is the same with all edges out of it. The definition is that of the
 * method `exact` in EAP-IG v2; `single_switch.ts` does the runs.
 *
 * We never prune, so no edge is scored in a graph that an earlier edge left pruned, as happens in the package. With
 * `patching`, pruning after removing one edge would change nothing: a node with a corrupted only input has its corrupted
 * output. With zeros or means the node still computes, because only that one edge is switched.
 */
import type { HookedModel } from "../../model/mod.ts";
import { batchActivations, type Intervention, type MeanActivations } from "../activations/mod.ts";
import { circuitShape, edgeCount, nBackward, nForward, prevIndex } from "../graph/mod.ts";
import type { PromptBatch } from "../../tasks/mod.ts";
import { SingleSwitch } from "./single_switch.ts";

/** How exact scores are computed. */
export interface ExactOptions {
  /** what replaces the activation of a switched edge; default `patching` */
  intervention?: Intervention;
  /** mean activations, for the interventions that need them */
  means?: MeanActivations;
  /** whether to keep the scores of every prompt */
  perPrompt?: boolean;
  /** bytes of activations that edges in one run may use; default 256 MB */
  memory?: number;
  /** called with the number of edges and nodes that are done, and of all, over all batches */
  onProgress?: (done: number, total: number) => void;
}

/** Exact scores of edges and nodes. */
export interface ExactScores {
  /** mean over prompts, `[nForward, nBackward]`; 0 for cells that are not edges */
  scores: Float32Array;
  /** scores of every prompt, `[prompts, nForward · nBackward]` in the order of the task, if `perPrompt` is set */
  perPrompt?: Float32Array;
  /** scores of nodes, mean over prompts, `[nForward]` */
  nodes: { nodes: Float32Array };
  /** metric of each prompt on clean tokens */
  cleanMetric: Float32Array;
  /** metric of each prompt on corrupted tokens */
  corruptedMetric: Float32Array;
}

/**
 * Computes exact scores of all edges and nodes, with one forward pass from its destination on per edge and prompt.
 * @throws Error as `batchActivations` does if the batches share a prefix that the intervention changes.
 */
export async function exactScores(
  model: HookedModel,
  batches: readonly PromptBatch[],
  { intervention, means, perPrompt, memory = 256e6, onProgress }: ExactOptions = {},
): Promise<ExactScores> {
  const shape = circuitShape(model.config);
  const rows = nForward(shape), columns = nBackward(shape), cells = rows * columns;
  const nPrompts = batches.reduce((n, b) => n + b.indices.length, 0);
  const edges = new Float64Array(cells), nodes = new Float64Array(rows);
  const each = perPrompt ? new Float32Array(nPrompts * cells) : undefined;
  const cleanMetric = new Float32Array(nPrompts), corruptedMetric = new Float32Array(nPrompts);
  const work = batches.length * (edgeCount(shape) + rows);
  let done = 0;
  for (const batch of batches) {
    const { indices } = batch;
    const activations = await batchActivations(model, batch, intervention, means);
    const run = await SingleSwitch.prepare(model, activations, memory);
    /** calls `add(u, n, rise of the loss)` for runs of the sources `first`, `first + 1`, … */
    const rises = (
      metrics: Float32Array,
      first: number,
      add: (u: number, n: number, rise: number) => void,
    ) => {
      metrics.forEach((metric, i) => {
        const n = i % indices.length;
        add(first + Math.floor(i / indices.length), n, activations.cleanMetric[n] - metric);
      });
      onProgress?.(done += metrics.length / indices.length, work);
    };
    for (let v = 0; v < columns; v++) {
      const end = prevIndex(shape, v);
      for (let first = 0; first < end; first += run.capacity) {
        const metrics = await run.edges(first, Math.min(end, first + run.capacity), v);
        rises(metrics, first, (u, n, rise) => {
          edges[u * columns + v] += rise;
          if (each) each[indices[n] * cells + u * columns + v] = rise;
        });
      }
    }
    for (let u = 0; u < rows; u++) {
      rises(await run.node(u), u, (_, __, rise) => nodes[u] += rise);
    }
    indices.forEach((i, n) => {
      cleanMetric[i] = activations.cleanMetric[n];
      corruptedMetric[i] = activations.corruptedMetric[n];
    });
  }
  const mean = (sums: Float64Array) => Float32Array.from(sums, (x) => x / nPrompts);
  return {
    scores: mean(edges),
    perPrompt: each,
    nodes: { nodes: mean(nodes) },
    cleanMetric,
    corruptedMetric,
  };
}
