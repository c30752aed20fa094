/** The run of one coder at one checkpoint: its files, its start, and the coder that its state holds. */
import { join } from "@std/path";
import { UserError } from "../../base/mod.ts";
import {
  type ActivationBatch,
  carriedScales,
  type Coder,
  type CoderBatch,
  coderObjective,
  type CoderObjectiveSettings,
  coderOptimiser,
  KernelTrainer,
  type Scales,
  scalesOf,
  setScales,
  type Tap,
  trainedCoder,
} from "../../transcoders/mod.ts";
import {
  type Batches,
  type FittedRun,
  layoutOf,
  openRun,
  openRunWith,
  readState,
  type RunOptions,
  type TrainingState,
} from "../../training/mod.ts";
import type { Checkpoint, CheckpointInput } from "./checkpoint_input.ts";
import { coderFile } from "./output.ts";
import type { Plan } from "./plan.ts";
import { byKernels, objectiveOf, optimiserOf } from "./recipe.ts";
import { sampleOf, startOf } from "./start.ts";

/** The run of a coder. */
export interface CoderRun extends FittedRun<ActivationBatch> {
  /** makes the steps */
  readonly trainer: FittedRun<ActivationBatch>["trainer"] & {
    readonly state: TrainingState<ArrayBufferLike>;
  };
  /** what its set is trained from */
  readonly input: CheckpointInput;
  /** hook points of the coder */
  readonly tap: Tap;
  /** what it is trained for */
  readonly objective: CoderObjectiveSettings;
  /** Frees the compiled graphs. */
  release(): Promise<void>;
}

/** Returns the paths of a run's files. */
export function runFiles(
  { workDir }: Pick<Plan, "workDir">,
  tap: Tap,
  step: number,
): Record<"state" | "log", string> {
  const stem = join(workDir, `step${step}`, coderFile(tap));
  return { state: `${stem}.safetensors`, log: `${stem}.jsonl` };
}

/** What determines the state of a run. */
const settingsOf = ({ fingerprint }: Plan, tap: Tap, checkpoint: Checkpoint) => ({
  ...fingerprint,
  ...{ tap, checkpoint },
});

/**
 * Opens the run of a coder; nothing is written yet.
 * @param index place of the coder in the plan
 * @throws UserError naming a state that is damaged, belongs to other settings, or is missing for a warm start.
 */
export async function openCoderRun(
  input: CheckpointInput,
  index: number,
  batches: Batches<ActivationBatch>,
): Promise<CoderRun> {
  const { plan, checkpoint, model } = input;
  const { start, step } = checkpoint;
  const tap = plan.taps[index];
  const settings = await objectiveOf(plan, index);
  const objective = coderObjective(settings);
  const files = runFiles(plan, tap, step);
  let scales: Scales | undefined;
  const optimiser = optimiserOf(plan, start.kind === "moments" ? start.steps_before : 0);
  const session = { threads: input.threads };
  const options: RunOptions<CoderBatch> = {
    objective,
    optimiser: coderOptimiser(optimiser),
    async initial() {
      if (settings.normalize) {
        scales = scalesOf(await sampleOf(plan, batches, index), settings.shape);
      }
      return await startOf({ plan, index, shape: settings.shape, scales, start, model, batches });
    },
    statePath: files.state,
    logPath: files.log,
    settings: settingsOf(plan, tap, checkpoint),
    session,
  };
  const run = byKernels(plan, settings)
    ? await openRunWith(
      options,
      (state) => KernelTrainer.compile(settings, optimiser, state, session),
    )
    : await openRun(options);
  const { state } = run.trainer;
  if (scales) setScales(state.carried, scales);
  if (!run.resumed && start.kind === "moments") {
    const before = await lastState(input, tap, objective);
    state.weights.set(before.weights);
    for (const [name, slot] of Object.entries(before.slots)) state.slots[name].set(slot);
    // Weights and moments belong to the scales that they were trained with.
    if (settings.normalize) setScales(state.carried, carriedScales(before.carried));
  }
  const { train_batch_size: tokens, lr } = plan.settings;
  return {
    input,
    tap,
    objective: settings,
    log: run.log,
    save: () => run.save(),
    release: () => run.trainer.release(),
    trainer: {
      state,
      async step(batch) {
        try {
          const result = await run.trainer.step(batch[index]);
          result.metrics.n_training_tokens = state.step * tokens;
          return result;
        } catch (cause) {
          throw new Error(
            `layer ${tap.layer} at checkpoint ${step}: ${
              (cause as Error).message
            }; no coder is written. Choose a lower lr (now ${lr}) or a longer warm-up`,
            { cause },
          );
        }
      },
    },
  };
}

/** Reads the last state of the checkpoint before. @throws UserError when it is missing. */
async function lastState(
  { plan, before }: CheckpointInput,
  tap: Tap,
  objective: ReturnType<typeof coderObjective>,
): Promise<TrainingState> {
  const path = before && runFiles(plan, tap, before.step).state;
  const state = path && await readState(
    path,
    settingsOf(plan, tap, before),
    layoutOf(objective.parameters),
    ["m", "v"],
    layoutOf(objective.carried ?? []),
  );
  if (state && state.step === plan.steps) return state;
  throw new UserError(
    `warm_start "moments": expected the last state of checkpoint ${before?.step} in ${path}, found ` +
      `${
        state ? `that of step ${state.step}` : "none"
      }; train that checkpoint again with --overwrite`,
  );
}

/** Returns the coder that the state of a run holds. */
export function coderOf(
  { input: { plan, checkpoint }, tap, objective, trainer: { state } }: CoderRun,
): Coder {
  const { settings } = plan;
  const { activation, weights } = trainedCoder(objective, state);
  return {
    config: {
      kind: settings.kind,
      activation,
      features: objective.shape.features,
      skip: settings.skip,
      ...tap,
      metadata: {
        model_name: settings.model,
        model_step: checkpoint.step,
        model_weights: checkpoint.weights,
        dataset_path: settings.dataset_path,
        context_size: settings.context_size,
        training_tokens: state.step * settings.train_batch_size,
        seed: settings.seed,
        start: checkpoint.start,
        made_by: "train_transcoder.ts",
      },
    },
    weights,
  };
}
