/**
 * Which arms are trained together.
 *
 *  1. Arms with the same hook points share a stream of activations; those with others have a stream of their own.
 *  2. Of a stream, as many arms are trained at once as fit the budget, in their order. Each group has its own pass.
 *
 * The bytes of a coder are an estimate: weights, moments and gradients (16 bytes per parameter), and what a step keeps of
 * its features, [batch, F] in float32: twice with kernels, ten times in a graph of ONNX Runtime. The buffer and the process
 * itself come on top.
 */
import { UserError } from "../../../base/mod.ts";
import type { Plan } from "../plan.ts";
import { byKernels, objectiveOf } from "../recipe.ts";

/** An arm with its plan. */
export interface Planned {
  /** name of the arm */
  name: string;
  /** its training, that of `train_transcoder.ts` with its settings */
  plan: Plan;
}

/** Copies of `[batch, F]` that a step keeps, by kernels and in a graph. */
const KEPT = { kernels: 2, graph: 10 };

/** Returns the arms by stream, streams and arms in the order of their first arm. */
export function streamsOf<A extends Planned>(arms: readonly A[]): A[][] {
  const streams = new Map<string, A[]>();
  for (const arm of arms) {
    const key = JSON.stringify([arm.plan.taps, arm.plan.blockRows]);
    streams.set(key, [...streams.get(key) ?? [], arm]);
  }
  return [...streams.values()];
}

/**
 * Returns the bytes that the coders of a plan take while they are trained.
 * @throws UserError when the settings do not fit together.
 */
export async function bytesOf(plan: Plan): Promise<number> {
  let bytes = 0;
  for (const index of plan.taps.keys()) {
    const objective = await objectiveOf(plan, index);
    const { rows, dIn, dOut, features: F, skip, threshold } = objective.shape;
    const parameters = F * (dIn + dOut + (threshold ? 2 : 1)) + dIn + dOut +
      (skip ? dIn * dOut : 0);
    const kept = KEPT[byKernels(plan, objective) ? "kernels" : "graph"];
    bytes += 16 * parameters + 4 * kept * rows * F;
  }
  return bytes;
}

/**
 * Returns the groups of a stream.
 * @param budget bytes
 * @throws UserError naming an arm that does not fit on its own.
 */
export async function groupsOf<A extends Planned>(
  arms: readonly A[],
  budget: number,
): Promise<{ arms: A[]; bytes: number }[]> {
  const groups: { arms: A[]; bytes: number }[] = [];
  for (const arm of arms) {
    const bytes = await bytesOf(arm.plan);
    if (bytes > budget) {
      throw new UserError(
        `arms_budget: the coders of arm ${arm.name} take ${
          (bytes / 1e9).toFixed(3)
        } GB while they are trained, and ` +
          `arms_budget is ${budget / 1e9} GB; choose a larger arms_budget or fewer layers`,
        2,
      );
    }
    const last = groups.at(-1);
    if (last && last.bytes + bytes <= budget) {
      last.arms.push(arm);
      last.bytes += bytes;
    } else groups.push({ arms: [arm], bytes });
  }
  return groups;
}
