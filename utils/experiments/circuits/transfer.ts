/**
 * Transfer: the faithfulness of the circuit found at step t in the model of step t′. Two circuits may share few edges
 * and still do each other's work, so the overlap of edges alone overstates change.
 */
import {
  type CheckpointSummary,
  type CircuitSummary,
  circuitSummary,
  circuitTransfers,
  type OpenOptions,
  OtherResults,
  type ResultFile,
} from "../../results/mod.ts";
import { contentDigest, isThere, UserError } from "../../base/mod.ts";
import { circuitShape } from "../../circuits/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
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

/** Most times that a matrix is begun again for circuits that other processes have added. */
const MOST_RESTARTS = 1000;

/**
 * Returns the faithfulness of every checkpoint's circuit in every checkpoint's model. Keeps it in `transfer.json` and
 * resumes. Reports a model that cannot be read, and omits its column and the row of its circuit.
 *
 * Another process may find circuits of other checkpoints meanwhile. The matrix is of all of them: where the summary has
 * more circuits, or another process has begun a matrix of more, this one continues with all that the summary has.
 */
export async function circuitTransfer(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
  circuits: readonly CheckpointSummary[],
): Promise<Transfer> {
  for (let restarts = 0;; restarts++) {
    try {
      const overwrite = config.overwrite && restarts === 0;
      const transfer = await fill(experiment, { ...config, overwrite }, task, circuits);
      const all = await latestCircuits(experiment, config, circuits);
      if (await circuitsDigest(all) === await circuitsDigest(circuits)) return transfer;
      circuits = all;
    } catch (error) {
      if (!(error instanceof OtherResults) || restarts === MOST_RESTARTS) throw error;
      circuits = await latestCircuits(experiment, config, circuits);
    }
  }
}

/** Returns the circuits that the summary has now; the given ones if it does not exist yet. */
async function latestCircuits(
  { paths }: Experiment,
  { task }: CircuitConfig,
  circuits: readonly CheckpointSummary[],
): Promise<readonly CheckpointSummary[]> {
  const stored = await circuitSummary.readIfThere(paths, task);
  return stored ? [...stored.entries.values()] : circuits;
}

/** Does what the matrix needs at one checkpoint, with one circuit in place of each; for an estimate. */
export async function rehearseTransfer(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
  model: HookedModel,
  circuit: CheckpointSummary | undefined,
): Promise<void> {
  if (circuit === undefined) return;
  const scale = await FaithfulnessScale.of(
    model,
    await prepareEvaluation(model, task, config),
    config,
  );
  const mask = maskOfCircuit(circuitShape(model.config), circuit.circuit);
  const { steps } = experiment;
  await scale.points(steps.map(() => mask), steps.map(() => circuit.size));
}

async function fill(
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
      circuits_digest: await circuitsDigest(circuits),
    },
    header: {},
  };
}

function circuitsDigest(circuits: readonly CheckpointSummary[]): Promise<string> {
  return contentDigest(circuits.map((c) => [c.size, c.circuit]));
}

function matrix(circuits: readonly CheckpointSummary[], rows: Rows): CircuitSummary["transfer"] {
  const there = circuits.map(({ step }, i) => ({ step, i })).filter(({ step }) => rows.has(step));
  if (there.length === 0) return undefined;
  return {
    steps: there.map(({ step }) => step),
    faithfulness: there.map(({ i }) => there.map(({ step }) => rows.get(step)[i])),
  };
}
