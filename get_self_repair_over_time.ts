/**
 * Self-repair over training: the name movers of the circuit are silenced, and the direct contribution of every other
 * head is compared with what it was (definitions: `utils/heads/self_repair.ts`).
 *
 *   deno run -A get_self_repair_over_time.ts configs/self_repair/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds. Writes `backup/{model}/nmh_backup_metrics.json` after each
 * checkpoint; run again, it continues.
 */
import { z } from "zod";
import { forEachCheckpoint } from "./utils/experiment/checkpoint_loop.ts";
import { resultSettings } from "./utils/experiment/config.ts";
import { openResultFile } from "./utils/experiment/result_file.ts";
import { ResultPaths } from "./utils/experiment/result_path.ts";
import { runScript } from "./utils/experiment/script.ts";
import { printTable } from "./utils/experiment/table.ts";
import { readCircuitHeads } from "./utils/heads/circuit_heads.ts";
import { gridSchema } from "./utils/heads/component_scores.ts";
import { copyScores } from "./utils/heads/copy_score.ts";
import { headGrid, largestHead } from "./utils/heads/head_grid.ts";
import { placeOf } from "./utils/heads/ioi_roles.ts";
import { pastNameMovers, selfRepair } from "./utils/heads/self_repair.ts";
import { headName, parseHead } from "./utils/heads/senders.ts";
import { readModelConfig } from "./utils/model/config.ts";
import { loadTokenizer } from "./utils/model/tokenizer.ts";
import { FOLDED } from "./utils/model/weight_processing.ts";
import { promptKeys, requireCircuits } from "./utils/scripts/ioi_setup.ts";
import {
  checkpointFolder,
  FREE_KEYS,
  modelKeys,
  openCheckpointModel,
  resultModel,
  runtimeOf,
  trainingSteps,
} from "./utils/scripts/model_keys.ts";
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

if (import.meta.main) {
  await runScript(script, async (config) => {
    const steps = trainingSteps(config);
    const paths = new ResultPaths(config.results_dir, resultModel(config));
    requireCircuits(paths, "ioi", steps);
    const folder = await checkpointFolder(config, steps.at(-1)!);
    const shape = await readModelConfig(folder);
    const { nLayers, nHeads } = shape;
    const runtime = runtimeOf(config, shape);
    const data = await loadTask("ioi", await loadTokenizer(folder), {
      n: config.dataset_size,
      seed: config.seed,
    });
    const { prompts } = data, readout = readoutOf(data);
    const results = await openResultFile<Entry>({
      path: paths.backup(),
      format: "circuits-over-time/self_repair/1",
      settings: resultSettings<Record<string, unknown>>(config, FREE_KEYS),
      header: { model: resultModel(config), shape: { nLayers, nHeads } },
      entry,
      overwrite: config.overwrite,
    });

    const { exitCode } = await forEachCheckpoint({
      steps,
      isDone: (step) => results.has(step),
      prefetch: (step) => openCheckpointModel(config, step, runtime, { processing: FOLDED }),
      run: async (step, model) => {
        const circuit = await readCircuitHeads(paths.graph("ioi", step), model.config);
        const { positive: copy } = await copyScores(
          model,
          prompts.map((p) => p.clean),
          prompts.map(({ marks }) => [marks!.IO, marks!.S1, marks!.S2]),
        );
        const targets = circuit.intoLogits()
          .filter((head) => copy[placeOf(head, shape)] >= config.copy_threshold);
        const found = await selfRepair(model, prompts, readout, targets, circuit.sources());
        const grid = (values: Float32Array) => headGrid(values, nHeads);
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
      release: (model) => model.close(),
    });

    const done = results.steps();
    const past = pastNameMovers(
      done.map((step) => results.get(step).ablation_targets.map(parseHead)),
    );
    const of = (step: number) => results.get(step);
    const strongest = (step: number) => largestHead(of(step).per_head_logit_diff_delta);
    const before = (step: number) => (past[done.indexOf(step) - 1] ?? []).map(headName);
    printTable<number>([
      { header: "step", value: (step) => step },
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
    ], done);
    console.log(`written to ${results.path}`);
    return exitCode;
  });
}
