/**
 * Self-repair over training: ablates the circuit's name movers and compares the direct contribution of every other head
 * before and after (definitions: `utils/heads/roles/self_repair.ts`).
 *
 *   deno run -A get_self_repair_over_time.ts configs/self_repair/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds. Updates `backup/{model}/nmh_backup_metrics.json` after each
 * checkpoint. A stopped run continues when started again.
 */
import { z } from "zod";
import { type ResultFile, type SelfRepairEntry, selfRepairs } from "./utils/results/mod.ts";
import { type Column, runScript } from "./utils/cli/mod.ts";
import {
  headGrid,
  headName,
  largestHead,
  nameCopyScores,
  parseHead,
  pastNameMovers,
  placeOf,
  readCircuitHeads,
  selfRepair,
} from "./utils/heads/mod.ts";
import { FOLDED } from "./utils/model/mod.ts";
import { modelKeys, openExperiment, promptKeys, shardKey } from "./utils/experiments/mod.ts";
import { loadTask, readoutOf } from "./utils/tasks/mod.ts";

export const script = {
  name: "get_self_repair_over_time",
  description:
    "Ablates the circuit's name movers at every checkpoint and measures how other heads compensate.",
  examples: [
    "configs/self_repair/pythia-nano.json",
    "--model pythia-160m --ckpt-schedule sparse --copy-threshold 50",
  ],
  schema: z.object({
    ...modelKeys,
    ...shardKey,
    ...promptKeys,
    copy_threshold: z.number().min(0).max(100).default(75)
      .describe("copy score in percent at which a head that writes to the logits is ablated"),
  }),
};

/** Columns: which heads are ablated, what remains, and which head compensates most. */
function columnsOf(results: ResultFile<SelfRepairEntry>): Column<number>[] {
  const done = results.steps();
  const past = pastNameMovers(
    done.map((step) => results.get(step).ablation_targets.map(parseHead)),
  );
  const of = (step: number) => results.get(step);
  const strongest = (step: number) => largestHead(of(step).per_head_logit_diff_delta);
  const before = (step: number) => (past[done.indexOf(step) - 1] ?? []).map(headName);
  return [
    { header: "ablated", value: (step) => of(step).ablation_targets.join(" ") || "–" },
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
    const results = await experiment.results(selfRepairs);

    return await experiment.run({
      files: [results],
      measure: async (step, model) => {
        const circuit = await readCircuitHeads(paths.storedGraph("ioi", step), model.config);
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
        return `${targets.length} ablated  logit diff ${found.logit_diff.toFixed(2)} → ${
          found.ablated_logit_diff.toFixed(2)
        }`;
      },
      columns: () => columnsOf(results),
    });
  });
}
