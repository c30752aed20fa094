/**
 * Transfer: the faithfulness of the circuit found at step t in the model of step t′. Two circuits may share few edges
 * and still do each other's work, so the overlap of edges alone overstates change.
 */
import {
  type CheckpointSummary,
  type CircuitSummary,
  circuitTransfers,
  type OpenOptions,
  type ResultFile,
} from "../../results/mod.ts";
import { contentDigest, isThere, UserError } from "../../base/mod.ts";
import { circuitShape } from "../../circuits/mod.ts";
import type { Experiment } from "../experiment.ts";
import { maskOfCircuit } from "./checkpoint.ts";
import { FaithfulnessScale, prepareEvaluation } from "./faithfulness_scale.ts";
import { circuitSettings } from "./results.ts";
import type { CircuitConfig } from "./settings.ts";
import type { CircuitTask } from "./task.ts";

/** Rows of transfer.json: by the step of the model, the faithfulness of each circuit. */
type Rows = ResultFile<number[]>;

/** The transfer matrix. */
export interface Transfer {
  /** of the models that could be read; undefined if there is none */
  transfer: CircuitSummary["transfer"];
  /** 1 if a model could not be read */
  exitCode: 0 | 1;
}

/**
 * Returns the faithfulness of every checkpoint's circuit in every checkpoint's model. Keeps it in `transfer.json` and
 * resumes. Reports a model that cannot be read, and omits its column and the row of its circuit.
 */
export async function circuitTransfer(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
  circuits: readonly CheckpointSummary[],
): Promise<Transfer> {
  const options = await rowOptions(experiment, config, task, circuits);
  // rows of other circuits or settings are useless: replace them
  const rows: Rows = await circuitTransfers.open({ ...options, overwrite: config.overwrite })
    .catch((error) => {
      if (!(error instanceof UserError)) throw error;
      return circuitTransfers.open({ ...options, overwrite: true });
    });
  const { exitCode } = await experiment.forEachCheckpoint(
    (step) => rows.has(step),
    async (step, model) => {
      const evaluation = await prepareEvaluation(model, task, config);
      const scale = await FaithfulnessScale.of(model, evaluation, config);
      const shape = circuitShape(model.config);
      const masks = circuits.map(({ circuit }) => maskOfCircuit(shape, circuit));
      const points = await scale.points(masks, circuits.map((c) => c.size));
      await rows.set(step, points.map((point) => point.faithfulness));
      return `transfer of ${circuits.length} circuits`;
    },
    circuits.map((c) => c.step),
  );
  return { transfer: matrix(circuits, rows), exitCode };
}

/**
 * Returns the matrix of an earlier run with `transfer`, if it is complete for these circuits and settings. Prints a line
 * if it is not.
 */
export async function storedTransfer(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
  circuits: readonly CheckpointSummary[],
): Promise<Transfer> {
  const options = await rowOptions(experiment, config, task, circuits);
  if (!isThere(options.path)) return { transfer: undefined, exitCode: 0 };
  try {
    const rows: Rows = await circuitTransfers.open(options);
    if (circuits.every(({ step }) => rows.has(step))) {
      return { transfer: matrix(circuits, rows), exitCode: 0 };
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  console.log(
    `${options.path} is stale or incomplete; the page omits the transfer matrix. ` +
      `Rebuild it with --transfer.`,
  );
  return { transfer: undefined, exitCode: 0 };
}

/** Describes transfer.json of these circuits; their digest makes rows of earlier circuits stale. */
async function rowOptions(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
  circuits: readonly CheckpointSummary[],
): Promise<OpenOptions<Record<string, never>, number[]>> {
  return {
    path: circuitTransfers.path(experiment.paths, config.task),
    settings: {
      ...circuitSettings(experiment, config, task),
      steps: circuits.map((c) => c.step),
      circuits_digest: await contentDigest(circuits.map((c) => [c.size, c.circuit])),
    },
    header: {},
  };
}

function matrix(circuits: readonly CheckpointSummary[], rows: Rows): CircuitSummary["transfer"] {
  const there = circuits.map(({ step }, i) => ({ step, i })).filter(({ step }) => rows.has(step));
  if (there.length === 0) return undefined;
  return {
    steps: there.map(({ step }) => step),
    faithfulness: there.map(({ i }) => there.map(({ step }) => rows.get(step)[i])),
  };
}
