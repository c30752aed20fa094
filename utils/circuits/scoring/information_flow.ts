/**
 * Information-flow routes (Ferrando and Voita 2024) as in EAP-IG v2: how much of what a destination reads comes from each
 * source, without gradients or corrupted prompts.
 *
 *  1. For the residual stream y that a destination reads and the output z_u of every source before it, at each position:
 *     proximity_u = max(0, ‖y‖₁ − ‖y − z_u‖₁).
 *  2. importance_u = proximity_u / Σ_u' proximity_u' (0 if no source is near).
 *  3. Take the mean over positions, then over prompts.
 *
 * All destinations of a layer that read the same stream have the same scores. Prompts run one at a time, so the memory is
 * that of one prompt's sources, `[nForward, P, d]`.
 */
import {
  abs,
  defineProgram,
  div,
  type F32,
  Graph,
  max,
  mean,
  Session,
  type SessionOptions,
  sub,
  sum,
  tensor,
  unsqueeze,
} from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { type BatchActivations, batchActivations, sourceDifferences } from "../activations/mod.ts";
import {
  circuitShape,
  destinationNode,
  layerRows,
  nBackward,
  nForward,
  prevIndex,
} from "../graph/mod.ts";
import type { PromptBatch } from "../../tasks/mod.ts";

/** Scores by information-flow routes. */
export interface InformationFlow {
  /** mean over prompts, `[nForward, nBackward]`; 0 for cells that are not edges; edges into a destination add up to 1 */
  scores: Float32Array;
  /** scores of every prompt, `[prompts, nForward · nBackward]` in the order of the task, if `perPrompt` is set */
  perPrompt?: Float32Array;
  /** metric of each prompt on clean tokens */
  cleanMetric: Float32Array;
  /** metric of each prompt on corrupted tokens */
  corruptedMetric: Float32Array;
}

/** How information-flow routes are computed. */
export interface InformationFlowOptions {
  /** whether to keep the scores of every prompt */
  perPrompt?: boolean;
  /** called with the number of prompts that are done, and of all */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Compiles: outputs of the sources before y `[sources, P, d]` and y `[P, d]` → importance of each source, mean over
 * positions, `[sources]`.
 */
function compileImportance(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const z = g.input("sources", ["sources", "pos", "d"]);
  const y = unsqueeze(g.input("stream", ["pos", "d"]), 0);
  const proximity = max(sub(sum(abs(y), [-1]), sum(abs(sub(y, z)), [-1])), 0);
  const total = max(sum(proximity, [0], true), 1e-30);
  return Session.compile({ importance: mean(div(proximity, total), [1]) }, {}, options);
}

const importanceProgram = defineProgram("importance", compileImportance);

/** Scores all edges on the clean prompts, over the positions up to the read-out. */
export async function informationFlowRoutes(
  model: HookedModel,
  batches: readonly PromptBatch[],
  { perPrompt, onProgress }: InformationFlowOptions = {},
): Promise<InformationFlow> {
  const shape = circuitShape(model.config);
  const columns = nBackward(shape), cells = nForward(shape) * columns;
  const nPrompts = batches.reduce((n, b) => n + b.indices.length, 0);
  const total = new Float64Array(cells);
  const each = perPrompt ? new Float32Array(nPrompts * cells) : undefined;
  const cleanMetric = new Float32Array(nPrompts), corruptedMetric = new Float32Array(nPrompts);
  let done = 0;
  for (const batch of batches) {
    for (const [n, index] of batch.indices.entries()) {
      const activations = await batchActivations(model, wholePrompt(batch, n));
      const importances = await streamImportances(model, activations);
      for (let v = 0; v < columns; v++) {
        const { node } = destinationNode(shape, v);
        const ofMlp = node.kind === "mlp" && !shape.parallel;
        const importance = (ofMlp ? importances.mid : importances.pre)[node.layer];
        for (let u = 0; u < prevIndex(shape, v); u++) {
          total[u * columns + v] += importance[u];
          if (each) each[index * cells + u * columns + v] = importance[u];
        }
      }
      [cleanMetric[index]] = activations.cleanMetric;
      [corruptedMetric[index]] = activations.corruptedMetric;
      onProgress?.(++done, nPrompts);
    }
  }
  const scores = Float32Array.from(total, (x) => x / nPrompts);
  return { scores, perPrompt: each, cleanMetric, corruptedMetric };
}

/** Returns one prompt of a batch with its prefix in front again. */
function wholePrompt(
  { indices, prefix, clean, corrupted, position, readout }: PromptBatch,
  n: number,
): PromptBatch {
  const { width } = readout;
  return {
    indices: [indices[n]],
    prefix: [[]],
    clean: [[...prefix[n], ...clean[n]]],
    corrupted: [[...prefix[n], ...corrupted[n]]],
    position: prefix[n].length + position,
    readout: {
      ...readout,
      ids: readout.ids.subarray(n * width, (n + 1) * width),
      weights: readout.weights.subarray(n * width, (n + 1) * width),
    },
  };
}

/** Returns the importance of the sources of one prompt: before each layer (`pre`), and after its attention (`mid`). */
async function streamImportances(
  model: HookedModel,
  activations: BatchActivations,
): Promise<{ pre: Float32Array[]; mid: Float32Array[] }> {
  const { clean } = activations;
  const nothing = (t: F32) => tensor(new Float32Array(t.data.length), t.shape);
  const outputs = await sourceDifferences(model, {
    ...activations,
    corrupted: clean,
    clean: {
      ...clean,
      input: nothing(clean.input),
      z: clean.z.map(nothing),
      mlp: clean.mlp.map(nothing),
    },
  });
  const [, , P, d] = outputs.shape;
  const session = await importanceProgram(model.runtime);
  const importance = async (stream: F32, sources: number) => {
    const out = await session.run({
      sources: tensor(outputs.data.subarray(0, sources * P * d), [sources, P, d]),
      stream: tensor(stream.data, [P, d]),
    });
    return out.importance.data;
  };
  const pre: Float32Array[] = [], mid: Float32Array[] = [];
  for (const [l, stream] of activations.residuals.entries()) {
    pre.push(await importance(stream, layerRows(model.config, l).heads));
  }
  for (const [l, stream] of activations.mids.entries()) {
    mid.push(await importance(stream, layerRows(model.config, l).mlp));
  }
  return { pre, mid };
}
