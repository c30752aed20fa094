/**
 * Self-repair over training: the name movers of the circuit are silenced, and the direct contribution of every other
 * head is compared with what it was (definitions: `utils/heads/roles/self_repair.ts`).
 *
 *   deno run -A get_self_repair_over_time.ts configs/self_repair/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds. Writes `backup/{model}/nmh_backup_metrics.json` after each
 * checkpoint; run again, it continues.
 */
import { z } from "zod";
import type { ResultFile } from "./utils/results/result_file.ts";
import { runScript } from "./utils/cli/script.ts";
import type { Column } from "./utils/cli/table.ts";
import { readCircuitHeads } from "./utils/heads/roles/circuit_heads.ts";
import { gridSchema } from "./utils/heads/roles/component_scores.ts";
import { nameCopyScores } from "./utils/heads/scores/copy_score.ts";
import { headGrid, largestHead } from "./utils/heads/head_grid.ts";
import { placeOf } from "./utils/heads/roles/ioi_roles.ts";
import { pastNameMovers, selfRepair } from "./utils/heads/roles/self_repair.ts";
import { headName, parseHead } from "./utils/heads/head.ts";
import { FOLDED } from "./utils/model/weights/weight_processing.ts";
import { openExperiment } from "./utils/experiments/experiment.ts";
import { promptKeys } from "./utils/experiments/ioi_setup.ts";
import { modelKeys } from "./utils/experiments/model_keys.ts";
import { loadTask, readoutOf } from "./utils/tasks/tasks.ts";

const entry = z.object({
  logit_diff: z.number(),
  ablated_logit_diff: z.number(),
  ablation_targets: z.array(z.string()),
  per_head_logit_diffs: gridSchema,
  per_head_ablated_logit_diffs: gridSchema,
  per_head_logit_diff_delta: gridSchema,
  in_circuit_head_delta: gridSchema,
  outside_circuit_head_delta: gridSchema,
  summed_in_circuit_head_delta: z.number(),
  summed_outside_circuit_head_delta: z.number(),
  summed_total_head_delta: z.number(),
});
type Entry = z.output<typeof entry>;

export const script = {
  name: "get_self_repair_over_time",
  description:
    "Silences the circuit's name movers at every checkpoint and measures how other heads make up for them.",
  examples: [
    "configs/self_repair/pythia-nano.json",
    "--model pythia-160m --ckpt-schedule sparse --copy-threshold 50",
  ],
  schema: z.object({
    ...modelKeys,
    ...promptKeys,
    copy_threshold: z.number().min(0).max(100).default(75)
      .describe("copy score in percent from which a head that writes to the logits is silenced"),
  }),
};

/** Who is silenced, what remains, and which head makes up for it most. */
function columnsOf(results: ResultFile<Entry>): Column<number>[] {
  const done = results.steps();
  const past = pastNameMovers(
    done.map((step) => results.get(step).ablation_targets.map(parseHead)),
  );
  const of = (step: number) => results.get(step);
  const strongest = (step: number) => largestHead(of(step).per_head_logit_diff_delta);
  const before = (step: number) => (past[done.indexOf(step) - 1] ?? []).map(headName);
  return [
    { header: "silenced", value: (step) => of(step).ablation_targets.join(" ") || "–" },
    { header: "logit diff", value: (step) => of(step).logit_diff, digits: 2 },
    { header: "after", value: (step) => of(step).ablated_logit_diff, digits: 2 },
    { header: "repair in", value: (step) => of(step).summed_in_circuit_head_delta, digits: 2 },
    { header: "out", value: (step) => of(step).summed_outside_circuit_head_delta, digits: 2 },
    {
      header: "largest",
      value: (step) =>
        strongest(step).score > 0
          ? `${strongest(step).head} ${strongest(step).score.toFixed(2)}` +
            (before(step).includes(strongest(step).head) ? " (once a name mover)" : "")
          : "–",
    },
  ];
}

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config, { circuits: "ioi", processing: FOLDED });
    const { paths, shape } = experiment;
    const data = await loadTask("ioi", experiment.tokenizer, {
      n: config.dataset_size,
      seed: config.seed,
    });
    const { prompts } = data, readout = readoutOf(data);
    const results = await experiment.results<Entry>({
      path: paths.backup(),
      format: "circuits-over-time/self_repair/1",
      entry,
    });

    return await experiment.run({
      files: [results],
      measure: async (step, model) => {
        const circuit = await readCircuitHeads(paths.graph("ioi", step), model.config);
        const { positive: copy } = await nameCopyScores(model, prompts);
        const targets = circuit.intoLogits()
          .filter((head) => copy[placeOf(head, shape)] >= config.copy_threshold);
        const found = await selfRepair(model, prompts, readout, targets, circuit.sources());
        const grid = (values: Float32Array) => headGrid(values, shape.nHeads);
        await results.set(step, {
          ...found,
          ablation_targets: targets.map(headName),
          per_head_logit_diffs: grid(found.per_head_logit_diffs),
          per_head_ablated_logit_diffs: grid(found.per_head_ablated_logit_diffs),
          per_head_logit_diff_delta: grid(found.per_head_logit_diff_delta),
          in_circuit_head_delta: grid(found.in_circuit_head_delta),
          outside_circuit_head_delta: grid(found.outside_circuit_head_delta),
        });
        return `${targets.length} silenced  logit diff ${found.logit_diff.toFixed(2)} → ${
          found.ablated_logit_diff.toFixed(2)
        }`;
      },
      columns: () => columnsOf(results),
    });
  });
}
