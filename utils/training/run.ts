/**
 * A training run from settings to checkpoints.
 *
 *  1. Go on from the saved state, or start from seeded weights. Checkpoints of another run are left alone
 *     (`suite_guard.ts`) unless `overwrite` drops them.
 *  2. Per step: tokens of the step, learning rate of the step, one run of the training graph. Both depend on the step's
 *     number alone, so a resumed run repeats what an uninterrupted one would have done.
 *  3. At the steps of the grid: weights are rounded to float16, and training goes on from the rounded ones, so that a
 *     checkpoint file is the very model that was trained further. Validation loss, which must be finite, and checkpoint.
 *     Every `save_every` steps and at the end: log and state.
 *  4. At the end: `TRAINING.json`, which says how the suite was made and what its checkpoints can do, and the training
 *     rate. A finished run that is started again writes the record anew and trains nothing.
 */
import { join } from "@std/path";
import { type BatchOptions, tokenBatches } from "../corpus/batches.ts";
import { buildTokenizer } from "../corpus/tokenizer_builder.ts";
import { resultSettings } from "../cli/config.ts";
import { readJson, writeJsonAtomic } from "../base/files.ts";
import { formatDuration, Progress } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import { type ModelConfig, parseModelConfig } from "../model/config.ts";
import { tokenizerFromJson } from "../model/tokenizer.ts";
import { suiteAbilities } from "./abilities.ts";
import { checkpointGrid } from "./checkpoint_grid.ts";
import { neoxConfigJson, writeCheckpoint } from "./checkpoint_writer.ts";
import { initialParameters } from "./initialisation.ts";
import { learningRate } from "./learning_rate.ts";
import { MatmulBenchmark, median } from "./matmul_rate.ts";
import { multipliedParameters, parameterLayout } from "./parameters.ts";
import { readState, writeState } from "./state_file.ts";
import { checkSuite, dropSuite, recordPath } from "./suite_guard.ts";
import { initialState, Trainer } from "./trainer.ts";
import { TrainingLog } from "./training_log.ts";

/** Settings of `train_pythia_nano.ts`, described there. */
export interface TrainingConfig {
  layers: number;
  heads: number;
  width: number;
  mlp_width: number;
  rotary_pct: number;
  rotary_base: number;
  context: number;
  batch_size: number;
  steps: number;
  learning_rate: number;
  final_learning_rate: number;
  warmup: number;
  weight_decay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  clip: number;
  repeated_ids_share: number;
  seed: number;
  checkpoint_every: number;
  extra_checkpoints: number[];
  validation_batches: number;
  save_every: number;
  threads?: number;
  output_dir: string;
  work_dir: string;
  overwrite: boolean;
}

/** Positions that the config of a checkpoint allows; rotary attention has no table that would end. */
const MAX_POSITIONS = 256;

/** Steps between two timings of the matrix products alone. */
const BENCHMARK_EVERY = 16;

/** Settings that do not change what is computed. */
const PLACES = ["threads", "output_dir", "work_dir", "overwrite", "save_every"] as const;

/** The shape of the model that a config describes. @throws Error naming what does not fit. */
export function trainedModelConfig(c: TrainingConfig, vocabSize: number): ModelConfig {
  if (c.width % c.heads !== 0) {
    throw new UserError(`heads: ${c.heads} heads do not divide the width ${c.width} evenly`, 2);
  }
  const dHead = c.width / c.heads;
  const config: ModelConfig = {
    architecture: "gpt_neox",
    nLayers: c.layers,
    nHeads: c.heads,
    dModel: c.width,
    dHead,
    dMlp: c.mlp_width,
    vocabSize,
    maxPositions: Math.max(MAX_POSITIONS, c.context),
    parallel: true,
    rotaryDims: Math.floor(dHead * c.rotary_pct),
    rotaryBase: c.rotary_base,
    layerNormEps: 1e-5,
    activation: "gelu",
    tied: false,
  };
  return parseModelConfig(neoxConfigJson(config), "training settings");
}

/** Trains; prints the rate as a fraction of the MatMul rate. Returns nothing: the exit code is 0. */
export async function runTraining(settings: TrainingConfig): Promise<void> {
  const files = buildTokenizer();
  const tokenizer = tokenizerFromJson(files.tokenizer, files.config);
  const config = trainedModelConfig(settings, tokenizer.vocabSize);
  const layout = parameterLayout(config);
  const { batch_size: batch, context, steps } = settings;
  const fingerprint = resultSettings({ ...settings }, PLACES);

  const statePath = join(settings.work_dir, "state.safetensors");
  const logPath = join(settings.work_dir, "log.jsonl");
  const saved = settings.overwrite
    ? undefined
    : await readState(statePath, fingerprint, layout.size);
  const grid = checkpointGrid(steps, settings.checkpoint_every, settings.extra_checkpoints);
  if (!settings.overwrite) await checkSuite(settings.output_dir, fingerprint, grid, saved?.step);
  const state = saved ?? initialState(initialParameters(config, layout, settings.seed));
  const log = saved ? await TrainingLog.upTo(logPath, state.step) : TrainingLog.empty(logPath);

  const stream: BatchOptions = {
    tokenizer,
    seed: settings.seed,
    batch,
    context: context + 1,
    repeatedIdsShare: settings.repeated_ids_share,
  };
  const training = tokenBatches(stream);
  const validation = tokenBatches({ ...stream, split: "validation" });
  const adamw = {
    beta1: settings.beta1,
    beta2: settings.beta2,
    epsilon: settings.epsilon,
    weightDecay: settings.weight_decay,
    clip: settings.clip,
  };
  const schedule = {
    peak: settings.learning_rate,
    final: settings.final_learning_rate,
    warmup: settings.warmup,
    steps,
  };
  const options = settings.threads ? { threads: settings.threads } : {};
  const trainer = await Trainer.compile(config, adamw, state, options);
  const kept = new Set(grid);
  const multiplied = multipliedParameters(layout);
  const benchmark = await MatmulBenchmark.compile(config, batch * context, options);
  console.log(
    `${layout.size.toLocaleString("en")} parameters, ${(batch * context).toLocaleString("en")} ` +
      `tokens a step, ${kept.size} checkpoints` +
      (state.step > 0 ? `, from step ${state.step}` : ""),
  );

  const validate = async () => {
    let sum = 0;
    for (let i = 0; i < settings.validation_batches; i++) {
      sum += await trainer.loss(validation.at(i), batch);
    }
    return sum / settings.validation_batches;
  };
  const save = async () => {
    await log.write();
    await writeState(statePath, state, fingerprint);
  };
  const keep = async () => {
    const dir = join(settings.output_dir, `step${state.step}`);
    state.weights.set(new Float16Array(state.weights));
    const loss = await validate();
    if (!Number.isFinite(loss)) {
      throw new UserError(
        `step ${state.step}: expected a finite validation loss, found ${loss}; the checkpoint is not written. ` +
          `Choose a lower learning_rate or a longer warmup, and start anew with --overwrite`,
      );
    }
    await writeCheckpoint(dir, config, layout, state.weights, files);
    log.add({ step: state.step, validation_loss: loss });
    return loss;
  };

  const progress = new Progress("step", steps, { from: state.step });
  const first = state.step;
  const times: number[] = [];
  let trainingTime = 0;
  if (state.step === 0) {
    await save(); // first, so that what lies in output_dir from now on is known to be of this run
    if (settings.overwrite) await dropSuite(settings.output_dir);
    progress.line(`step 0  validation loss ${(await keep()).toFixed(3)}`);
  }
  while (state.step < steps) {
    const rate = learningRate(state.step + 1, schedule);
    const started = performance.now();
    const { loss, norm } = await trainer.step(training.at(state.step), batch, rate);
    times.push(performance.now() - started);
    trainingTime += times.at(-1)!;
    if (state.step % BENCHMARK_EVERY === 0) await benchmark.sample();
    log.add({ step: state.step, loss, norm, rate });
    const perSecond = 1000 * (state.step - first) * batch * context / trainingTime;
    const speed = `${Math.round(perSecond).toLocaleString("en")} tokens/s`;
    progress.update(state.step, `loss ${loss.toFixed(3)}, ${speed}`);
    if (kept.has(state.step)) {
      const held = await keep();
      progress.line(
        `step ${state.step}  loss ${loss.toFixed(3)}  validation loss ${held.toFixed(3)}  ${speed}`,
      );
    }
    if (kept.has(state.step) || state.step % settings.save_every === 0) await save();
  }
  progress.finish();
  await save();
  await trainer.release();
  const path = recordPath(settings.output_dir);
  const record = times.length > 0 ? undefined : await readJson(path) as { commit?: string };
  await writeJsonAtomic(path, {
    format: "circuits-over-time/training/1",
    made_by: "deno run -A train_pythia_nano.ts configs/train_pythia_nano.json",
    commit: record?.commit ?? await commit(),
    config: fingerprint,
    parameters: layout.size,
    tokens: steps * batch * context,
    losses: log.losses(),
    abilities: await suiteAbilities(settings.output_dir, options),
  });
  if (times.length > 0) {
    if (benchmark.times.length === 0) await benchmark.sample();
    const rate = (ms: number, weights: number) => 6 * weights * batch * context / ms / 1e6;
    const matmul = rate(median(benchmark.times), multiplied);
    const share = (weights: number) => (rate(median(times), weights) / matmul).toFixed(2);
    console.log(
      `${times.length} steps in ${formatDuration(trainingTime)}: ` +
        `6 × parameters × tokens is ${rate(median(times), layout.size).toFixed(1)} GFLOP/s, ` +
        `${share(layout.size)} of the ${matmul.toFixed(1)} GFLOP/s of the matrix products alone ` +
        `(${share(multiplied)} without the embedding, which is looked up)`,
    );
  }
  await benchmark.release();
}

/** The commit of the working tree, where git can say. */
async function commit(): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["rev-parse", "HEAD"],
      cwd: import.meta.dirname,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}
