/**
 * The result files of the main experiment. Per checkpoint, in this order: graph, pictures, faithfulness curve, baselines,
 * and last the entry of summary.json, which marks the checkpoint as done. What compares checkpoints is derived from the
 * entries whenever the summary is written.
 */
import type {
  CheckpointSummary,
  CircuitChange,
  CircuitSummary,
} from "../../results/circuit_summary.ts";
import { resultSettings } from "../../cli/config.ts";
import { isThere, writeFileAtomic, writeJsonAtomic } from "../../base/files.ts";
import { formatJson } from "../../base/format_json.ts";
import { openResultFile, type ResultFile } from "../../results/result_file.ts";
import { ResultPaths } from "../../results/result_path.ts";
import type { ModelConfig } from "../../model/config.ts";
import { FREE_KEYS, modelName } from "../model_keys.ts";
import type { CheckpointCircuit } from "./checkpoint.ts";
import { scoreRange } from "../../circuits/graph/circuit_edges.ts";
import type { CircuitTask } from "./task.ts";
import { checkpointSchema } from "./checkpoint_schema.ts";
import { changesToPrevious, changesToReference } from "../../circuits/graph/comparison.ts";
import { writeCircuitPicture } from "../../circuits/formats/drawing.ts";
import { edgeRows, writeEdgeTable } from "../../circuits/formats/edge_table.ts";
import type { CircuitConfig } from "./settings.ts";
import { edgeCount } from "../../circuits/graph/graph.ts";
import { writeGraphJson } from "../../circuits/formats/graph_json.ts";
import { circuitShape } from "../../circuits/graph/model_shape.ts";
import { formatCurve } from "../../circuits/choice/search.ts";

const FORMAT = "circuits-over-time/summary/1";

export class CircuitResults {
  constructor(
    readonly config: CircuitConfig,
    readonly task: CircuitTask,
    readonly model: ModelConfig,
    readonly paths: ResultPaths,
    private readonly entries: ResultFile<CheckpointSummary>,
  ) {}

  /** Whether the entry of a checkpoint and all files that the settings ask for are there. */
  has(step: number): boolean {
    const { config: { task, pictures, verify }, paths } = this;
    return this.entries.has(step) && [
      paths.graph(task, step),
      ...(pictures ? [paths.image(task, step, "svg"), paths.image(task, step, "png")] : []),
      ...(verify ? [paths.faithfulness(task, step)] : []),
    ].every(isThere);
  }

  /** Entries of all checkpoints, by step. */
  summaries(): CheckpointSummary[] {
    return this.entries.steps().map((step) => this.entries.get(step));
  }

  /** Writes all files of one checkpoint. */
  async add({ summary, scores, mask, curve }: CheckpointCircuit): Promise<void> {
    const { config, paths, model } = this;
    const shape = circuitShape(model);
    const { step } = summary;
    const graph = { shape, dModel: model.dModel, scores, mask };
    await writeGraphJson(paths.graph(config.task, step), graph, config.graph_format);
    if (config.pictures) {
      const title = `${paths.model}, ${config.task}, step ${step}`;
      const options = { title, range: scoreRange(shape, scores) };
      for (const extension of ["svg", "png"] as const) {
        const path = paths.image(config.task, step, extension);
        await writeCircuitPicture(path, shape, summary.circuit, options);
      }
    }
    if (config.verify) {
      await writeFileAtomic(paths.faithfulness(config.task, step), formatCurve(curve) + "\n");
    }
    await this.#writeBaselines([...this.summaries().filter((c) => c.step !== step), summary]);
    await this.entries.set(step, summary);
  }

  async #writeBaselines(checkpoints: readonly CheckpointSummary[]): Promise<void> {
    const rows = checkpoints.toSorted((a, b) => a.step - b.step).map((c) => [c.step, c.baseline]);
    await writeJsonAtomic(this.paths.baselines(this.config.task), Object.fromEntries(rows));
  }

  /** Writes the edge table and the final summary; returns the summary. */
  async finish(
    failed: CircuitSummary["failed"],
    transfer: CircuitSummary["transfer"],
    roles?: CircuitSummary["roles"],
  ): Promise<CircuitSummary> {
    this.entries.refresh();
    const checkpoints = this.summaries();
    await this.#writeBaselines(checkpoints);
    await writeEdgeTable(this.paths.inCircuitEdges(this.config.task), edgeRows(checkpoints));
    const summary: CircuitSummary & { config: unknown; weights?: unknown } = {
      format: FORMAT,
      config: circuitSettings(this.config, this.task),
      ...header(this.config, this.task, this.model),
      ...body(checkpoints),
      ...this.entries.weightKeys(),
      failed,
      ...(transfer && { transfer }),
      ...(roles && { roles }),
    };
    await writeFileAtomic(this.paths.summary(this.config.task), formatJson(summary));
    return summary;
  }
}

/** Opens the results of an earlier run to continue them, or starts new ones. @throws UserError as `openResultFile`. */
export async function openCircuitResults(
  config: CircuitConfig,
  task: CircuitTask,
  model: ModelConfig,
  weights?: ReadonlyMap<number, string>,
): Promise<CircuitResults> {
  const paths = new ResultPaths(config.results_dir, modelName(config));
  const entries = await openResultFile<CheckpointSummary>({
    path: paths.summary(config.task),
    format: FORMAT,
    settings: circuitSettings(config, task),
    header: header(config, task, model),
    entry: checkpointSchema,
    weights,
    overwrite: config.overwrite,
    layout: {
      write: (byStep) => body([...byStep.values()]),
      read: (file) =>
        Array.isArray(file.checkpoints)
          ? Object.fromEntries((file.checkpoints as CheckpointSummary[]).map((c) => [c?.step, c]))
          : undefined,
    },
  });
  return new CircuitResults(config, task, model, paths, entries);
}

/** What determines the results: settings, and the content of a user's prompt file. */
export function circuitSettings(
  config: CircuitConfig,
  { digest }: Pick<CircuitTask, "digest">,
): Record<string, unknown> {
  const settings = resultSettings(config, [...FREE_KEYS, "transfer", "pictures"]);
  return digest === undefined ? settings : { ...settings, task_file_digest: digest };
}

function header(config: CircuitConfig, task: CircuitTask, modelConfig: ModelConfig) {
  const shape = circuitShape(modelConfig);
  const { method, ig_steps: igSteps, quadrature, threshold } = config;
  const { name, metric, example, prompts } = task;
  const model = new ResultPaths(config.results_dir, modelName(config)).model;
  return {
    model,
    task: name,
    metric,
    example,
    threshold,
    method,
    igSteps,
    quadrature,
    nPrompts: prompts.length,
    shape,
    nEdges: edgeCount(shape),
  };
}

function body(checkpoints: CheckpointSummary[]): {
  checkpoints: CheckpointSummary[];
  toPrevious: CircuitChange[];
  toFinal: CircuitChange[];
} {
  return {
    checkpoints,
    toPrevious: changesToPrevious(checkpoints),
    toFinal: checkpoints.length > 0 ? changesToReference(checkpoints) : [],
  };
}
