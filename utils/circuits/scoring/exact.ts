/**
 * Exact scores: the rise of the loss (minus the metric) when one edge alone carries its corrupted activation and all
 * others carry what the model computes; and for a node the same with all edges out of it. Definition: EAP-IG v2, method
 * `exact`; the runs are those of `single_switch.ts`.
 *
 * No mask is touched, so no edge can be judged in a graph that an earlier one left pruned, which is what happens in the
 * package. Pruning after one edge is gone would change nothing with `patching`: a node whose only input is corrupted has
 * its corrupted output. With zeros or means the node computes on, since it is that edge alone which is switched.
 */
import type { HookedModel } from "../../model/hooked_model.ts";
import {
  batchActivations,
  type Intervention,
  type MeanActivations,
} from "../activations/activations.ts";
import { edgeCount, nBackward, nForward, prevIndex } from "../graph/graph.ts";
import { circuitShape } from "../graph/model_shape.ts";
import type { PromptBatch } from "../../tasks/prompt_batches.ts";
import { SingleSwitch } from "./single_switch.ts";

export interface ExactOptions {
  intervention?: Intervention;
  means?: MeanActivations;
  /** keep every prompt's scores */
  perPrompt?: boolean;
  /** bytes of activations that edges run together may take; default 256 MB */
  memory?: number;
  /** edges and nodes done of all, over all batches of prompts */
  onProgress?: (done: number, total: number) => void;
}

export interface ExactScores {
  /** mean over prompts, `[nForward, nBackward]`; cells that are no edge are 0 */
  scores: Float32Array;
  /** `[prompts, nForward · nBackward]` in the order of the task, if asked for */
  perPrompt?: Float32Array;
  /** scores of nodes `[nForward]` */
  nodes: { nodes: Float32Array };
  cleanMetric: Float32Array;
  corruptedMetric: Float32Array;
}

/**
 * Exact scores of all edges and nodes: per edge and prompt one forward pass from its destination on.
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
