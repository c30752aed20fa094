/**
 * Trains a suite of checkpoints, from settings to `TRAINING.json`.
 *
 *  1. Resume from the saved state, or start from seeded weights. Refuse to touch checkpoints of another run
 *     (`suite_guard.ts`) unless `overwrite` removes them.
 *  2. At each step, run the training graph with the step's tokens and learning rate. Both depend on the step's number
 *     alone, so a resumed run repeats what an uninterrupted one would have done.
 *  3. At the steps of the grid: round the weights to float16 and go on from the rounded ones, so that a checkpoint file is
 *     the very model that is trained further. Measure the validation loss, which must be finite, and write the checkpoint.
 *  4. At the end: `TRAINING.json`, which says how the suite was made and what its checkpoints can do, and the training
 *     rate. A finished run that is started again writes the record again and trains nothing.
 */
import { join } from "@std/path";
import { formatDuration, resultSettings } from "../cli/mod.ts";
import { median, UserError } from "../base/mod.ts";
import { type ModelConfig, tokenizerFromJson } from "../model/mod.ts";
import { type BatchOptions, buildTokenizer, tokenBatches } from "../text/mod.ts";
import {
  adamW,
  fit,
  type HookMoment,
  learningRate,
  MatmulRate,
  openRun,
  type Optimiser,
  type Run,
} from "../training/mod.ts";
import { suiteAbilities } from "./abilities.ts";
import { checkpointGrid } from "./checkpoint_grid.ts";
import { writeCheckpoint } from "./checkpoint_writer.ts";
import { initialParameters } from "./initialisation.ts";
import { trainedModelConfig } from "./model_config.ts";
import { languageModelObjective, type TokenBatch } from "./objective.ts";
import {
  isDecayed,
  modelParameters,
  multipliedParameters,
  parameterCount,
  productShapes,
} from "./parameters.ts";
import { checkpointLosses, writeRecord } from "./record.ts";
import { PLACES, type TrainingConfig } from "./settings.ts";
import { checkSuite, dropSuite } from "./suite_guard.ts";

/** Steps between two timings of the matrix products alone. */
const TIMED_EVERY = 16;

/**
 * Trains; prints the rate as a fraction of the MatMul rate.
 * @param command the command line, for the record
 * @throws UserError when folders belong to another run, or a validation loss is not finite.
 */
export async function runTraining(settings: TrainingConfig, command: string): Promise<void> {
  const files = buildTokenizer();
  const tokenizer = tokenizerFromJson(files.tokenizer, files.config);
  const config = trainedModelConfig(settings, tokenizer.vocabSize);
  const parameters = modelParameters(config);
  const { batch_size: rows, context, steps } = settings;
  const tokensPerStep = rows * context;
  const fingerprint = resultSettings({ ...settings }, PLACES);
  const session = settings.threads ? { threads: settings.threads } : {};

  const run = await openRun({
    objective: languageModelObjective(config),
    optimiser: optimiserOf(settings, config),
    initial: () => initialParameters(config, settings.seed),
    statePath: join(settings.work_dir, "state.safetensors"),
    logPath: join(settings.work_dir, "log.jsonl"),
    settings: fingerprint,
    fresh: settings.overwrite,
    session,
  });
  const { state } = run.trainer;
  const grid = checkpointGrid(
    steps,
    settings.checkpoint_every,
    settings.extra_checkpoints,
    settings.checkpoints,
  );
  if (!settings.overwrite) {
    const reached = run.resumed ? state.step : undefined;
    await checkSuite(settings.output_dir, fingerprint, grid, reached);
  }

  const stream: BatchOptions = {
    tokenizer,
    seed: settings.seed,
    batch: rows,
    context: context + 1,
    repeatedIdsShare: settings.repeated_ids_share,
  };
  const training = tokenBatches(stream);
  const validation = tokenBatches({ ...stream, split: "validation" });
  const kept = new Set(grid);
  const products = await MatmulRate.compile(productShapes(parameters), tokensPerStep, {
    data: true,
    weight: true,
    ...session,
  });
  console.log(
    `${parameterCount(parameters).toLocaleString("en")} parameters, ` +
      `${tokensPerStep.toLocaleString("en")} tokens a step, ${kept.size} checkpoints` +
      (state.step > 0 ? `, from step ${state.step}` : ""),
  );

  const speed = (stepsPerSecond: number) =>
    `${Math.round(stepsPerSecond * tokensPerStep).toLocaleString("en")} tokens/s`;
  const validate = async () => {
    let sum = 0;
    for (let i = 0; i < settings.validation_batches; i++) {
      sum += (await run.trainer.evaluate({ ids: validation.at(i), rows })).loss;
    }
    return sum / settings.validation_batches;
  };
  const keep = async ({ step, result, report, stepsPerSecond }: HookMoment<Run<TokenBatch>>) => {
    if (step === 0 && settings.overwrite) await dropSuite(settings.output_dir);
    state.weights.set(new Float16Array(state.weights));
    const loss = await validate();
    checkFinite(loss, step);
    await writeCheckpoint(
      join(settings.output_dir, `step${step}`),
      config,
      state.weights,
      files,
    );
    run.log.add({ step, validation_loss: loss });
    report(
      `step ${step}  ` +
        (result ? `loss ${result.loss.toFixed(3)}  ` : "") +
        `validation loss ${loss.toFixed(3)}` +
        (result ? `  ${speed(stepsPerSecond)}` : ""),
    );
  };

  const { times } = await fit({
    runs: [run],
    batches: { at: (step) => ({ ids: training.at(step), rows }) },
    steps,
    saveEvery: settings.save_every,
    hooks: [
      {
        due: (step) => step > 0 && step % TIMED_EVERY === 0,
        run: async () => void await products.sample(),
        saves: false,
      },
      { due: (step) => kept.has(step), run: keep },
    ],
    note: ([{ loss }], stepsPerSecond) => `loss ${loss.toFixed(3)}, ${speed(stepsPerSecond)}`,
  });
  await run.trainer.release();
  await writeRecord(settings.output_dir, {
    made_by: command,
    config: fingerprint,
    parameters: parameterCount(parameters),
    tokens: steps * tokensPerStep,
    losses: checkpointLosses(run.log.lines),
    abilities: await suiteAbilities(settings.output_dir, session),
  }, times.length > 0);
  if (times.length > 0) console.log(await rateLine(times, products, config, tokensPerStep));
  await products.release();
}

function optimiserOf(settings: TrainingConfig, config: ModelConfig): Optimiser {
  const decayed = new Set(modelParameters(config).filter(isDecayed).map(({ name }) => name));
  const schedule = {
    peak: settings.learning_rate,
    final: settings.final_learning_rate,
    warmup: settings.warmup,
    steps: settings.steps,
  };
  return adamW({
    beta1: settings.beta1,
    beta2: settings.beta2,
    epsilon: settings.epsilon,
    clip: settings.clip,
    joined: true, // the committed suite was trained so
    decay: ({ name }) => decayed.has(name) ? settings.weight_decay : 0,
    rate: (t) => learningRate(t, schedule),
  });
}

function checkFinite(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new UserError(
    `step ${step}: expected a finite validation loss, found ${loss}; the checkpoint is not written. ` +
      `Choose a lower learning_rate or a longer warmup, and start from scratch with --overwrite`,
  );
}

/** Returns the line that reports the rate of a run, as a share of the rate of the matrix products alone. */
async function rateLine(
  times: readonly number[],
  products: MatmulRate,
  config: ModelConfig,
  tokens: number,
): Promise<string> {
  if (products.times.length === 0) await products.sample();
  const parameters = modelParameters(config);
  const [all, multiplied] = [parameterCount(parameters), multipliedParameters(parameters)];
  const total = times.reduce((a, b) => a + b, 0);
  const rate = (ms: number, weights: number) => 6 * weights * tokens / ms / 1e6;
  const matmul = rate(median(products.times), multiplied);
  const share = (weights: number) => (rate(median(times), weights) / matmul).toFixed(2);
  return `${times.length} steps in ${formatDuration(total)}: ` +
    `6 × parameters × tokens is ${rate(median(times), all).toFixed(1)} GFLOP/s, ` +
    `${share(all)} of the ${matmul.toFixed(1)} GFLOP/s of the matrix products alone ` +
    `(${share(multiplied)} without the embedding, which is looked up)`;
}
