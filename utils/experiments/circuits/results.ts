/**
 * The result files of the main experiment. `add` writes those of one checkpoint, in this order: graph, pictures,
 * faithfulness curve, baselines, and last the entry of summary.json, which marks the checkpoint as done. Comparisons of
 * checkpoints are derived from the entries whenever the summary is written.
 */
import {
  checkpointAble,
  type CheckpointSummary,
  type CircuitChanges,
  type CircuitRunEnd,
  type CircuitRunHeader,
  type CircuitSummary,
  circuitSummary,
  type ResultFile,
} from "../../results/mod.ts";
import { isDryRun } from "../../cli/mod.ts";
import { isThere, writeFileAtomic, writeJsonAtomic } from "../../base/mod.ts";
import {
  changesToPrevious,
  changesToReference,
  circuitShape,
  edgeCount,
  edgeRows,
  formatCurve,
  graphExtension,
  scoreRange,
  writeCircuitPicture,
  writeEdgeTable,
  writeGraph,
} from "../../circuits/mod.ts";
import type { Experiment } from "../experiment.ts";
import type { CheckpointCircuit } from "./checkpoint.ts";
import { type CircuitConfig, freeCircuitKeys } from "./settings.ts";
import { filesOfTask, removeUnchanged, type StaleFile } from "./stale_files.ts";
import type { CircuitTask } from "./task.ts";

/** All result files of one model and task. Made by `openCircuitResults`. */
export class CircuitResults {
  /** Called by `openCircuitResults`. */
  constructor(
    private readonly experiment: Experiment,
    private readonly config: CircuitConfig,
    private readonly entries: ResultFile<CheckpointSummary>,
    private readonly metric: string,
    private readonly stale: StaleFile[] = [],
  ) {}

  /** The path of summary.json. */
  get path(): string {
    return this.entries.path;
  }

  /** Whether a checkpoint has its entry and all files that the settings ask for. */
  has(step: number): boolean {
    const { config: { task, pictures, verify, graph_format }, experiment: { paths } } = this;
    return this.entries.has(step) && [
      paths.graph(task, step, graphExtension(graph_format)),
      ...(pictures ? [paths.image(task, step, "svg"), paths.image(task, step, "png")] : []),
      ...(verify ? [paths.faithfulness(task, step)] : []),
    ].every(isThere);
  }

  /** Returns the steps that have an entry, ascending. */
  steps(): number[] {
    return this.entries.steps();
  }

  /** Returns the entry of a step. @throws Error if it has none. */
  get(step: number): CheckpointSummary {
    return this.entries.get(step);
  }

  /** Returns the entries of all checkpoints, by step. */
  summaries(): CheckpointSummary[] {
    return this.steps().map((step) => this.get(step));
  }

  /** Writes all files of one checkpoint. The first call removes what `overwrite` makes stale. */
  async add({ summary, scores, mask, curve }: CheckpointCircuit): Promise<void> {
    removeUnchanged(this.stale.splice(0));
    const { config, experiment: { paths, model } } = this;
    const shape = circuitShape(model);
    const { step } = summary;
    const graph = { shape, dModel: model.dModel, scores, mask };
    const { graph_format } = config;
    const path = paths.graph(config.task, step, graphExtension(graph_format));
    await writeGraph(path, graph, graph_format);
    if (config.pictures) {
      const title = `${paths.model}, ${config.task}, step ${step}`;
      const able = checkpointAble({ metric: this.metric }, summary);
      const options = {
        title,
        empty: able ? undefined : "the model does not do the task",
        range: scoreRange(shape, scores),
        palette: config.palette,
      };
      for (const extension of ["svg", "png"] as const) {
        const path = paths.image(config.task, step, extension);
        await writeCircuitPicture(path, shape, able ? summary.circuit : [], options);
      }
    }
    if (config.verify) {
      await writeFileAtomic(paths.faithfulness(config.task, step), formatCurve(curve) + "\n");
    }
    if (!this.experiment.shard) {
      await this.#writeBaselines([...this.summaries().filter((c) => c.step !== step), summary]);
    }
    await this.entries.set(step, summary);
  }

  async #writeBaselines(checkpoints: readonly CheckpointSummary[]): Promise<void> {
    const rows = checkpoints.toSorted((a, b) => a.step - b.step).map((c) => [c.step, c.baseline]);
    const path = this.experiment.paths.baselines(this.config.task);
    await writeJsonAtomic(path, Object.fromEntries(rows));
  }

  /**
   * Writes the final summary, the baselines and the edge table; returns the summary. Writes again what another process has
   * added to meanwhile, so that the last process leaves files of all checkpoints.
   */
  async finish({ failed, transfer, roles }: CircuitRunEnd): Promise<CircuitSummary> {
    const more = { failed, ...(transfer && { transfer }), ...(roles && { roles }) };
    while (true) {
      const summary = this.entries.finish(more);
      const checkpoints = this.summaries();
      await this.#writeBaselines(checkpoints);
      const { paths } = this.experiment;
      await writeEdgeTable(paths.inCircuitEdges(this.config.task), edgeRows(checkpoints));
      this.entries.refresh();
      if (this.steps().length === checkpoints.length) {
        return summary as CircuitSummary & Record<string, unknown>;
      }
    }
  }
}

/** Opens the results of an earlier run to continue them, or starts new ones. @throws UserError as `openResultFile`. */
export async function openCircuitResults(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
): Promise<CircuitResults> {
  const entries = await experiment.results(circuitSummary, {
    free: freeCircuitKeys(config),
    settings: digestOf(task),
    header: header(experiment, config, task),
    derive: changes,
  }, config.task);
  const stale = config.overwrite && !isDryRun() ? filesOfTask(experiment.paths, config.task) : [];
  return new CircuitResults(experiment, config, entries, task.metric, stale);
}

/** Returns the settings that determine a circuit, and the digest of a user's prompt file. */
export function circuitSettings(experiment: Experiment, config: CircuitConfig, task: CircuitTask) {
  return { ...experiment.settings(freeCircuitKeys(config)), ...digestOf(task) };
}

function digestOf({ digest }: CircuitTask): Record<string, unknown> {
  return digest === undefined ? {} : { task_file_digest: digest };
}

function header(
  experiment: Experiment,
  config: CircuitConfig,
  task: CircuitTask,
): Omit<CircuitRunHeader, "model"> {
  const shape = circuitShape(experiment.model);
  return {
    task: task.name,
    metric: task.metric,
    example: task.example,
    threshold: config.threshold,
    method: config.method,
    igSteps: config.ig_steps,
    quadrature: config.quadrature,
    nPrompts: task.prompts.length,
    shape,
    nEdges: edgeCount(shape),
  };
}

function changes(checkpoints: readonly CheckpointSummary[]): CircuitChanges {
  return {
    toPrevious: changesToPrevious(checkpoints),
    toFinal: checkpoints.length > 0 ? changesToReference(checkpoints) : [],
  };
}
