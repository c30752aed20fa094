/**
 * Circuits over training: for every checkpoint of a model the circuit behind a task, how faithful it is, and how it
 * changes.
 *
 *   deno run -A get_circuits_over_time.ts configs/pythia-nano_ioi.json
 *
 * Writes below `results/`: graphs (EAP-IG's format), faithfulness curves, baselines, pictures, the edge table, one
 * summary.json and the explorer page. Stopped at any moment it continues when run again, and ends with the same bytes.
 */
import { resolve, toFileUrl } from "@std/path";
import { buildExplorer } from "./plotting/explorer/page.ts";
import { findCircuit } from "./utils/experiments/circuits/checkpoint.ts";
import { openCircuitResults } from "./utils/experiments/circuits/results.ts";
import { loadCircuitTask } from "./utils/experiments/circuits/task.ts";
import { checkCircuitConfig, circuitSchema } from "./utils/experiments/circuits/settings.ts";
import { pathWarning } from "./utils/experiments/circuits/quadrature_warning.ts";
import { circuitTransfer, storedTransfer } from "./utils/experiments/circuits/transfer.ts";
import type { CheckpointSummary } from "./utils/results/circuit_summary.ts";
import { writeFileAtomic } from "./utils/base/files.ts";
import { runScript } from "./utils/cli/script.ts";
import { printTable } from "./utils/cli/table.ts";
import { headRoles } from "./utils/heads/roles/roles.ts";
import { openExperiment } from "./utils/experiments/experiment.ts";

export const script = {
  name: "get_circuits_over_time",
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
  await runScript(script, async (config) => {
    checkCircuitConfig(config);
    const experiment = await openExperiment(config);
    const task = await loadCircuitTask(config, experiment.tokenizer);
    const results = await openCircuitResults(config, task, experiment.model, experiment.weights);
    await headRoles(results.paths); // a damaged file is told of before the computation
    const loop = await experiment.forEachCheckpoint(
      (step) => results.has(step),
      async (step, model, progress) => {
        const found = await findCircuit(model, task.prompts, task.readout, config, step, progress);
        await results.add(found);
        const { baseline, edges, faithfulness } = found.summary;
        return `baseline ${baseline.toFixed(3)}  ${edges} edges  faithfulness ${
          faithfulness.toFixed(3)
        }`;
      },
    );
    if (results.summaries().length === 0) return loop.exitCode;
    const found = results.summaries();
    const { transfer, exitCode } = config.transfer
      ? await circuitTransfer(config, found, task, experiment.runtime)
      : { transfer: await storedTransfer(config, found, task), exitCode: 0 };
    const roles = await headRoles(results.paths);
    const summary = await results.finish(loop.failed, transfer, roles);
    await writeFileAtomic(results.paths.explorer(config.task), buildExplorer(summary));
    printTable<CheckpointSummary>([
      { header: "step", value: (c) => c.step },
      { header: "baseline", value: (c) => c.baseline, digits: 3 },
      { header: "size", value: (c) => c.size },
      { header: "edges", value: (c) => c.edges },
      { header: "nodes", value: (c) => c.nodes.length },
      { header: "faithfulness", value: (c) => c.faithfulness, digits: 3 },
      { header: "normalized", value: (c) => c.normalized, digits: 3 },
      { header: "IG missing", value: (c) => c.completeness.missing, digits: 3 },
    ], summary.checkpoints);
    const coarse = pathWarning(summary.checkpoints, config);
    if (coarse) console.warn(`warning: ${coarse}`);
    console.log(`Open ${toFileUrl(resolve(results.paths.explorer(config.task))).href}`);
    return loop.exitCode || exitCode;
  });
}
