/** Self-repair after the name movers are ablated, `backup/{model}/nmh_backup_metrics.json`. All values are in logits. */
import { z } from "zod";
import { defineResult, type ResultKind } from "../kind.ts";
import { grid, headNames, type ModelHeader, modelHeader } from "./parts.ts";

const entry = z.object({
  logit_diff: z.number(),
  ablated_logit_diff: z.number(),
  ablation_targets: headNames,
  per_head_logit_diffs: grid,
  per_head_ablated_logit_diffs: grid,
  per_head_logit_diff_delta: grid,
  in_circuit_head_delta: grid,
  outside_circuit_head_delta: grid,
  summed_in_circuit_head_delta: z.number(),
  summed_outside_circuit_head_delta: z.number(),
  summed_total_head_delta: z.number(),
});

/** Self-repair at one checkpoint. */
export type SelfRepairEntry = z.infer<typeof entry>;

/** `backup/{model}/nmh_backup_metrics.json`. */
export const selfRepairs: ResultKind<ModelHeader, SelfRepairEntry, []> = defineResult({
  format: "circuits-over-time/self_repair/1",
  madeBy: "get_self_repair_over_time.ts",
  path: (paths) => paths.backup(),
  header: modelHeader,
  entry,
  grids: true,
});
