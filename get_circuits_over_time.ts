/**
 * Circuits over training: at every checkpoint of a model, the circuit behind a task, how faithful it is, and how it
 * changes.
 *
 *   deno run -A get_circuits_over_time.ts configs/pythia-nano_ioi.json
 *
 * Writes below `results/`: graphs (EAP-IG's format), faithfulness curves, baselines, pictures, the edge table, one
 * summary.json and the explorer page. A stopped run continues when started again, and ends with the same bytes.
 */
import { dirname, resolve, toFileUrl } from "@std/path";
import { buildExplorer } from "./plotting/explorer/page.ts";
import { storedAttention } from "./plotting/result_files/stored_attention.ts";
import {
  checkCircuitConfig,
  circuitColumns,
  circuitLine,
  circuitRemarks,
  circuitSchema,
  circuitTransfer,
  findCircuit,
  loadCircuitTask,
  openAttention,
  openCircuitResults,
  openExperiment,
  pathWarning,
  rehearseTransfer,
  storedTransfer,
  withTaskName,
} from "./utils/experiments/mod.ts";
import { writeFileAtomic } from "./utils/base/mod.ts";
import { ableCheckpoints, headRoles } from "./utils/results/mod.ts";
import { runScript } from "./utils/cli/mod.ts";

export const script = {
  name: "get_circuits_over_time",
  dryRun: true,
  page: true,
  description:
    "Finds the circuit behind a task at every checkpoint of a model's training (EAP-IG).",
  examples: [
    "configs/pythia-nano_ioi.json",
    "configs/pythia-160m_ioi.json --custom-schedule 1000,16000,143000",
    "--model pythia-70m --task greater_than --ckpt-schedule sparse --ig-steps 12 --quadrature midpoint",
  ],
  schema: circuitSchema,
};

if (import.meta.main) {
  await runScript(script, async (given, { made }) => {
    const config = withTaskName(given);
    checkCircuitConfig(config);
    const experiment = await openExperiment(config);
    const task = await loadCircuitTask(config, experiment.tokenizer);
    const results = await openCircuitResults(experiment, config, task);
    const attention = await openAttention(experiment, config, task);
    const run = { metric: task.metric, threshold: config.threshold };
    // before the long computation, which a damaged file would waste
    await headRoles(experiment.paths, { ...run, task: config.task, checkpoints: [] });
    const page = experiment.paths.explorer(config.task);

    return await experiment.run({
      files: attention ? [attention, results] : [results],
      measure: async (step, model, progress) => {
        if (attention && !attention.has(step)) await attention.add(step, model);
        if (results.has(step)) return "attention patterns added";
        const found = await findCircuit(model, task, config, step, progress);
        await results.add(found);
        return circuitLine(run, found.summary);
      },
      compare: async ({ failed }) => {
        const transferOf = config.transfer ? circuitTransfer : storedTransfer;
        const circuits = results.summaries();
        const shown = { ...run, task: config.task, checkpoints: circuits };
        const roles = await headRoles(experiment.paths, shown);
        const { transfer, exitCode } = await transferOf(experiment, config, task, circuits);
        const summary = await results.finish({ failed, transfer, roles });
        const attention = await storedAttention(dirname(page));
        await writeFileAtomic(page, buildExplorer(summary, { attention }));
        made(page);
        return exitCode;
      },
      compareAt: config.transfer
        ? (_, model) =>
          rehearseTransfer(experiment, config, task, model, results.summaries().at(-1))
        : undefined,
      columns: () => circuitColumns(run, (step) => results.get(step), config),
      closing: () => {
        const checkpoints = results.summaries();
        for (const remark of circuitRemarks(run, checkpoints, config)) console.log(remark);
        const coarse = pathWarning(ableCheckpoints({ ...run, checkpoints }), config);
        if (coarse) console.warn(`warning: ${coarse}`);
        console.log(`Open ${toFileUrl(resolve(page)).href}`);
      },
    });
  });
}
