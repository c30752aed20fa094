/**
 * Measures self-repair: how the other heads change when name movers are ablated (McGrath et al. 2023; the paper's
 * `backup_analysis`).
 *
 *  1. Measure the metric and the direct contribution of every head to it at END (`direct_logit_attribution.ts`).
 *  2. Ablate all name movers together: z = 0 at every position. (On folded weights a head's value bias is part of b_O,
 *     so it stays.)
 *  3. Measure again. Contributions go through the final LayerNorm of the ablated run, with its scale at END.
 *  4. Take the change of each head's contribution, 0 for ablated heads, split into circuit heads and others.
 */
import { mean } from "../../base/mod.ts";
import { type HookedModel, hookName, type Patch, type Readout } from "../../model/mod.ts";
import { tensor } from "../../onnx/mod.ts";
import { directLogitAttribution } from "../scores/mod.ts";
import { checkHeads, type Head, placeOf } from "../head.ts";

/** Holds the results of one checkpoint, in logits; matrices are `[L, H]` row-major. */
export interface SelfRepair {
  /** Mean metric of the intact model. */
  logit_diff: number;
  /** Mean metric with the targets ablated. */
  ablated_logit_diff: number;
  /** Ablated heads. */
  ablation_targets: Head[];
  /** Mean contribution of each head, intact. */
  per_head_logit_diffs: Float32Array;
  /** Mean contribution of each head, with the targets ablated. */
  per_head_ablated_logit_diffs: Float32Array;
  /** Ablated − intact; 0 for ablated heads. */
  per_head_logit_diff_delta: Float32Array;
  /** The change of heads in the circuit; 0 for others. */
  in_circuit_head_delta: Float32Array;
  /** The change of heads outside the circuit; 0 for others. */
  outside_circuit_head_delta: Float32Array;
  /** Sum over heads in the circuit. */
  summed_in_circuit_head_delta: number;
  /** Sum over heads outside the circuit. */
  summed_outside_circuit_head_delta: number;
  /** Sum over all heads. */
  summed_total_head_delta: number;
}

/** Makes patches that zero heads at every position of `batch` prompts of `pos` positions. */
export function silencingPatches(
  heads: readonly Head[],
  { nHeads, dHead }: { nHeads: number; dHead: number },
  batch: number,
  pos: number,
): Patch[] {
  const layers = [...new Set(heads.map(([layer]) => layer))];
  return layers.map((layer) => {
    const mask = new Uint8Array(batch * pos * nHeads);
    for (const [l, h] of heads) {
      if (l === layer) { for (let i = h; i < mask.length; i += nHeads) mask[i] = 1; }
    }
    return {
      hook: hookName(layer, "attn.hook_z"),
      value: tensor(new Float32Array(mask.length * dHead), [batch, pos, nHeads, dHead]),
      mask: tensor(mask, [batch, pos, nHeads, 1]),
    };
  });
}

/**
 * Compares the contributions of heads before and after ablating `targets`.
 * @param model model with folded weights
 * @param readout metric over logits, one row per prompt
 * @param circuit heads of the circuit
 * @throws RangeError naming a target that does not exist
 */
export async function selfRepair(
  model: HookedModel,
  prompts: readonly { clean: readonly number[]; position: number }[],
  readout: Readout,
  targets: readonly Head[],
  circuit: readonly Head[],
): Promise<SelfRepair> {
  const { config } = model;
  checkHeads(targets, config);
  const tokens = prompts.map(({ clean, position }) => clean.slice(0, position + 1));
  const positions = prompts.map((p) => p.position);
  const pos = Math.max(...positions) + 1;
  const measure = async (patches: Patch[]) => ({
    heads: meanOverPrompts(
      await directLogitAttribution(model, tokens, positions, readout, { patches }),
      prompts.length,
    ),
    metric: mean(await model.metric(tokens, positions, readout, { patches })),
  });
  const before = await measure([]);
  const after = targets.length === 0
    ? before
    : await measure(silencingPatches(targets, config, prompts.length, pos));

  const ablated = new Set(targets.map((head) => placeOf(head, config)));
  const inside = new Set(circuit.map((head) => placeOf(head, config)));
  const delta = before.heads.map((value, i) => ablated.has(i) ? 0 : after.heads[i] - value);
  const within = delta.map((value, i) => inside.has(i) ? value : 0);
  const outside = delta.map((value, i) => inside.has(i) ? 0 : value);
  return {
    logit_diff: before.metric,
    ablated_logit_diff: after.metric,
    ablation_targets: [...targets],
    per_head_logit_diffs: before.heads,
    per_head_ablated_logit_diffs: after.heads,
    per_head_logit_diff_delta: delta,
    in_circuit_head_delta: within,
    outside_circuit_head_delta: outside,
    summed_in_circuit_head_delta: total(within),
    summed_outside_circuit_head_delta: total(outside),
    summed_total_head_delta: total(delta),
  };
}

/** Returns, per checkpoint, the sorted heads that are targets of this or any earlier checkpoint. */
export function pastNameMovers(targets: readonly (readonly Head[])[]): Head[][] {
  const seen = new Map<string, Head>();
  return targets.map((heads) => {
    for (const head of heads) seen.set(head.join(), head);
    return [...seen.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  });
}

const total = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

function meanOverPrompts(values: Float32Array, prompts: number): Float32Array {
  return Float32Array.from(
    { length: values.length / prompts },
    (_, i) => mean(values.subarray(i * prompts, (i + 1) * prompts)),
  );
}
