/**
 * Keeps a training from mixing its coders with those of another. All sets of coders in an output folder have the same
 * settings, and a set belongs to the model's weights of that step. What is there already is not trained again.
 */
import { join } from "@std/path";
import { readJson, settingDifferences, settingText, UserError } from "../../base/mod.ts";
import { listLocalSteps } from "../../model/mod.ts";
import { recordPath, remove, setFolder, type SetRecord } from "./output.ts";
import type { Plan } from "./plan.ts";
import type { Start } from "./start.ts";

const HINT = "choose another output_dir, or start from scratch with --overwrite";

/** What a training asks for. */
export interface Wanted {
  /** the plan of all checkpoints */
  plan: Plan;
  /** checkpoints */
  steps: readonly number[];
  /** how the coders of each start */
  starts: ReadonlyMap<number, Start>;
  /** digests of the model's weights, of a model in a folder */
  weights: ReadonlyMap<number, string>;
}

/**
 * Checks the output folder and returns the checkpoints whose coders are there.
 * @throws UserError naming the folder, what is there and what to do.
 */
export async function finishedSets({ plan, steps, starts, weights }: Wanted): Promise<Set<number>> {
  const done = new Set<number>();
  for (const step of listLocalSteps(plan.outputDir)) {
    const folder = setFolder(plan.outputDir, step);
    const record = await readJson(recordPath(folder)) as Partial<SetRecord> | undefined;
    if (!record?.settings) {
      throw new UserError(`${folder} was not made by train_transcoder.ts; ${HINT}`);
    }
    const differences = settingDifferences(record.settings, plan.fingerprint).sort();
    if (differences.length > 0) {
      throw new UserError(
        `${folder} contains coders of other settings: ${differences.join(", ")}; ${HINT}`,
      );
    }
    if (!steps.includes(step)) continue;
    const digest = weights.get(step) ?? null;
    if (record.model?.weights !== digest) {
      throw new UserError(`${folder} was made of other weights of the model; ${HINT}`);
    }
    const start = starts.get(step);
    if (settingText(record.start) !== settingText(start)) {
      throw new UserError(
        `${folder} contains coders that started otherwise: ${settingText(record.start)} there and ${
          settingText(start)
        } here; ${HINT}`,
      );
    }
    done.add(step);
  }
  return done;
}

/** Removes the coders, logs and states of checkpoints. */
export async function dropSets({ outputDir, workDir }: Plan, steps: readonly number[]) {
  for (const step of steps) {
    await remove(setFolder(outputDir, step));
    await remove(join(workDir, `step${step}`));
  }
}
