/**
 * Trains coders over a model's training: the coders of each checkpoint in turn, each set written when it is complete.
 *
 *  1. Choose the checkpoints, make the plan (`plan.ts`), and say how much memory the buffer takes.
 *  2. Refuse to mix coders with those of another training (`guard.ts`). Skip checkpoints whose coders are there.
 *  3. Train the coders of each checkpoint (`checkpoint.ts`), from scratch or from those of the checkpoint before.
 */
import { UserError } from "../../base/mod.ts";
import { isDryRun } from "../../cli/mod.ts";
import { FOLDED, type ModelConfig, readModelConfig } from "../../model/mod.ts";
import { bytesPerRow, captured } from "../../transcoders/mod.ts";
import { ResultPaths } from "../../results/mod.ts";
import { forEachCheckpoint } from "../checkpoint_loop.ts";
import { missingSteps, openLast, planLines, printPlan } from "../estimate/mod.ts";
import type { ModelRef } from "../model_ref.ts";
import { parseShard, shardOf, shardText } from "../shard.ts";
import { CaptureThread, threadShares } from "./capture_thread.ts";
import { trainCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, Evaluate } from "./checkpoint_input.ts";
import { runFiles } from "./coder_run.ts";
import { dropSets, finishedSets } from "./guard.ts";
import { collectEvaluations, evaluateSet, heldOutRows } from "./hooks/mod.ts";
import { remove } from "./output.ts";
import { modelOf, openRows } from "./model.ts";
import { type Plan, planOf } from "./plan.ts";
import { optimiserOf } from "./recipe.ts";
import type { TranscoderSettings } from "./settings.ts";
import type { Start } from "./start.ts";

/** What a caller may add to a training. */
export interface TrainingHooks {
  /** Evaluates the coders of a checkpoint before they are written; their record gets the result. Default: on held-out text */
  evaluate?: Evaluate;
}

/**
 * Trains coders for every checkpoint of the settings. Returns the exit code.
 * @throws UserError naming a setting that does not fit the model, or a folder with coders of another training.
 */
export async function trainCoders(
  settings: TranscoderSettings,
  hooks: TrainingHooks = {},
): Promise<number> {
  const shard = parseShard(settings.shard, settings.overwrite);
  if (shard && settings.warm_start !== "off") {
    throw new UserError(
      `shard: with warm_start ${settings.warm_start}, coders start from those of the checkpoint before; ` +
        "train such a series in one process",
      2,
    );
  }
  const ref = modelOf(settings);
  const steps = shardOf(ref.steps(), shard);
  if (shard && steps.length === 0) {
    console.log(shardText(shard, steps));
    return 0;
  }
  const dryRun = isDryRun();
  const config = dryRun ? (await openLast(ref, steps)).model : await configAt(ref, steps.at(-1)!);
  const plan = planOf(settings, config);
  optimiserOf(plan); // a schedule that does not fit the steps is refused before anything is read
  const weights = await ref.weightDigests(steps);
  const checkpoints = checkpointsOf(plan, steps, weights);
  const starts = new Map(checkpoints.map(({ step, start }) => [step, start]));
  if (settings.overwrite && !dryRun) await dropSets(plan, steps);
  const done = await finishedSets({ plan, steps, starts, weights });
  console.log(description(plan, config));
  if (dryRun) {
    const isDone = (step: number) => done.has(step) && !settings.overwrite;
    const missing = await missingSteps(ref, steps.filter((step) => !isDone(step)));
    const folders = `coders in ${plan.outputDir}, logs in ${plan.workDir}`;
    printPlan([...planLines(steps, isDone, []), folders], missing);
    return 0;
  }
  const folder = await ref.folder(steps.at(-1)!);

  const { model: name } = new ResultPaths("results", settings.model);
  const summary = {
    model: name,
    shape: { nLayers: config.nLayers, nHeads: config.nHeads },
  };
  const text = await openRows(settings, folder, plan.workDir);
  const shares = threadShares(settings.threads);
  const { training: threads } = shares;
  const runtime = ref.runtime(config, { threads, arena: shares.capture === 0 });
  const { taps, workDir } = plan;
  const thread = shares.capture > 0 && done.size < steps.length
    ? await CaptureThread.start({ settings, taps, workDir, threads: shares.capture })
    : undefined;
  const processing = settings.input_convention === "folded" ? FOLDED : undefined;
  const at = (step: number) => checkpoints.findIndex((checkpoint) => checkpoint.step === step);
  try {
    // What a run that was killed after writing a set has left undone.
    if (!shard) await collectEvaluations(plan, summary);
    for (const checkpoint of checkpoints.filter(({ step }) => done.has(step))) {
      await removeStates(plan, checkpoint);
    }
    const heldOut = steps.every((step) => done.has(step))
      ? undefined
      : await heldOutRows(plan, text);
    const evaluate: Evaluate | undefined = hooks.evaluate ?? (heldOut &&
      ((coders, model, progress) => evaluateSet(coders, model, heldOut, progress)));
    const { exitCode } = await forEachCheckpoint({
      steps,
      isDone: (step) => done.has(step),
      prefetch: (step) => ref.open(step, runtime, { processing }),
      async run(step, model, progress) {
        const [checkpoint, before] = [checkpoints[at(step)], checkpoints[at(step) - 1]];
        const source = thread?.at(step) ?? captured(model, taps, text.rows);
        const ahead = thread !== undefined;
        const input = {
          ...{ plan, checkpoint, before, model, source, ahead, threads },
          ...{ heldOut, evaluate },
        };
        const line = await trainCheckpoint(input, progress);
        if (!shard) await collectEvaluations(plan, summary);
        await removeStates(plan, checkpoint);
        return line;
      },
      release: (model) => model.close(),
    });
    if (shard) console.log(shardText(shard, steps));
    console.log(`coders in ${plan.outputDir}, logs in ${plan.workDir}`);
    return exitCode;
  } finally {
    thread?.stop();
    text.close();
    await runtime.close();
  }
}

/** Returns the shape of a model at a step; fetches it if it is not here. */
export const configAt = async (ref: ModelRef, step: number): Promise<ModelConfig> =>
  await readModelConfig(await ref.folder(step));

/** Returns the checkpoints with how the coders of each start. */
export function checkpointsOf(
  { settings, steps: each }: Plan,
  steps: readonly number[],
  weights: ReadonlyMap<number, string>,
): Checkpoint[] {
  const kind = settings.warm_start;
  return steps.map((step, i) => {
    const start: Start = kind === "off" || i === 0
      ? { kind: "cold" }
      : { kind, step: steps[i - 1], steps_before: i * each };
    return { step, weights: weights.get(step) ?? null, start };
  });
}

/** Removes the states that no later checkpoint starts from. */
export async function removeStates(plan: Plan, { step, start }: Checkpoint): Promise<void> {
  const moments = plan.settings.warm_start === "moments";
  const stale = moments ? start.kind === "moments" ? start.step : undefined : step;
  if (stale === undefined) return;
  for (const tap of plan.taps) await remove(runFiles(plan, tap, stale).state);
}

function description({ taps, features, steps, settings, blockRows }: Plan, model: ModelConfig) {
  const count = (n: number) => n.toLocaleString("en");
  const { activation, k, kind, train_batch_size } = settings;
  const sizes = [...new Set(features)].map(count).join(", ");
  const chosen = activation.endsWith("topk") ? `${activation} ${k}` : activation;
  return `${taps.length} ${kind}${taps.length === 1 ? "" : "s"} of ${model.nLayers} layers, ` +
    `${sizes} features (${chosen}), ${count(steps)} steps of ${count(train_batch_size)} tokens\n` +
    `buffer: ${count(blockRows)} rows, twice: ${
      (2 * blockRows * bytesPerRow(taps) / 1e6).toFixed(0)
    } MB`;
}
