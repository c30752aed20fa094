/**
 * Hook points: named places in a transformer whose value can be read, patched and differentiated.
 *
 * Names and axes are TransformerLens'. Inside a block a hook point is the call `hooks.at(name, value)`, which gives the
 * value on, or `mask ? given : value` where it is patched (mask and given value being graph inputs), and remembers it
 * for reading and differentiation. A block is compiled for a {@link HookPlan}; hook points outside the plan cost
 * nothing.
 */
import { type Dim, identity, type Value, where } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";

/** Hook points inside a block, without `blocks.{l}.`; b batch, p position, h head, k key position. */
export const BLOCK_HOOKS = {
  "hook_resid_pre": "b p d",
  "hook_q_input": "b p h d",
  "hook_k_input": "b p h d",
  "hook_v_input": "b p h d",
  "ln1.hook_scale": "b p 1",
  "ln1.hook_normalized": "b p d",
  "attn.hook_q": "b p h dh",
  "attn.hook_k": "b p h dh",
  "attn.hook_v": "b p h dh",
  "attn.hook_attn_scores": "b h p k",
  "attn.hook_pattern": "b h p k",
  "attn.hook_z": "b p h dh",
  "attn.hook_result": "b p h d",
  "hook_attn_out": "b p d",
  "hook_resid_mid": "b p d",
  "hook_mlp_in": "b p d",
  "ln2.hook_scale": "b p 1",
  "ln2.hook_normalized": "b p d",
  "mlp.hook_pre": "b p m",
  "mlp.hook_post": "b p m",
  "hook_mlp_out": "b p d",
  "hook_resid_post": "b p d",
} as const;
export type BlockHook = keyof typeof BLOCK_HOOKS;

/** Hook points before and after the blocks. */
export const OUTER_HOOKS = {
  "hook_embed": "b p d",
  "hook_pos_embed": "b p d",
  "ln_final.hook_scale": "b p 1",
  "ln_final.hook_normalized": "b p d",
} as const;

/** A hook point by layer (`blocks.3.attn.hook_z`), or outside the blocks (`hook_embed`, layer undefined). */
export interface HookName {
  layer: number | undefined;
  point: string;
}

/**
 * Takes a full hook name apart.
 * @throws Error naming the hook, the number of layers, and the points there are.
 */
export function parseHookName(name: string, config: ModelConfig): HookName {
  if (name in OUTER_HOOKS) {
    if (name === "hook_pos_embed" && config.architecture !== "gpt2") {
      throw new Error(`hook "${name}": this model has rotary positions, no position embedding`);
    }
    return { layer: undefined, point: name };
  }
  const match = /^blocks\.(\d+)\.(.+)$/.exec(name);
  if (!match || !(match[2] in BLOCK_HOOKS)) {
    const points = [
      ...Object.keys(OUTER_HOOKS),
      ...Object.keys(BLOCK_HOOKS).map((p) => `blocks.{l}.${p}`),
    ];
    throw new Error(`unknown hook "${name}"; there are: ${points.join(", ")}`);
  }
  const layer = Number(match[1]);
  if (layer >= config.nLayers) {
    throw new Error(`hook "${name}": the model has layers 0 … ${config.nLayers - 1}`);
  }
  if (match[2] === "hook_resid_mid" && config.parallel) {
    throw new Error(
      `hook "${name}": attention and MLP are parallel here, there is no residual between them`,
    );
  }
  return { layer, point: match[2] };
}

/** Which hook points of one block are read, patched and differentiated. */
export interface HookPlan {
  read?: readonly string[];
  patch?: readonly string[];
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

  /** Whether the plan patches or differentiates at one of these points. */
  changes(...points: string[]): boolean {
    return points.some((p) =>
      [this.plan.patch, this.plan.differentiate].some((l) => l?.includes(p))
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
    const { read = [], patch = [], differentiate = [] } = this.plan;
    for (const point of [...read, ...patch, ...differentiate]) this.required(point);
  }

  /** The value of a hook point, patched if planned; a differentiated point becomes a value of its own. */
  at(point: string, value: Value): Value {
    const name = this.prefix + point;
    let result = value;
    if (this.plan.patch?.includes(point)) {
      const given = value.graph.input(patchFeed(name), value.shape, value.dtype);
      const mask = value.graph.input(maskFeed(name), maskShape(value.shape, point), "bool");
      result = where(mask, given, result);
    }
    if (this.plan.differentiate?.includes(point)) result = identity(result);
    this.values.set(name, result);
    return result;
  }

  /** Marks a value as worth keeping for the backward pass. */
  save(name: string, value: Value): void {
    this.saved.set(`saved:${this.prefix}${name}`, value);
  }
}
