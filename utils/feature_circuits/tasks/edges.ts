/**
 * Edges between the nodes of a task's circuit, from the exact attribution graph of every prompt (`../graph/graph.ts`), aligned
 * by roles:
 *
 *     share(target, source) = Σ edges from the source's positions to the target's / Σ |edges| into the target's positions
 *
 * A share is signed and between −1 and 1. It does not depend on the scales of coders, so those of different checkpoints compare.
 * A prompt on which the target is silent has share 0. Biases are left out of both sums.
 *
 * The output's target is the metric's own direction: the correct answers' mean logit less the wrong ones'. Patterns and scales
 * are frozen.
 */
import { type LinearRun, linearRun } from "../linear/mod.ts";
import { graphRows, type GraphTarget } from "../graph/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";
import { ERROR } from "./node_space.ts";
import { type FeatureTask, readTokens, type TaskValues } from "./task_values.ts";

/** The target of the metric. */
export const OUTPUT = -1;

/** A pair of nodes; target {@link OUTPUT} is the metric. */
export interface NodePair {
  source: number;
  target: number;
}

/** Shares of one prompt, by source, for one target. */
export type ShareRow = Map<number, number>;

/**
 * Returns the shares of every prompt: by target, the sources among `nodes` and their shares. Targets without a share on a
 * prompt are absent.
 * @param nodes node numbers, features and errors; features are also targets, and so is {@link OUTPUT}
 */
export async function edgeShares(
  task: Pick<FeatureTask, "model" | "coders" | "prompts">,
  { space, roles }: Pick<TaskValues, "space" | "roles">,
  nodes: readonly number[],
): Promise<Map<number, ShareRow>[]> {
  const wanted = new Set(nodes), found: Map<number, ShareRow>[] = [];
  for (const [i, prompt] of task.prompts.entries()) {
    const tokens = readTokens(prompt.clean, prompt.position);
    const run = await linearRun(task.model, task.coders, tokens);
    found.push(
      await sharesOf(
        run,
        prompt,
        wanted,
        (layer, p, feature) => space.index(layer, roles[i][p], feature),
      ),
    );
  }
  return found;
}

async function sharesOf(
  run: LinearRun,
  prompt: PromptPair,
  wanted: ReadonlySet<number>,
  nodeOf: (layer: number, position: number, feature: number) => number,
): Promise<Map<number, ShareRow>> {
  const { places, count: K } = run.features, n = run.tokens.length;
  const rows = await graphRows(run);
  const { columns, firstBias } = rows.sources;
  const nodeOfColumn = Int32Array.from({ length: K + run.coders.length * n }, (_, c) => {
    if (c < K) return nodeOf(places[3 * c], places[3 * c + 1], places[3 * c + 2]);
    return nodeOf(Math.floor((c - K) / n), (c - K) % n, ERROR);
  });
  const targets = Array.from({ length: K }, (_, i) => i).filter((i) => wanted.has(nodeOfColumn[i]));
  const { rows: [output] } = await rows.targetRows([await answerTarget(run.model, prompt)]);
  const walked = [...targets.map((i) => rows.featureRow(i)), output];
  const edges = new Float32Array(walked.length * columns);
  await rows.walk.edges(walked, { data: edges, offset: (r) => r * columns });
  const sums = new Map<number, number>(), shares = new Map<number, ShareRow>();
  walked.forEach((_, r) => {
    const target = r < targets.length ? nodeOfColumn[targets[r]] : OUTPUT;
    const row = shares.get(target) ?? new Map<number, number>();
    let sum = sums.get(target) ?? 0;
    for (let c = 0; c < firstBias; c++) {
      const edge = edges[r * columns + c];
      sum += Math.abs(edge);
      const source = nodeOfColumn[c];
      if (edge === 0 || source === undefined || !wanted.has(source)) continue;
      row.set(source, (row.get(source) ?? 0) + edge);
    }
    sums.set(target, sum);
    shares.set(target, row);
  });
  for (const [target, row] of shares) {
    const sum = sums.get(target)!;
    for (const [source, edge] of row) row.set(source, sum === 0 ? 0 : edge / sum);
  }
  return shares;
}

/** Returns the mean logit of the correct answers less that of the wrong ones as a target. */
async function answerTarget(
  model: HookedModel,
  { correct, wrong, position }: PromptPair,
): Promise<GraphTarget> {
  const { W_U } = await model.weights.unembedding();
  const d = model.config.dModel, vector = new Float32Array(d);
  const add = (ids: readonly number[], sign: number) => {
    for (const id of ids) {
      for (let j = 0; j < d; j++) vector[j] += sign / ids.length * W_U.data[id * d + j];
    }
  };
  add(correct, 1);
  add(wrong, -1);
  return { label: "answers", hook: "ln_final.hook_out", position, vector, weight: 1 };
}
