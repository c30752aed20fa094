/**
 * Integrates along the input's path with as many points as each prompt needs:
 *
 *  1. Run all prompts of a batch at 5 midpoints.
 *  2. A prompt's error is |Σ scores out of the input − change of its metric|, which is 0 for the exact integral. The prompt
 *     is done if its error is at most `tolerance` × the mean |change| of all prompts.
 *  3. Run the others at three times as many midpoints. Every third is one that was run before, so that only two thirds
 *     are new: scores so far are divided by 3, and those of the new points are added.
 *  4. Go on with 2, up to 405 points.
 */
import { sliceRows, tensor } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { batchRows, type PromptBatch } from "../../tasks/mod.ts";
import type { EdgeSink } from "./edge_contraction.ts";
import type { PassInputs } from "./pass_feeds.ts";
import type { PromptScores } from "./score_sums.ts";
import { type PathPoint, pointsAfter, pointsOfRound } from "./quadrature.ts";

/** Rounds after which a prompt counts as done in any case: 405 points. */
const ROUNDS = 5;

/** Runs some path points over prompts. */
export type RunPoints = (
  inputs: PassInputs,
  points: readonly PathPoint[],
  sink: EdgeSink,
) => Promise<void>;

/** What a batch must reach, and how its points run. */
export interface AdaptiveGoal {
  /** change of the metric from corrupted to clean, by prompt of the batch */
  changes: ArrayLike<number>;
  /** largest error of a prompt, in units of the metric */
  allowed: number;
  /** runs points */
  run: RunPoints;
}

/**
 * Integrates the scores of a batch into `scores`; see the header. Returns the number of points of each prompt.
 * @param onSettled receives the number of prompts that a round finishes
 */
export async function integrateAdaptively(
  inputs: PassInputs,
  scores: PromptScores,
  { changes, allowed, run }: AdaptiveGoal,
  onSettled: (prompts: number) => void,
): Promise<number[]> {
  const points = Array.from(changes, () => 0);
  let open = points.map((_, n) => n);
  for (let round = 0; open.length > 0; round++) {
    const prompts = open;
    if (round > 0) { for (const n of prompts) scores.scale(n, 1 / 3); }
    await run(inputsOf(inputs, prompts), pointsOfRound(round), {
      edge: (i, u, v, score) => scores.edge(prompts[i], u, v, score),
      neurons: (i, u, values) => scores.neurons(prompts[i], u, values),
    });
    for (const n of prompts) points[n] = pointsAfter(round);
    open = round + 1 === ROUNDS
      ? []
      : prompts.filter((n) => Math.abs(scores.outOfInput(n) - changes[n]) > allowed);
    onSettled(prompts.length - open.length);
  }
  return points;
}

/** Returns the inputs of some prompts of a batch. */
function inputsOf(inputs: PassInputs, prompts: readonly number[]): PassInputs {
  const { batch, past, start, differences } = inputs;
  if (prompts.length === batch.indices.length) return inputs;
  const rows = (t: PassInputs["start"]) => {
    const data = new Float32Array(prompts.length * (t.data.length / t.shape[0]));
    prompts.forEach((n, i) => {
      const row = sliceRows(t, n, n + 1).data;
      data.set(row, i * row.length);
    });
    return tensor(data, [prompts.length, ...t.shape.slice(1)]);
  };
  return {
    batch: batchRows(batch, prompts),
    past: past && {
      length: past.length,
      layers: past.layers.map(({ k, v }) => ({ k: rows(k), v: rows(v) })),
    },
    start: rows(start),
    differences: rows(differences),
  };
}

/** Returns the mean over prompts of the size of the metric's change from corrupted to clean prompts. */
export async function meanChange(
  model: HookedModel,
  batches: readonly PromptBatch[],
): Promise<number> {
  const metrics = await model.weights.together(
    batches.flatMap(({ prefix, clean, corrupted, position, readout }) => {
      const positions = prefix.map((tokens) => tokens.length + position);
      return [clean, corrupted].map((ends) => () =>
        model.metric(ends.map((end, n) => [...prefix[n], ...end]), positions, readout)
      );
    }),
  );
  let sum = 0, count = 0;
  for (let i = 0; i < metrics.length; i += 2) {
    metrics[i].forEach((value, n) => sum += Math.abs(value - metrics[i + 1][n]));
    count += metrics[i].length;
  }
  return sum / count;
}
