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
import { ERROR, type NodeSpace } from "./node_space.ts";
import { type FeatureTask, readTokens, type TaskValues } from "./task_values.ts";

/** The target of the metric. */
export const OUTPUT: number = -1;

/** Shares by target, then by source, prompt by prompt: `[N]`. Pairs that no prompt has are absent. */
export type EdgeShares = Map<number, Map<number, Float32Array>>;

/**
 * Returns the shares of every prompt. Sources are nodes, and tokens by role: token nodes have the numbers after the space's,
 * `space.size + role`.
 * @param targets numbers of features, and {@link OUTPUT}
 * @param sources those wanted; default: all
 */
export async function edgeShares(
  task: Pick<FeatureTask, "model" | "coders" | "prompts">,
  { space, roles }: Pick<TaskValues, "space" | "roles">,
  targets: Iterable<number>,
  sources?: Iterable<number>,
): Promise<EdgeShares> {
  const wanted = { targets: new Set(targets), sources: sources && new Set(sources) };
  const found: EdgeShares = new Map();
  for (const [i, prompt] of task.prompts.entries()) {
    const tokens = readTokens(prompt.clean, prompt.position);
    const run = await linearRun(task.model, task.coders, tokens);
    const nodes = nodesOfColumns(run, space, roles[i]);
    for (const [target, row] of await sharesOf(run, prompt, nodes, wanted)) {
      const shares = found.get(target) ?? new Map<number, Float32Array>();
      found.set(target, shares);
      for (const [source, share] of row) {
        const list = shares.get(source) ?? new Float32Array(task.prompts.length);
        shares.set(source, list);
        list[i] = share;
      }
    }
  }
  return found;
}

/** Returns the node of each column of a run's graph, without biases. */
export function nodesOfColumns(run: LinearRun, space: NodeSpace, roles: Int32Array): Int32Array {
  const { places, count: K } = run.features, n = run.tokens.length, L = run.coders.length;
  return Int32Array.from({ length: K + (L + 1) * n }, (_, c) => {
    if (c < K) return space.index(places[3 * c], roles[places[3 * c + 1]], places[3 * c + 2]);
    const layer = Math.floor((c - K) / n), role = roles[(c - K) % n];
    return layer < L ? space.index(layer, role, ERROR) : space.size + role;
  });
}

async function sharesOf(
  run: LinearRun,
  prompt: PromptPair,
  nodes: Int32Array,
  wanted: { targets: ReadonlySet<number>; sources?: ReadonlySet<number> },
): Promise<Map<number, Map<number, number>>> {
  const K = run.features.count;
  const rows = await graphRows(run);
  const { columns } = rows.sources;
  const features = Array.from({ length: K }, (_, i) => i)
    .filter((i) => wanted.targets.has(nodes[i]));
  const walked = features.map((i) => rows.featureRow(i));
  const targets = features.map((i) => nodes[i]);
  if (wanted.targets.has(OUTPUT)) {
    walked.push((await rows.targetRows([await answerTarget(run.model, prompt)])).rows[0]);
    targets.push(OUTPUT);
  }
  const edges = new Float32Array(walked.length * columns);
  await rows.walk.edges(walked, { data: edges, offset: (r) => r * columns });
  const sums = new Map<number, number>(), shares = new Map<number, Map<number, number>>();
  targets.forEach((target, r) => {
    const row = shares.get(target) ?? new Map<number, number>();
    let sum = sums.get(target) ?? 0;
    nodes.forEach((source, c) => {
      const edge = edges[r * columns + c];
      sum += Math.abs(edge);
      if (edge === 0 || wanted.sources && !wanted.sources.has(source)) return;
      row.set(source, (row.get(source) ?? 0) + edge);
    });
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
export async function answerTarget(
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
