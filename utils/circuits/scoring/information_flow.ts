/**
 * Information-flow routes (Ferrando and Voita 2024), as EAP-IG v2 has them: how much of what a destination reads came from
 * each source, without gradients or corrupted prompts.
 *
 *  1. For the residual stream y that a destination reads and the output z_u of every source before it, at each position:
 *     proximity_u = max(0, ‖y‖₁ − ‖y − z_u‖₁).
 *  2. importance_u = proximity_u / Σ_u' proximity_u' (0 where no source is near).
 *  3. Mean over positions, then over prompts.
 *
 * All destinations of a layer that read the same stream have the same scores. One prompt is worked on at a time, so
 * memory is that of its sources, `[nForward, P, d]`.
 */
import {
  abs,
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
import type { HookedModel } from "../../model/hooked_model.ts";
import { type BatchActivations, batchActivations } from "../activations/activations.ts";
import { destinationNode, nBackward, nForward, prevIndex } from "../graph/graph.ts";
import { circuitShape } from "../graph/model_shape.ts";
import type { PromptBatch } from "../../tasks/prompt_batches.ts";
import { sourceDifferences } from "../activations/source_differences.ts";

export interface InformationFlow {
  /** mean over prompts, `[nForward, nBackward]`; cells that are no edge are 0, the edges into a destination add up to 1 */
  scores: Float32Array;
  /** `[prompts, nForward · nBackward]` in the order of the task, if asked for */
  perPrompt?: Float32Array;
  cleanMetric: Float32Array;
  corruptedMetric: Float32Array;
}

export interface InformationFlowOptions {
  /** keep every prompt's scores */
  perPrompt?: boolean;
  onProgress?: (done: number, total: number) => void;
}

/** Outputs of the sources before y `[sources, P, d]`, y `[P, d]` → importance of each, mean over positions `[sources]`. */
function compileImportance(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const z = g.input("sources", ["sources", "pos", "d"]);
  const y = unsqueeze(g.input("stream", ["pos", "d"]), 0);
  const proximity = max(sub(sum(abs(y), [-1]), sum(abs(sub(y, z)), [-1])), 0);
  const total = max(sum(proximity, [0], true), 1e-30);
  return Session.compile({ importance: mean(div(proximity, total), [1]) }, {}, options);
}

/** Scores of all edges over the clean prompts, positions up to the read-out. */
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

/** One prompt of a batch with its prefix back in front. */
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

/** Importance of every source before each residual stream of one prompt: before the layers, and between their halves. */
async function streamImportances(
  model: HookedModel,
  activations: BatchActivations,
): Promise<{ pre: Float32Array[]; mid: Float32Array[] }> {
  const { clean } = activations;
  const nothing = (t: F32) => tensor(new Float32Array(t.data.length), t.shape);
  const outputs = await sourceDifferences(model, {
    ...activations,
    corrupted: clean,
    clean: { input: nothing(clean.input), z: clean.z.map(nothing), mlp: clean.mlp.map(nothing) },
  });
  const [, , P, d] = outputs.shape;
  const session = await model.runtime.compiled("importance", compileImportance);
  const importance = async (stream: F32, sources: number) => {
    const out = await session.run({
      sources: tensor(outputs.data.subarray(0, sources * P * d), [sources, P, d]),
      stream: tensor(stream.data, [P, d]),
    });
    return out.importance.data;
  };
  const perLayer = model.config.nHeads + 1;
  const pre: Float32Array[] = [], mid: Float32Array[] = [];
  for (const [l, stream] of activations.residuals.entries()) {
    pre.push(await importance(stream, 1 + l * perLayer));
  }
  for (const [l, stream] of activations.mids.entries()) {
    mid.push(await importance(stream, l * perLayer + perLayer));
  }
  return { pre, mid };
}
