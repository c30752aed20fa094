/**
 * Places hook points in a block: named values that can be read, replaced, frozen and differentiated.
 *
 * A block calls `hooks.at(name, value)` at each hook point. The call applies what the plan asks for, in this order:
 *
 *   splice         replace the value with the result of a sub-graph (`splice.ts`);
 *   patch          replace it with `mask ? given : value`; the mask and the given value are graph inputs;
 *   freeze         keep the numbers, but stop the gradient;
 *   differentiate  make it a separate value, so that its gradient counts this use only.
 *
 * A block is compiled for a {@link HookPlan}. Hook points outside the plan cost nothing.
 */
import { detach, type Dim, type Graph, identity, type Value, where } from "../../onnx/mod.ts";
import type { BlockHook } from "./hook_names.ts";
import { checkSplices, type Splice, spliceFeed, splicePoint } from "./splice.ts";

/** Lists what a block does at its hook points. Names have no `blocks.{l}.`. */
export interface HookPlan {
  /** points whose values are returned */
  read?: readonly string[];
  /** sub-graphs that replace values */
  splices?: readonly Splice[];
  /** points that take a given value where a mask is true */
  patch?: readonly string[];
  /** points that no gradient passes; the gradient with respect to a frozen point itself still exists */
  freeze?: readonly string[];
  /** points that a gradient is taken with respect to */
  differentiate?: readonly string[];
}

/** Symbols of the batch size and the number of positions in every block graph. */
export const BATCH = "batch", POS = "pos";

/**
 * Returns the shape of the mask for a hook point's value: the value's shape with last axis 1, so one flag per batch item,
 * position and head. Scores and patterns have one flag per element.
 */
export function maskShape(shape: readonly Dim[], point: string): Dim[] {
  const full = point === "attn.hook_pattern" || point === "attn.hook_attn_scores";
  return full ? [...shape] : [...shape.slice(0, -1), 1];
}

/** Returns the feed name of the value given to a patched hook point. */
export const patchFeed = (name: string): string => `patch:${name}`;
/** Returns the feed name of the mask of a patched hook point. */
export const maskFeed = (name: string): string => `mask:${name}`;

/** Applies a plan to the hook points of one block while its graph is built. */
export class HookPoints {
  /** values of the hook points met so far, as the plan changed them, by prefixed name */
  readonly values = new Map<string, Value>();
  /** inner values that the backward pass takes from the forward pass instead of recomputing them */
  readonly saved = new Map<string, Value>();

  /** weights of each splice, declared at the first of its hook points */
  readonly #weights = new Map<Splice, Record<string, Value>>();

  /**
   * Takes the plan of one block.
   * @param prefix begins all names, such as `0.` for the first layer of a stack
   * @param rms whether the block's norms subtract no mean
   * @throws Error if two splices of the plan have the same name or the same hook point.
   */
  constructor(
    private readonly plan: HookPlan,
    private readonly prefix = "",
    private readonly rms = false,
  ) {
    checkSplices(plan.splices ?? []);
  }

  /** Returns whether the plan does anything at any of these points. */
  uses(...points: string[]): boolean {
    const { read, splices } = this.plan;
    const isRead = (point: string) =>
      read?.includes(point) ||
      splices?.some(({ form }) => form.reads?.some((other) => other === point));
    return points.some((p) => this.changes(p) || isRead(p));
  }

  /** Returns whether the plan splices, patches, freezes or differentiates at any of these points. */
  changes(...points: string[]): boolean {
    const { splices, patch, freeze, differentiate } = this.plan;
    const spliced = splices?.flatMap(({ form }) => Object.keys(form.at));
    return points.some((p) =>
      [spliced, patch, freeze, differentiate].some((list) => list?.includes(p))
    );
  }

  /**
   * Returns the value at a planned hook point. Call this after the block is built.
   * @throws Error if the block does not have the point under this plan.
   */
  required(point: string): Value {
    const value = this.values.get(this.prefix + point);
    if (value) return value;
    throw new Error(
      `hook point "${point}" does not exist here` +
        (point.startsWith("ln1.")
          ? ": where q, k or v inputs are used, every head normalises its own copy of the residual stream"
          : ""),
    );
  }

  /**
   * Checks that the block has every point of the plan. Call this after the block is built.
   * @throws Error naming the point that it does not have.
   */
  checkPlan(): void {
    const { read = [], splices = [], patch = [], freeze = [], differentiate = [] } = this.plan;
    const spliced = splices.flatMap(({ form }) => Object.keys(form.at));
    for (const point of [...read, ...spliced, ...patch, ...freeze, ...differentiate]) {
      this.required(point);
    }
  }

  /** Applies the plan to the value of a hook point and returns the result; see the header. */
  at(point: string, value: Value): Value {
    const name = this.prefix + point;
    let result = this.#spliced(point, value);
    if (this.plan.patch?.includes(point)) {
      const { graph, shape, dtype } = value;
      const given = graph.input(patchFeed(name), shape, dtype);
      const mask = graph.input(maskFeed(name), maskShape(shape, point), "bool");
      result = where(mask, given, result);
    }
    if (this.plan.freeze?.includes(point)) result = detach(result);
    if (this.plan.differentiate?.includes(point)) result = identity(result);
    this.values.set(name, result);
    return result;
  }

  /**
   * Applies the splice at a point, if there is one.
   * @throws Error if the splice returns a value of another type or shape.
   */
  #spliced(point: string, computed: Value): Value {
    const splice = this.plan.splices?.find(({ form }) => point in form.at);
    if (!splice) return computed;
    const { name, form } = splice;
    const refuse = (what: string): never => {
      throw new Error(`splice "${name}" at hook point "${point}" ${what}`);
    };
    const value = form.at[point as BlockHook]!(computed, {
      weights: this.#weightsOf(splice, computed.graph),
      read: (other) => {
        if (!form.reads?.includes(other)) refuse(`reads "${other}"; list it in "reads"`);
        return this.values.get(this.prefix + other) ??
          refuse(`reads "${other}", which this block does not compute before it`);
      },
      at: (own, value) => {
        if (!form.points?.includes(own)) refuse(`has a point "${own}"; list it in "points"`);
        return this.at(splicePoint(name, own), value);
      },
      save: (own, value) => this.save(splicePoint(name, own), value),
      rms: this.rms,
    });
    if (value.dtype !== computed.dtype || String(value.shape) !== String(computed.shape)) {
      refuse(`gives ${value} in place of ${computed}`);
    }
    return value;
  }

  #weightsOf(splice: Splice, graph: Graph): Record<string, Value> {
    let weights = this.#weights.get(splice);
    if (!weights) {
      weights = Object.fromEntries(
        Object.entries(splice.form.weights).map(([weight, shape]) => [
          weight,
          graph.input(this.prefix + spliceFeed(splice.name, weight), shape),
        ]),
      );
      this.#weights.set(splice, weights);
    }
    return weights;
  }

  /** Saves a value for the backward pass, which would otherwise recompute it. */
  save(name: string, value: Value): void {
    this.saved.set(`saved:${this.prefix}${name}`, value);
  }
}
