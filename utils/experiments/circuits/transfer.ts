/**
 * Transfer: the faithfulness of the circuit found at step t in the model of step t′. Two circuits may share few edges
 * and yet do each other's work, so the overlap of edges alone overstates change.
 */
import { z } from "zod";
import { forEachCheckpoint } from "../checkpoint_loop.ts";
import type { CheckpointSummary, CircuitSummary } from "../../results/circuit_summary.ts";
import { contentDigest } from "../../base/digest.ts";
import { isThere } from "../../base/files.ts";
import { openResultFile, type ResultFile } from "../../results/result_file.ts";
import { ResultPaths } from "../../results/result_path.ts";
import { UserError } from "../../base/user_error.ts";
import type { Runtime } from "../../model/runtime.ts";
import { modelName, openCheckpointModel } from "../model_keys.ts";
import { FaithfulnessScale, maskOfCircuit, prepareEvaluation } from "./checkpoint.ts";
import { circuitSettings } from "./results.ts";
import type { CircuitTask } from "./task.ts";
import { CircuitEvaluator } from "../../circuits/evaluation/evaluation.ts";
import type { CircuitConfig } from "./settings.ts";
import { nBackward, nForward } from "../../circuits/graph/graph.ts";
import { circuitShape } from "../../circuits/graph/model_shape.ts";

/** Rows of transfer.json: by the step of the model, the faithfulness of each circuit. */
type Rows = ResultFile<number[]>;

/**
 * Faithfulness of every checkpoint's circuit in every checkpoint's model; kept in `transfer.json`, resumable. A model that
 * cannot be read is reported and left out, as a column and, its own circuit, as a row.
 * @returns the matrix of the models that could be read (none: undefined), and exit code 1 when one could not
 */
export async function circuitTransfer(
  config: CircuitConfig,
  circuits: readonly CheckpointSummary[],
  task: CircuitTask,
  runtime: Runtime,
): Promise<{ transfer: CircuitSummary["transfer"]; exitCode: 0 | 1 }> {
  const options = await rowOptions(config, circuits, task);
  // Rows of other circuits or settings are of no use: they are made anew.
  const rows: Rows = await openResultFile({ ...options, overwrite: config.overwrite })
    .catch((error) => {
      if (!(error instanceof UserError)) throw error;
      return openResultFile({ ...options, overwrite: true });
    });
  const { exitCode } = await forEachCheckpoint({
    steps: circuits.map((c) => c.step),
    isDone: (step) => rows.has(step),
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
      await rows.set(step, points.map((point) => point.faithfulness));
      return `transfer of ${circuits.length} circuits`;
    },
    release: (model) => model.close(),
  });
  return { transfer: matrix(circuits, rows), exitCode };
}

/** The matrix of an earlier run with `transfer`, where it is complete for these circuits and settings; says otherwise. */
export async function storedTransfer(
  config: CircuitConfig,
  circuits: readonly CheckpointSummary[],
  task: CircuitTask,
): Promise<CircuitSummary["transfer"]> {
  const options = await rowOptions(config, circuits, task);
  if (!isThere(options.path)) return undefined;
  try {
    const rows: Rows = await openResultFile(options);
    if (circuits.every(({ step }) => rows.has(step))) return matrix(circuits, rows);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  console.log(
    `${options.path} is not of these circuits, or not complete: without transfer here; --transfer makes it`,
  );
}

/** transfer.json of these circuits. Their digest tells circuits that were found anew from those that it was made of. */
async function rowOptions(
  config: CircuitConfig,
  circuits: readonly CheckpointSummary[],
  task: CircuitTask,
) {
  const path = new ResultPaths(config.results_dir, modelName(config)).summary(config.task)
    .replace(/summary\.json$/, "transfer.json");
  const settings = {
    ...circuitSettings(config, task),
    steps: circuits.map((c) => c.step),
    circuits_digest: await contentDigest(circuits.map((c) => [c.size, c.circuit])),
  };
  return { path, format: "circuits-over-time/transfer/1", settings, entry: z.array(z.number()) };
}

function matrix(circuits: readonly CheckpointSummary[], rows: Rows): CircuitSummary["transfer"] {
  const there = circuits.map(({ step }, i) => ({ step, i })).filter(({ step }) => rows.has(step));
  if (there.length === 0) return undefined;
  return {
    steps: there.map(({ step }) => step),
    faithfulness: there.map(({ i }) => there.map(({ step }) => rows.get(step)[i])),
  };
}
