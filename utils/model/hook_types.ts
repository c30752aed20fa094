/**
 * Types that turn a mistyped hook name into a type error, and results that know which names were read.
 *
 * A run takes names as `R & KnownHook<R>`. R is what the caller writes: a literal must be a hook point or a pattern with `*`,
 * and so must a template such as `blocks.${layer}.hook_mlp_out`. Names that are computed have the type `string`, also
 * those that a splice adds; the run checks them.
 */
import type { HookPointName } from "./blocks/mod.ts";
import type { Gradients } from "./run/mod.ts";
import type { Tensor } from "../onnx/mod.ts";

/** Hook points by a name with `*` for any characters, as in `blocks.*.attn.hook_z`. */
export type HookPattern = `${string}*${string}`;

/** A name that may be a hook point: itself if it is one, a pattern, or known only when the program runs; else `never`. */
export type KnownHook<R extends string> = R extends HookPointName | HookPattern ? R
  : string extends R ? R
  : `blocks.${number}.${string}` extends R ? R
  : never;

/** Names that are known to be in the results of a run that reads R: those that are spelled out. */
export type SpelledHook<R extends string> = string extends R ? never
  : Exclude<R, HookPattern | (`blocks.${number}.${string}` extends R ? R : never)>;

/** Values by full name of the hook point. What was read by name is there; other names may have no value. */
export interface HookValues<R extends string, V> extends Map<string, V> {
  /** Returns the value of a hook point that was read by its full name. */
  get(name: SpelledHook<R>): V;
  /** Returns the value of a hook point; undefined if it was not read. */
  get(name: string): V | undefined;
}

/** Metrics, and their gradients at the hook points R. */
export interface HookGradients<R extends string> extends Gradients {
  /** gradient of the metrics' sum, by hook name, in the hook point's shape */
  gradients: HookValues<R, Tensor<Float32Array>>;
}
