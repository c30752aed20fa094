/** Finds hook points by names with `*`, such as `blocks.*.attn.hook_pattern`. */
import { nearNames } from "../../base/mod.ts";
import {
  BLOCK_HOOK_ORDER,
  hasBlockHook,
  hookName,
  type HookPointName,
  OUTER_HOOKS,
  type OuterHook,
} from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";

/** Copies of the residual stream that heads read; while they exist, the heads' shared LayerNorm does not. */
const HEAD_INPUTS = /hook_[qkv]_input$/;

/** Returns the names of all hook points of a model, in the order in which a run computes them. */
export function allHookPoints(config: ModelConfig): HookPointName[] {
  const inside = BLOCK_HOOK_ORDER.filter((point) => hasBlockHook(config, point));
  const outer = (Object.keys(OUTER_HOOKS) as OuterHook[])
    .filter((point) => !(point === "hook_pos_embed" && config.architecture !== "gpt2"));
  const final = outer.filter((point) => point.startsWith("ln_final."));
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  return [
    ...outer.filter((point) => !final.includes(point)),
    ...layers.flatMap((layer) => inside.map((point) => hookName(layer, point))),
    ...final,
  ];
}

/**
 * Returns the hook points that match any of the patterns, in the order of a run. `*` stands for any characters. It finds
 * `hook_q_input`, `hook_k_input` and `hook_v_input` only where the pattern says `_input`: a block that splits its input by
 * head does not compute its shared LayerNorm `ln1`.
 * @throws Error naming a pattern that matches nothing, with the nearest names.
 */
export function matchHooks(
  patterns: string | readonly string[],
  config: ModelConfig,
): HookPointName[] {
  const all = allHookPoints(config);
  const found = new Set<string>();
  for (const pattern of typeof patterns === "string" ? [patterns] : patterns) {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
    const expression = new RegExp(`^${parts.join(".*")}$`);
    const matches = all.filter((name) =>
      expression.test(name) && (pattern.includes("_input") || !HEAD_INPUTS.test(name))
    );
    if (matches.length === 0) {
      const near = nearNames(pattern, all, 3).join(", ");
      throw new Error(`no hook point matches "${pattern}"; the nearest names are ${near}`);
    }
    matches.forEach((name) => found.add(name));
  }
  return all.filter((name) => found.has(name));
}
