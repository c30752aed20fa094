/**
 * The thread that captures activations: it has the model and the text to itself, and fills blocks in memory that it shares with
 * the thread that trains.
 */
/// <reference lib="webworker" />
import { FOLDED, type HookedModel, readModelConfig, type Runtime } from "../../model/mod.ts";
import { type BlockSource, captured, type Tap, type TapRows } from "../../transcoders/mod.ts";
import type { ModelRef } from "../model_ref.ts";
import { modelOf, type OpenRows, openRows } from "./model.ts";
import type { TranscoderSettings } from "./settings.ts";

/** First message: what is captured. */
export interface CaptureSettings {
  /** settings of the training */
  settings: TranscoderSettings;
  /** hook points */
  taps: readonly Tap[];
  /** folder with the text's tokens */
  workDir: string;
  /** threads of ONNX Runtime */
  threads: number;
}

/** Later messages: a block to fill. */
export interface FillRequest {
  /** checkpoint of the model */
  step: number;
  /** number of the block */
  block: number;
  /** place of each of its rows */
  order: Uint32Array;
  /** the rows, in shared memory */
  into: readonly TapRows<ArrayBufferLike>[];
}

/** The answer to every message. */
export interface CaptureAnswer {
  /** what went wrong */
  error?: string;
}

declare const self: DedicatedWorkerGlobalScope;

/** What is open. */
interface Open {
  taps: readonly Tap[];
  folded: boolean;
  ref: ModelRef;
  runtime: Runtime;
  text: OpenRows;
}

let open: Open | undefined;
let current: { step: number; model: HookedModel; source: BlockSource } | undefined;

async function begin({ settings, taps, workDir, threads }: CaptureSettings): Promise<void> {
  const ref = modelOf(settings);
  const folder = await ref.folder(ref.steps().at(-1)!);
  const runtime = ref.runtime(await readModelConfig(folder), { threads, arena: true });
  const folded = settings.input_convention === "folded";
  open = { taps, folded, ref, runtime, text: await openRows(settings, folder, workDir) };
}

async function fill({ step, block, order, into }: FillRequest): Promise<void> {
  const { taps, folded, ref, runtime, text } = open!;
  if (current?.step !== step) {
    current?.model.close();
    current = undefined;
    const model = await ref.open(step, runtime, { processing: folded ? FOLDED : undefined });
    current = { step, model, source: captured(model, taps, text.rows) };
  }
  await current.source.fill(block, order, into);
}

self.onmessage = async ({ data }: MessageEvent<CaptureSettings | FillRequest>) => {
  const answer: CaptureAnswer = {};
  try {
    await ("settings" in data ? begin(data) : fill(data));
  } catch (cause) {
    answer.error = (cause as Error).message;
  }
  self.postMessage(answer);
};
