/**
 * Trains the coders of one checkpoint, all layers side by side on one stream of activations; several sets of coders too,
 * such as the arms of a sweep.
 *
 *  1. Open a run per coder (`coder_run.ts`): from its saved state, or from start values.
 *  2. At each step, every coder trains on the same tokens. Batch and learning rate depend on the step's number alone, so a
 *     resumed run repeats what an uninterrupted one would have done.
 *  3. Log each step, firing frequencies at the end of each window, and save states and intermediate coders on the way.
 *  4. Write the set of coders with its record.
 */
import { join } from "@std/path";
import type { Progress } from "../../cli/mod.ts";
import {
  type ActivationBatch,
  activationBatches,
  cached,
  storedCoder,
  writeCoder,
} from "../../transcoders/mod.ts";
import { type Batches, fit, type Hook, type StepResult } from "../../training/mod.ts";
import { coderOf, type CoderRun, openCoderRun } from "./coder_run.ts";
import type { CheckpointInput } from "./checkpoint_input.ts";
import { densityHook, type DensitySettings, logFrequencies } from "./density.ts";
import { evaluationHook, evaluationSettings, evaluationText, resamplingHook } from "./hooks/mod.ts";
import { checkFinite, coderFile, type SetRecord, writeSet } from "./output.ts";
import { samplingWindow } from "./recipe.ts";

/** Steps whose mean stands for the end of a training. */
const AVERAGED_STEPS = 16;

/**
 * Trains and writes the coders of a checkpoint. Returns the text of its line.
 * @throws Error naming layer and step when a number is not finite; no coder is then written.
 */
export async function trainCheckpoint(input: CheckpointInput, progress: Progress): Promise<string> {
  const [end] = await trainSets([input], progress);
  if (end instanceof Error) throw end;
  return end;
}

/**
 * Trains and writes several sets of coders of a checkpoint side by side, each with the bytes that it has alone.
 * @param inputs sets with the same model, text, hook points, batch and number of steps
 * @returns by set, the text of its line, or the error when a number was not finite; that set is then not written
 */
export async function trainSets(
  inputs: readonly CheckpointInput[],
  progress: Progress,
): Promise<(string | Error)[]> {
  const [{ plan: { settings, steps } }] = inputs;
  const batches = batchesOf(inputs[0]);
  const failed = new Map<CheckpointInput, Error>();
  const runs: CoderRun[] = [];
  try {
    for (const input of inputs) {
      for (const index of input.plan.taps.keys()) {
        runs.push(await openCoderRun(input, index, batches));
      }
    }
    await fit({
      runs,
      batches,
      steps,
      saveEvery: settings.save_every,
      hooks: [
        own(inputs, (input) => resamplingHook(input, batches)),
        own(inputs, (input) => densityHook(densityOf(input))),
        own(inputs, evaluationHook),
        own(inputs, intermediateHook),
      ],
      progress: (total, from) => progress.begin("step", total, from),
      note: noteOf(settings.train_batch_size, inputs.length),
      onFailure({ input }, error) {
        if (!(error instanceof Error) || isBug(error.cause)) throw error;
        failed.set(input, error);
        return runs.filter((run) => run.input === input);
      },
    });
    const ends: (string | Error)[] = [];
    for (const input of inputs) {
      const own = runs.filter((run) => run.input === input);
      ends.push(failed.get(input) ?? await writeRuns(input, own, progress));
    }
    return ends;
  } finally {
    for (const run of runs) await run.release();
  }
}

const isBug = (cause: unknown): boolean =>
  [TypeError, ReferenceError, RangeError].some((kind) => cause instanceof kind);

/** Returns one hook of the hooks that each set has: a run gets that of its own set. */
function own(
  inputs: readonly CheckpointInput[],
  make: (input: CheckpointInput) => Hook<CoderRun>,
): Hook<CoderRun> {
  const hooks = new Map(inputs.map((input) => [input, make(input)]));
  return {
    due: (step) => [...hooks.values()].some((hook) => hook.due(step)),
    async run(moment) {
      const hook = hooks.get(moment.run.input)!;
      if (hook.due(moment.step)) await hook.run(moment);
    },
    saves: [...hooks.values()][0].saves,
  };
}

/** Writes the set that trained runs hold; returns the text of its line. */
async function writeRuns(
  input: CheckpointInput,
  runs: readonly CoderRun[],
  progress: Progress,
): Promise<string> {
  const { plan, checkpoint, model } = input;
  const { settings, steps } = plan;
  const density = densityOf(input);
  const made = runs.map((run) => ({
    coder: storedCoder(coderOf(run), settings.dtype),
    logFrequencies: logFrequencies(run, density),
  }));
  for (const { coder } of made) checkFinite(coder);
  const evaluation = await input.evaluate?.(made.map(({ coder }) => coder), model, progress);
  const final = Object.fromEntries(runs.map((run) => [coderFile(run.tap), finalNumbers(run)]));
  await writeSet(plan.outputDir, made, {
    settings: plan.fingerprint,
    model: {
      name: settings.model,
      step: checkpoint.step,
      weights: checkpoint.weights,
    },
    tokens: steps * settings.train_batch_size,
    steps,
    start: checkpoint.start,
    final,
    ...(evaluation && { evaluated_on: evaluationSettings(plan), evaluation }),
  }, settings.dtype);
  const line = lineOf(Object.values(final));
  return evaluation ? `${line} | ${evaluationText(evaluation)}` : line;
}

function densityOf({ plan }: CheckpointInput): DensitySettings {
  const { settings, steps } = plan;
  return {
    window: samplingWindow(plan),
    steps,
    batch: settings.train_batch_size,
    deadBelow: settings.dead_feature_threshold,
  };
}

function batchesOf({ plan, checkpoint, source, ahead }: CheckpointInput): Batches<ActivationBatch> {
  const { settings, taps, blockRows, steps, workDir, fingerprint } = plan;
  const { train_batch_size: batch, seed } = settings;
  const dir = join(
    settings.cached_activations_path ?? join(workDir, "activations"),
    `step${checkpoint.step}`,
  );
  const kept = () =>
    cached(source, {
      dir,
      taps,
      rows: Math.ceil(steps * batch / blockRows) * blockRows,
      budget: settings.cache_budget * 1e9,
      identity: {
        ...Object.fromEntries(ROW_KEYS.map((key) => [key, fingerprint[key]])),
        ...{ taps, step: checkpoint.step, weights: checkpoint.weights },
      },
    });
  return activationBatches(settings.cache_activations ? kept() : source, {
    ...{ taps, batch, blockRows, seed },
    ...(ahead && { ahead: steps }),
  });
}

/** Settings that determine the rows of activations. */
const ROW_KEYS = [
  ...["model_name", "dataset_path", "dataset_rows", "text_field", "repeated_ids_share"],
  ...["context_size", "exclude_special_tokens", "store_batch_size", "buffer_rows", "seed"],
];

/** Writes the coders on the way: `{work_dir}/step{n}/tokens_{tokens}/layer_{l}`. */
function intermediateHook({ plan: { settings, steps } }: CheckpointInput): Hook<CoderRun> {
  const { n_checkpoints: count, train_batch_size: batch, dtype } = settings;
  const due = new Set(
    Array.from({ length: count }, (_, i) => Math.round(steps * (i + 1) / (count + 1))),
  );
  return {
    due: (step) => step > 0 && step < steps && due.has(step),
    async run({ step, run }) {
      const { plan: { workDir }, checkpoint } = run.input;
      const coder = coderOf(run);
      checkFinite(coder);
      const folder = join(workDir, `step${checkpoint.step}`, `tokens_${step * batch}`);
      await writeCoder(join(folder, coderFile(run.tap)), coder, { dtype });
    },
    saves: false,
  };
}

/**
 * Note of the progress bar: fraction of variance unexplained by layer, of several sets from the smallest to the largest;
 * tokens per second.
 */
function noteOf(batch: number, sets: number) {
  return (results: readonly StepResult[], stepsPerSecond: number) => {
    const values = results.map(({ metrics }) => metrics.fvu);
    const fvus = sets > 1 ? [Math.min(...values), Math.max(...values)] : values;
    const fvu = fvus.map((value) => value.toFixed(3)).join(sets > 1 ? "…" : " ");
    return `FVU ${fvu}, ${Math.round(stepsPerSecond * batch).toLocaleString("en")} tokens/s`;
  };
}

/** Means of the last steps, and the numbers of the last window. */
function finalNumbers({ log }: CoderRun): SetRecord["final"][string] {
  const steps = log.lines.filter((line) => line.loss !== undefined).slice(-AVERAGED_STEPS);
  const window = log.lines.findLast((line) => line.dead_features !== undefined) ?? { step: 0 };
  const counts = ["step", "rate", "n_training_tokens"];
  const names = Object.keys(steps[0] ?? {}).filter((name) => !counts.includes(name));
  const means = names.map((name) => [
    name,
    steps.reduce((sum, line) => sum + line[name]!, 0) / steps.length,
  ]);
  const { step: _, ...frequencies } = window;
  return { ...Object.fromEntries(means), ...frequencies };
}

function lineOf(final: readonly Record<string, number>[]): string {
  const each = (name: string, digits: number) =>
    final.map((numbers) => numbers[name].toFixed(digits)).join(" ");
  return `FVU ${each("fvu", 4)}, L0 ${each("l0", 1)}, dead ${each("dead", 0)}`;
}
