/**
 * An optimiser is a chain of small parts, as in optax (DeepMind 2020). Each part takes the updates that the part before
 * it made and hands on its own; the first receives the gradients, and the last one's result is subtracted:
 *
 *   u₀ = gradient,   uₖ = partₖ(uₖ₋₁),   w ← after(w − u_K)
 *
 * An update is a sum of terms `factor · value`. Parts that only scale, such as clipping and the learning rate, multiply
 * scalars, so that the chain passes over a tensor as rarely as possible. Parts work on blocks (`blocks.ts`): large tensors,
 * and small ones joined.
 */
import { add, type Graph, mul, type Value } from "../../onnx/mod.ts";
import type { Block } from "../blocks.ts";

/** One summand of an update. */
export interface Term {
  /** tensor of the block's shape */
  value: Value;
  /** scalar `[]`; absent for 1 */
  factor?: Value;
}

/** What is subtracted from a block: the sum of its terms. */
export type Update = readonly Term[];

/** What a part sees of a step. Lists run over the blocks in their order. */
export interface PartInput {
  /** the graph of the step */
  graph: Graph;
  /** names and shapes */
  blocks: readonly Block[];
  /** the parameters before the step */
  parameters: readonly Value[];
  /** the updates so far */
  updates: readonly Update[];
  /** the part's own slots, by name */
  slots: Record<string, readonly Value[]>;
  /** the part's own scalars of this step, `[]`, by name */
  scalars: Record<string, Value>;
}

/** What a part makes of a step. */
export interface PartOutput {
  /** the updates to hand on */
  updates: readonly Update[];
  /** the next values of the part's slots, by name */
  slots?: Record<string, readonly Value[]>;
  /** numbers to log, `[]` each; a step whose numbers are not finite fails */
  metrics?: Record<string, Value>;
}

/** One part of an optimiser. */
export interface OptimiserPart {
  /** names of parameters that it treats in a way of their own; each is a block */
  readonly separate?: readonly string[];
  /** what it keeps for every element of every parameter; zeros at the start */
  readonly slots?: readonly string[];
  /** Returns the scalars of step `t`, counted from 1; always the same names. */
  scalars?(t: number): Record<string, number>;
  /** Adds the part to the graph of a step. */
  apply?(input: PartInput): PartOutput;
  /** Returns what a constraint makes of an updated parameter; called for those in `separate`. */
  after?(name: string, next: Value): Value;
}

/** A chain of parts. */
export type Optimiser = readonly OptimiserPart[];

/**
 * Joins parts and chains of parts into one chain.
 * @throws Error naming the slot or scalar that two parts claim.
 */
export function chain(...parts: readonly (OptimiserPart | Optimiser)[]): Optimiser {
  const all = parts.flat();
  const names = all.flatMap((
    part,
  ) => [...part.slots ?? [], ...Object.keys(part.scalars?.(1) ?? {})]);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two parts of the optimiser use the name "${twice}"`);
  return all;
}

/** Returns the slots of all parts. */
export function slotsOf(optimiser: Optimiser): string[] {
  return optimiser.flatMap((part) => part.slots ?? []);
}

/** Returns the scalars of all parts at step `t`, counted from 1. */
export function scalarsOf(optimiser: Optimiser, t: number): Record<string, number> {
  return Object.assign({}, ...optimiser.map((part) => part.scalars?.(t)));
}

/** Returns the product of two scalars, either of which may be absent. */
export function times(a: Value | undefined, b: Value | undefined): Value | undefined {
  return a && b ? mul(a, b) : a ?? b;
}

/** Returns an update as one tensor. */
export function sumOf(update: Update): Value {
  return update.map(({ value, factor }) => factor ? mul(value, factor) : value)
    .reduce((a, b) => add(a, b));
}

/** Returns an update as one term: itself where it has only one. */
export function oneTerm(update: Update): Term {
  return update.length === 1 ? update[0] : { value: sumOf(update) };
}
