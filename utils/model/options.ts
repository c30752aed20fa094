/** How a `HookedModel` is opened and run, and what its runs return. */
import { NdTensor, type Tensor } from "../onnx/mod.ts";
import type { FunctionHook } from "./library/mod.ts";
import type { BlockForm, RunOptions } from "./run/mod.ts";
import type { HookValues, KnownHook } from "./hook_types.ts";
import type { Runtime } from "./runtime.ts";
import type { RunResult } from "./token_model.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { WeightProcessing } from "./weights/mod.ts";

/** Options for opening a model. */
export interface ModelOptions {
  /** training checkpoint, e.g. `step1000` */
  revision?: string;
  /** cache of compiled programs; give several models one runtime to share it. Default: a new one */
  runtime?: Runtime;
  /** bytes of weights kept in memory; default: all */
  memoryBudget?: number;
  /** steps applied to the weights after reading, such as folding LayerNorms; default: none */
  processing?: WeightProcessing;
  /** layers per compiled session, and whether their weights are baked in */
  form?: BlockForm;
  /** tokenizer for texts; default: the one in the model's folder, read on first use */
  tokenizer?: Tokenizer;
  /** whether texts begin with BOS; default: no for GPT-2 and GPT-NeoX, else as the tokenizer's files say (`bos.ts`) */
  prependBos?: boolean;
  /** called during a download with the file, and the bytes done and in total */
  onProgress?: (p: { file: string; done: number; total: number }) => void;
}

/** What a run of a `HookedModel` reads and changes. R: the names that it reads ({@link KnownHook}). */
export interface HookedRunOptions<R extends string = string> extends RunOptions {
  /** hook points whose values are returned, by full name or by a pattern with `*` */
  read?: readonly (R & KnownHook<R>)[];
  /** functions called with the values at hook points, in the order of the computation (`function_hooks.ts`) */
  hooks?: readonly FunctionHook[];
}

/** Results of a run, as small tensors. */
export interface HookedRunResult<R extends string = string> extends RunResult {
  /** residual stream after the last block of the run, `[batch, pos, d]` */
  residual: NdTensor;
  /** values of the hook points in `read`, by full name */
  hooks: HookValues<R, NdTensor>;
}

/** Logits and hook values of one run. */
export interface CachedRun<R extends string = string> {
  /** logits `[batch, pos, V]` at all positions; ignore those at padding */
  logits: NdTensor;
  /** values by full name, in the order of the run */
  cache: HookValues<R, NdTensor>;
}

/** Returns the results of a run as small tensors, without a copy. */
export function wrapped<R extends string>(
  { residual, hooks, past }: RunResult,
): HookedRunResult<R> {
  return {
    residual: NdTensor.of(residual),
    hooks: namedTensors(hooks),
    past,
  };
}

/** Returns values by name as small tensors, without a copy. */
export const namedTensors = <R extends string>(
  values: Iterable<[string, Tensor<Float32Array>]>,
): HookValues<R, NdTensor> =>
  new Map([...values].map(([name, value]) => [name, NdTensor.of(value)])) as HookValues<
    R,
    NdTensor
  >;
