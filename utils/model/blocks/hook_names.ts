/**
 * Lists and parses the names of hook points. They are TransformerLens' names: `blocks.3.attn.hook_z` inside the blocks,
 * `hook_embed` outside them.
 */
import { nearNames } from "../../base/mod.ts";
import type { ModelConfig } from "../config.ts";

/**
 * Hook points inside a block, without `blocks.{l}.`, and their axes: b batch, p position, h head, k key position,
 * d residual stream, dh head dimension, m MLP's hidden layer.
 */
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
/**
 * Hook points that only Llama-style blocks have: norms after attention and MLP, and the other factor of a gated MLP, whose
 * gate is `mlp.hook_pre`.
 */
export const LLAMA_HOOKS = {
  "ln1_post.hook_scale": "b p 1",
  "ln1_post.hook_normalized": "b p d",
  "mlp.hook_pre_linear": "b p m",
  "ln2_post.hook_scale": "b p 1",
  "ln2_post.hook_normalized": "b p d",
} as const;
/** Name of a hook point inside a block, without `blocks.{l}.`. */
export type BlockHook = keyof typeof BLOCK_HOOKS | keyof typeof LLAMA_HOOKS;

/** Hook points of a block in the order in which a run computes them. */
export const BLOCK_HOOK_ORDER: readonly BlockHook[] = (Object.keys(BLOCK_HOOKS) as BlockHook[])
  .flatMap((point): BlockHook[] => {
    if (point === "attn.hook_result") {
      return [point, "ln1_post.hook_scale", "ln1_post.hook_normalized"];
    }
    if (point === "mlp.hook_pre") return [point, "mlp.hook_pre_linear"];
    if (point !== "mlp.hook_post") return [point];
    return [point, "ln2_post.hook_scale", "ln2_post.hook_normalized"];
  });

/** Returns whether blocks of a model have a hook point of this name. */
export function hasBlockHook({ llama, parallel }: ModelConfig, point: string): boolean {
  if (point.startsWith("ln1_post.") || point.startsWith("ln2_post.")) {
    return point in LLAMA_HOOKS && llama?.postNorm === true;
  }
  if (/^ln[12]\./.test(point) && llama?.preNorm === false) return false;
  if (point in LLAMA_HOOKS) return llama !== undefined;
  return point in BLOCK_HOOKS && !(point === "hook_resid_mid" && parallel);
}

/** Returns the full name of a block's hook point: `blocks.{layer}.{point}`. */
export const hookName = <P extends string>(layer: number, point: P): `blocks.${number}.${P}` =>
  `blocks.${layer}.${point}`;

/** Returns the full names of one hook point in every layer. */
export function hookNames<P extends string>(
  { nLayers }: { nLayers: number },
  point: P,
): `blocks.${number}.${P}`[] {
  return Array.from({ length: nLayers }, (_, layer) => hookName(layer, point));
}

/** Hook points before and after the blocks, and their axes. */
export const OUTER_HOOKS = {
  "hook_embed": "b p d",
  "hook_pos_embed": "b p d",
  "ln_final.hook_scale": "b p 1",
  "ln_final.hook_normalized": "b p d",
} as const;
/** Name of a hook point outside the blocks. */
export type OuterHook = keyof typeof OUTER_HOOKS;

/** Full name of a hook point, as in `blocks.3.attn.hook_z` or `hook_embed`. */
export type HookPointName = OuterHook | `blocks.${number}.${BlockHook}`;

/**
 * Returns the hook points to freeze so that the model between its MLPs is linear: every attention pattern and every
 * LayerNorm's scale.
 */
export function linearPoints(config: ModelConfig): string[] {
  const inside = [
    "ln1.hook_scale",
    "attn.hook_pattern",
    "ln1_post.hook_scale",
    "ln2.hook_scale",
    "ln2_post.hook_scale",
  ].filter((point) => hasBlockHook(config, point));
  return [...inside.flatMap((point) => hookNames(config, point)), "ln_final.hook_scale"];
}

/** A hook point's name in parts. */
export interface HookName {
  /** layer, as 3 in `blocks.3.attn.hook_z`; undefined outside the blocks, as in `hook_embed` */
  layer: number | undefined;
  /** name without `blocks.{l}.` */
  point: string;
}

/**
 * Splits a full hook name into layer and point.
 * @param own full names of the hook points that splices add
 * @throws Error naming the hook, the nearest name, and the layers or hook points that the model has.
 */
export function parseHookName(
  name: string,
  config: ModelConfig,
  own: readonly string[] = [],
): HookName {
  if (name in OUTER_HOOKS) {
    if (name === "hook_pos_embed" && config.architecture !== "gpt2") {
      throw new Error(`hook "${name}": this model has rotary positions, no position embedding`);
    }
    return { layer: undefined, point: name };
  }
  const match = /^blocks\.(\d+)\.(.+)$/.exec(name);
  const exists = (point: string) => point === "hook_resid_mid" || hasBlockHook(config, point);
  if (!match || !(exists(match[2]) || own.includes(name))) {
    const points = [
      ...Object.keys(OUTER_HOOKS),
      ...BLOCK_HOOK_ORDER.filter(exists).map((p) => `blocks.{l}.${p}`),
      ...own,
    ];
    const near = nearNames(name, points.map((p) => p.replace("{l}", match?.[1] ?? "0")), 1);
    throw new Error(
      `unknown hook "${name}"; did you mean ${near}? There are: ${points.join(", ")}`,
    );
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
