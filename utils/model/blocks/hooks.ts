/**
 * Hook points: named places in a transformer whose value can be read, replaced, frozen and differentiated.
 *
 * Inside a block a hook point is the call `hooks.at(name, value)`. It returns the value, in this order
 *
 *   spliced         what a splice makes of it (`splice.ts`);
 *   patched         `mask ? given : value`, where mask and given value are graph inputs;
 *   frozen          the same numbers, and no gradient passes;
 *   differentiated  a value of its own, so that its gradient is that of this use.
 *
 * A block is compiled for a {@link HookPlan}; hook points outside the plan cost nothing.
 */
import { detach, type Dim, type Graph, identity, type Value, where } from "../../onnx/mod.ts";
import type { BlockHook } from "./hook_names.ts";
import { checkSplices, type Splice, spliceFeed, splicePoint } from "./splice.ts";

/** Says which hook points of one block are read, patched, frozen and differentiated, and what is spliced in. */
export interface HookPlan {
  read?: readonly string[];
  splices?: readonly Splice[];
  patch?: readonly string[];
  /** points that no gradient passes; a gradient with respect to a frozen point itself still exists */
  freeze?: readonly string[];
  differentiate?: readonly string[];
}

/** Symbols of batch, query positions and key positions in every block graph. */
export const BATCH = "batch", POS = "pos";

/** The shape of a mask for a value of a hook point: one flag per batch item, position and head. */
export function maskShape(shape: readonly Dim[], point: string): Dim[] {
  const full = point === "attn.hook_pattern" || point === "attn.hook_attn_scores";
  return full ? [...shape] : [...shape.slice(0, -1), 1];
}

/** Feed names of a patched hook point. */
export const patchFeed = (name: string) => `patch:${name}`;
export const maskFeed = (name: string) => `mask:${name}`;

/** The hook points of one block while its graph is built. */
export class HookPoints {
  /** values after patching, by full local name */
  readonly values = new Map<string, Value>();
  /** inner values that the backward pass should take from the forward pass instead of recomputing */
  readonly saved = new Map<string, Value>();

  /** weights of the splices, declared by the first of their hook points that the graph has */
  readonly #weights = new Map<Splice, Record<string, Value>>();

  /** @throws Error when two splices of the plan have one name or one hook point. */
  constructor(private readonly plan: HookPlan, private readonly prefix = "") {
    checkSplices(plan.splices ?? []);
  }

  /** Whether the plan does anything at one of these points. */
  uses(...points: string[]): boolean {
    const { read, splices } = this.plan;
    const isRead = (point: string) =>
      read?.includes(point) ||
      splices?.some(({ form }) => form.reads?.some((other) => other === point));
    return points.some((p) => this.changes(p) || isRead(p));
  }

  /** Whether the plan splices, patches, freezes or differentiates at one of these points. */
  changes(...points: string[]): boolean {
    const { splices, patch, freeze, differentiate } = this.plan;
    const spliced = splices?.flatMap(({ form }) => Object.keys(form.at));
    return points.some((p) =>
      [spliced, patch, freeze, differentiate].some((list) => list?.includes(p))
    );
  }

  /**
   * The value at a planned hook point, once the graph is built.
   * @throws Error when the block has no such point under this plan.
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

  /** @throws Error when the plan names a point that the graph built does not have. */
  checkPlan(): void {
    const { read = [], splices = [], patch = [], freeze = [], differentiate = [] } = this.plan;
    const spliced = splices.flatMap(({ form }) => Object.keys(form.at));
    for (const point of [...read, ...spliced, ...patch, ...freeze, ...differentiate]) {
      this.required(point);
    }
  }

  /** Returns the value of a hook point as planned; see the header. */
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

  /** @throws Error when a splice gives a value of another type or shape. */
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

  /** Marks a value as worth keeping for the backward pass. */
  save(name: string, value: Value): void {
    this.saved.set(`saved:${this.prefix}${name}`, value);
  }
}
