/**
 * Splits the edges of a task's circuit by attention head (`../splits/head_split.ts`):
 *
 *     share(target, source) = direct part + Σ over layers l and heads h of the part that (l, h) moves to the target's position
 *
 * Numerators are the split edges of every prompt, added up by roles as in `edges.ts`; all parts have the share's own
 * denominator, so they add up to it. A path through several heads belongs to the last one.
 */
import { featureTarget, graphRows, type GraphTarget } from "../graph/mod.ts";
import { linearRun } from "../linear/mod.ts";
import { splitByHead } from "../splits/mod.ts";
import { answerTarget, nodesOfColumns, OUTPUT } from "./edges.ts";
import { type FeatureTask, readTokens, type TaskValues } from "./task_values.ts";

/** An edge by the numbers of its nodes; the target may be {@link OUTPUT}. */
export interface NodePair {
  /** number of a feature's node */
  source: number;
  /** number of a feature's node, or {@link OUTPUT} */
  target: number;
}

/**
 * Returns the parts of edges, means over prompts, each `[1 + L·H]`: the direct part, then part 1 + l·H + h of head (l, h).
 * @param pairs the edges, whose parts come in the same order
 */
export async function edgeParts(
  task: Pick<FeatureTask, "model" | "coders" | "prompts">,
  { space, roles }: Pick<TaskValues, "space" | "roles">,
  pairs: readonly NodePair[],
): Promise<Float64Array[]> {
  const { nLayers, nHeads } = task.model.config, P = 1 + nLayers * nHeads;
  const N = task.prompts.length;
  const found = pairs.map(() => new Float64Array(P));
  const into = new Map<number, number[]>();
  pairs.forEach(({ target }, e) => into.set(target, [...into.get(target) ?? [], e]));
  for (const [i, prompt] of task.prompts.entries()) {
    const run = await linearRun(
      task.model,
      task.coders,
      readTokens(prompt.clean, prompt.position),
    );
    const nodes = nodesOfColumns(run, space, roles[i]), rows = await graphRows(run);
    const columnsOf = new Map<number, number[]>();
    nodes.forEach((node, c) => columnsOf.set(node, [...columnsOf.get(node) ?? [], c]));
    for (const [target, edges] of into) {
      // without a source of these edges on the prompt, all their parts are 0
      const there = edges.filter((e) => columnsOf.has(pairs[e].source));
      if (there.length === 0) continue;
      const readers: GraphTarget[] = target === OUTPUT
        ? [await answerTarget(task.model, prompt)]
        : (columnsOf.get(target) ?? []).map((c) => {
          const [layer, position, feature] = run.features.places.subarray(3 * c, 3 * c + 3);
          return featureTarget(run, layer, position, feature);
        });
      const sums = there.map(() => new Float64Array(P));
      let size = 0;
      for (const reader of readers) {
        const { parts, columns } = await splitByHead(run, rows, reader);
        for (let c = 0; c < nodes.length; c++) {
          let edge = 0;
          for (let p = 0; p < P; p++) edge += parts[p * columns + c];
          size += Math.abs(edge);
        }
        there.forEach((e, k) => {
          for (const c of columnsOf.get(pairs[e].source)!) {
            for (let p = 0; p < P; p++) sums[k][p] += parts[p * columns + c];
          }
        });
      }
      if (size === 0) continue;
      there.forEach((e, k) => sums[k].forEach((sum, p) => found[e][p] += sum / size / N));
    }
  }
  return found;
}
