/**
 * Hook points: named places in a transformer whose value can be read, patched, frozen and differentiated.
 *
 * Inside a block a hook point is the call `hooks.at(name, value)`. It returns the value, in this order
 *
 *   patched         `mask ? given : value`, where mask and given value are graph inputs;
 *   frozen          the same numbers, and no gradient passes;
 *   differentiated  a value of its own, so that its gradient is that of this use.
 *
 * A block is compiled for a {@link HookPlan}; hook points outside the plan cost nothing.
 */
import { detach, type Dim, identity, type Value, where } from "../../onnx/mod.ts";

/** Says which hook points of one block are read, patched, frozen and differentiated. */
export interface HookPlan {
  read?: readonly string[];
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

  constructor(private readonly plan: HookPlan, private readonly prefix = "") {}

  /** Whether the plan does anything at one of these points. */
  uses(...points: string[]): boolean {
    return points.some((p) => this.changes(p) || this.plan.read?.includes(p));
  }

  /** Whether the plan patches, freezes or differentiates at one of these points. */
  changes(...points: string[]): boolean {
    const { patch, freeze, differentiate } = this.plan;
    return points.some((p) => [patch, freeze, differentiate].some((list) => list?.includes(p)));
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
    const { read = [], patch = [], freeze = [], differentiate = [] } = this.plan;
    for (const point of [...read, ...patch, ...freeze, ...differentiate]) this.required(point);
  }

  /** Returns the value of a hook point as planned; see the header. */
  at(point: string, value: Value): Value {
    const name = this.prefix + point;
    let result = value;
    if (this.plan.patch?.includes(point)) {
      const given = value.graph.input(patchFeed(name), value.shape, value.dtype);
      const mask = value.graph.input(maskFeed(name), maskShape(value.shape, point), "bool");
      result = where(mask, given, result);
    }
    if (this.plan.freeze?.includes(point)) result = detach(result);
    if (this.plan.differentiate?.includes(point)) result = identity(result);
    this.values.set(name, result);
    return result;
  }

  /** Marks a value as worth keeping for the backward pass. */
  save(name: string, value: Value): void {
    this.saved.set(`saved:${this.prefix}${name}`, value);
  }
}
