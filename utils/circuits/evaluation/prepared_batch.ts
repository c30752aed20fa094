/**
 * Computes what the evaluation of circuits needs of a batch, whatever the circuit: the corrupted run, the clean input, and
 * keys and values of the shared prefix. All other activations are freed.
 */
import { type F32, sliceRows, tensor } from "../../onnx/mod.ts";
import type { HookedModel, Past } from "../../model/mod.ts";
import {
  type BatchActivations,
  batchActivations,
  corruptedResiduals,
  type Intervention,
  type MeanActivations,
  type Residuals,
  type SourceOutputs,
} from "../activations/mod.ts";
import { batchRows, type PromptBatch } from "../../tasks/mod.ts";

/** Holds the activations of a batch that its circuits share. */
export interface PreparedBatch {
  /** the prompts */
  batch: PromptBatch;
  /** keys and values of the shared prefix; absent when the batch shares none */
  past?: Past;
  /** clean token embedding, `[N, P, d]` */
  cleanInput: F32;
  /** source outputs that edges outside a circuit carry */
  corrupted: SourceOutputs;
  /** residual streams if every source is corrupted */
  residuals: Residuals;
}

/** Metrics of the whole model on a batch. */
export type BatchMetrics = Pick<BatchActivations, "cleanMetric" | "corruptedMetric">;

/** Runs both prompts of every pair, and keeps what evaluation needs. */
export async function prepareBatch(
  model: HookedModel,
  batch: PromptBatch,
  intervention: Intervention,
  means?: MeanActivations,
): Promise<{ prepared: PreparedBatch; metrics: BatchMetrics }> {
  const activations = await batchActivations(model, batch, intervention, means);
  const { past, clean, corrupted: { input, z, mlp, scale }, cleanMetric, corruptedMetric } =
    activations;
  const { pre, mid } = await corruptedResiduals(model, activations, intervention);
  // Views of the run on both prompts become copies, so that the rest of it is freed.
  const prepared: PreparedBatch = {
    batch,
    past,
    cleanInput: copy(clean.input),
    corrupted: {
      input: copy(input),
      z: z.map(copy),
      mlp: mlp.map(copy),
      ...(scale && { scale: scale.map(copy) }),
    },
    residuals: { pre: pre.map(copy), mid: mid.map(copy) },
  };
  return { prepared, metrics: { cleanMetric, corruptedMetric } };
}

function copy({ data, shape }: F32): F32 {
  return tensor(data.slice(), shape);
}

/** Returns the bytes of a prepared batch. */
export function preparedBytes(prepared: PreparedBatch): number {
  const { past, cleanInput, corrupted, residuals: { pre, mid } } = prepared;
  const { input, z, mlp, scale = [] } = corrupted;
  const ofPast = past?.layers.flatMap(({ k, v }) => [k, v]) ?? [];
  return [cleanInput, input, ...z, ...mlp, ...scale, ...pre, ...mid, ...ofPast]
    .reduce((bytes, { data }) => bytes + data.byteLength, 0);
}

/** Returns the prompts `from … to − 1` of a prepared batch; its tensors are views. */
export function preparedRows(prepared: PreparedBatch, from: number, to: number): PreparedBatch {
  const { batch, past, cleanInput, corrupted, residuals } = prepared;
  if (from === 0 && to === batch.indices.length) return prepared;
  const rows = (t: F32) => sliceRows(t, from, to);
  return {
    batch: batchRows(batch, Array.from({ length: to - from }, (_, n) => from + n)),
    past: past && {
      length: past.length,
      layers: past.layers.map(({ k, v }) => ({ k: rows(k), v: rows(v) })),
    },
    cleanInput: rows(cleanInput),
    corrupted: {
      input: rows(corrupted.input),
      z: corrupted.z.map(rows),
      mlp: corrupted.mlp.map(rows),
      ...(corrupted.scale && { scale: corrupted.scale.map(rows) }),
    },
    residuals: { pre: residuals.pre.map(rows), mid: residuals.mid.map(rows) },
  };
}
