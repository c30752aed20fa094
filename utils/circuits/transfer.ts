/**
 * Transfer: the faithfulness of the circuit found at step t in the model of step t′. Two circuits may share few edges
 * and yet do each other's work, so the overlap of edges alone overstates change.
 */
import { forEachCheckpoint } from "../experiment/checkpoint_loop.ts";
import type { CheckpointSummary, CircuitSummary } from "../experiment/circuit_summary.ts";
import { openResultFile } from "../experiment/result_file.ts";
import { ResultPaths } from "../experiment/result_path.ts";
import type { Runtime } from "../model/runtime.ts";
import { modelName, openCheckpointModel } from "../scripts/model_keys.ts";
import { FaithfulnessScale, maskOfCircuit, prepareEvaluation } from "./checkpoint_circuit.ts";
import { circuitSettings } from "./circuit_results.ts";
import type { CircuitTask } from "./circuit_task.ts";
import { CircuitEvaluator } from "./evaluation.ts";
import type { CircuitConfig } from "./experiment_config.ts";
import { nBackward, nForward } from "./graph.ts";
import { circuitShape } from "./model_shape.ts";

/** Faithfulness of every checkpoint's circuit in every checkpoint's model; kept in `transfer.json`, resumable. */
export async function circuitTransfer(
  config: CircuitConfig,
  circuits: readonly CheckpointSummary[],
  task: CircuitTask,
  runtime: Runtime,
): Promise<CircuitSummary["transfer"]> {
  const steps = circuits.map((c) => c.step);
  const path = new ResultPaths(config.results_dir, modelName(config)).summary(config.task)
    .replace(/summary\.json$/, "transfer.json");
  const options = {
    path,
    format: "circuits-over-time/transfer/1",
    settings: { ...circuitSettings(config, task), steps },
  };
  // Rows of other checkpoints or settings are of no use: they are made anew.
  const results = await openResultFile<number[]>({ ...options, overwrite: config.overwrite })
    .catch(() => openResultFile<number[]>({ ...options, overwrite: true }));
  await forEachCheckpoint({
    steps,
    isDone: (step) => results.has(step),
    prefetch: (step) => openCheckpointModel(config, step, runtime),
    run: async (step, model) => {
      const { batches, means } = await prepareEvaluation(model, task.prompts, task.readout, config);
      const { intervention } = config;
      const scale = new FaithfulnessScale(
        await CircuitEvaluator.prepare(model, batches, { intervention, means }),
      );
      const shape = circuitShape(model.config);
      const cells = nForward(shape) * nBackward(shape);
      const masks = circuits.map((c) => maskOfCircuit(shape, c.circuit, cells));
      const points = await scale.points(masks, circuits.map((c) => c.size));
      await results.set(step, points.map((point) => point.faithfulness));
      return `transfer of ${circuits.length} circuits`;
    },
    release: (model) => model.close(),
  });
  return { steps, faithfulness: steps.map((_, i) => steps.map((step) => results.get(step)[i])) };
}
