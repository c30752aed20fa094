/**
 * Compares training runs of coders with a reference case: `DIR/training.json` and `DIR/training.safetensors`.
 *
 *  1. Each run of the case names a peer's objective by its prefix and settings; build ours, its optimiser and its schedule.
 *  2. Start from `init.*` and train on the case's batches.
 *  3. Yield one row for each loss, count and rate (over the steps), gradient (before the steps 1, 6) and parameter (after the
 *     steps 1, 5, 20) that the case has: `max|ours − reference| / max|reference|`.
 *
 * Parameters have the peer's names and layouts there: `W_enc` [d, F] of transcoder_circuits and SAELens, `encoder.weight`
 * [F, d] of sparsify; transcoder_circuits' `b_dec` is the input's bias of a transcoder and its `b_dec_out` the output's.
 */
import { join } from "@std/path";
import { readJson } from "../base/mod.ts";
import { Graph, Session, tensor } from "../onnx/mod.ts";
import { openSafetensors, type TensorSet } from "../tensor_files/mod.ts";
import { initialState, layoutOf, type PlacedTensor, Trainer, viewOf } from "../training/mod.ts";
import {
  type CoderBatch,
  coderObjective,
  type CoderObjectiveSettings,
  coderOptimiser,
  type CoderShape,
  type Form,
  reluL1,
  saelensJumpRelu,
  saelensTopK,
  schedule,
  sparsifyTopK,
} from "../transcoders/training/mod.ts";
import { relativeError } from "./comparison.ts";

/** One quantity of a run. */
export interface TrainingRow {
  /** name of the run */
  run: string;
  /** `loss`, `grad_6.W_dec`, `after_20.b_enc`, … */
  quantity: string;
  /** `max|ours − reference| / max|reference|` */
  error: number;
}

/** Settings of a run, as far as a peer has them. */
interface RunSettings {
  lr: number;
  schedule: string;
  warm_up: number;
  decay_steps?: number;
  clip_grad_norm?: number;
  dead_feature_window?: number;
  l1_coefficient?: number;
  use_ghost_grads?: boolean;
  k?: number;
  aux_loss_coefficient?: number;
  rescale_acts_by_decoder_norm?: boolean;
  aux_decoder_bias?: boolean;
  mode?: "tanh" | "step";
  bandwidth?: number;
  l0_coefficient?: number;
  l0_warm_up_steps?: number;
  pre_act_loss_coefficient?: number | null;
  tanh_scale?: number;
  auxk_alpha?: number;
  dead_feature_threshold_tokens?: number;
  skip?: boolean;
}

/** `training.json` of a case. */
interface TrainingCase {
  batch: number;
  steps: number;
  d: number;
  F: number;
  runs: Record<string, { settings: RunSettings; steps: Record<string, number>[] }>;
}

/** How a run is made with our parts. */
interface OurRun {
  objective: CoderObjectiveSettings;
  rate(t: number): number;
  unitDecoder?: boolean;
  clip?: number;
  /** whether the targets are the inputs */
  autoencoder?: boolean;
  /** the peer's name of each parameter; a matrix `[d, F]` there is marked by `transposed` */
  names: Record<string, { name: string; transposed?: boolean }>;
  /** the start values: key in the reference, by parameter */
  start: Record<string, { name: string; transposed?: boolean }>;
  /** the peer's names of our numbers, and what ours are divided by; null for one that the peer does not have */
  numbers: Record<string, { name: string; divisor?: number } | null>;
}

const W_ENC = { name: "W_enc", transposed: true };
const START = {
  W_enc: W_ENC,
  b_enc: { name: "b_enc" },
  W_dec: { name: "W_dec" },
  b_dec: { name: "b_dec_out" },
  b_in: { name: "b_dec" },
  W_skip: { name: "W_skip" },
  log_threshold: { name: "log_threshold" },
};

/**
 * Returns a run of a case by its name and settings.
 * @throws Error naming a run of a peer that we do not know.
 */
function ourRun(
  name: string,
  s: RunSettings,
  { batch, d, F, steps }: TrainingCase,
  form: Form,
): OurRun {
  const shape: CoderShape = { rows: batch, dIn: d, dOut: d, features: F };
  const deadAfter = s.dead_feature_window ?? 0;
  const warm = { lr: s.lr, warmUp: s.warm_up, steps };
  const common = { start: START, numbers: {} };
  if (name.startsWith("tcc")) {
    const autoencoder = name.includes("sae");
    shape.inputBias = autoencoder ? "shared" : "own";
    const bias = { name: "b_dec" };
    return {
      ...common,
      start: autoencoder ? { ...START, b_dec: bias } : START,
      autoencoder,
      unitDecoder: true,
      rate: schedule(s.schedule as "constantwithwarmup", warm),
      objective: reluL1({
        shape,
        form,
        deadAfter,
        sparsity: { coefficient: s.l1_coefficient! },
        ghosts: s.use_ghost_grads,
      }),
      names: {
        W_enc: W_ENC,
        ...autoencoder ? { b_dec: bias } : { b_in: bias, b_dec: { name: "b_dec_out" } },
      },
    };
  }
  if (name.startsWith("saelens")) {
    const numbers = {
      auxk: { name: "auxiliary_reconstruction_loss" },
      pre_act: { name: "pre_act_loss" },
      norm: { name: "grad_norm" },
    };
    const rate = schedule(`warmup_${s.schedule}` as "warmup_constant", {
      ...warm,
      decay: s.decay_steps,
    });
    const objective = name.includes("jumprelu")
      ? saelensJumpRelu({
        shape,
        form,
        deadAfter,
        bandwidth: s.bandwidth!,
        sparsity: { coefficient: s.l0_coefficient!, warmUp: s.l0_warm_up_steps },
        tanhScale: s.mode === "tanh" ? s.tanh_scale : undefined,
        preActCoefficient: s.pre_act_loss_coefficient ?? undefined,
      })
      : saelensTopK({
        shape,
        form,
        deadAfter,
        k: s.k!,
        auxCoefficient: s.aux_loss_coefficient,
        byDecoderNorm: s.rescale_acts_by_decoder_norm,
        auxDecoderBias: s.aux_decoder_bias,
      });
    return { ...common, numbers, rate, clip: s.clip_grad_norm, objective, names: { W_enc: W_ENC } };
  }
  if (name.startsWith("sparsify")) {
    shape.skip = s.skip;
    const last = Number(/at step (\d+)/.exec(s.schedule)?.[1] ?? steps);
    return {
      ...common,
      rate: schedule("linear_from_zero", { ...warm, steps: last }),
      objective: sparsifyTopK({
        shape,
        form,
        k: s.k!,
        deadAfterTokens: s.dead_feature_threshold_tokens!,
        auxAlpha: s.auxk_alpha,
        asWritten: true,
      }),
      names: { W_enc: { name: "encoder.weight" }, b_enc: { name: "encoder.bias" } },
      // Without AuxK, sparsify does not ask which features are dead and writes 0.
      numbers: s.auxk_alpha ? { auxk: { name: "auxk", divisor: s.auxk_alpha } } : { dead: null },
    };
  }
  throw new Error(`training.json: no objective for the run "${name}"`);
}

/**
 * Trains every run of a case and yields its rows.
 * @param dir folder with `training.json` and `training.safetensors`
 * @param form dense or sparse steps
 * @throws Error naming a run of a peer that we do not know.
 */
export async function* coderTrainingRows(
  dir: string,
  form: Form = "sparse",
): AsyncGenerator<TrainingRow> {
  const about = await readJson(join(dir, "training.json")) as TrainingCase;
  const tensors = await openSafetensors(join(dir, "training.safetensors"));
  try {
    for (const [run, { settings, steps }] of Object.entries(about.runs)) {
      const ours = ourRun(run, settings, about, form);
      for await (const row of rowsOf(run, ours, steps, about, tensors)) yield { run, ...row };
    }
  } finally {
    tensors.close();
  }
}

async function* rowsOf(
  run: string,
  ours: OurRun,
  steps: readonly Record<string, number>[],
  { batch, d }: TrainingCase,
  reference: TensorSet,
): AsyncGenerator<Omit<TrainingRow, "run">> {
  const read = (name: string) => reference.read(name);
  const objective = coderObjective(ours.objective);
  const { unitDecoder, clip, rate, names } = ours;
  const optimiser = coderOptimiser({ rate, unitDecoder, clip });
  const layout = layoutOf(objective.parameters);
  const weights = new Float32Array(layout.size);
  for (const tensor of layout.tensors) {
    const { name, transposed } = ours.start[tensor.name];
    const start = await read(`init.${name}`);
    const rows = transposed ? transpose(start, tensor.shape) : start;
    viewOf(weights, tensor).set(
      unitDecoder && tensor.name === "W_dec" ? unit(rows, tensor.shape[1]) : rows,
    );
  }
  const slots = optimiser.flatMap((part) => part.slots ?? []);
  const state = initialState(weights, slots, layoutOf(objective.carried ?? []));
  const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
  const x = await read("x"), y = await read("y");
  const numbers: Record<string, number[]> = {};

  /** Compares tensors of our layout with those that the reference has under a prefix. */
  async function* compare(
    prefix: string,
    value: (tensor: PlacedTensor) => Float32Array,
  ): AsyncGenerator<Omit<TrainingRow, "run">> {
    for (const tensor of layout.tensors) {
      const { name, transposed } = names[tensor.name] ?? { name: tensor.name };
      const key = `${prefix}.${name}`;
      if (!reference.has(`${run}.${key}`)) continue;
      const stored = await read(`${run}.${key}`);
      const expected = transposed ? transpose(stored, tensor.shape) : stored;
      const normed = unitDecoder && tensor.name === "W_dec" && prefix.startsWith("after");
      const error = relativeError(
        value(tensor),
        normed ? unit(expected, tensor.shape[1]) : expected,
      );
      yield { quantity: key, error };
    }
  }

  for (const [i] of steps.entries()) {
    const part = (values: Float32Array<ArrayBuffer>) =>
      values.slice(i * batch * d, (i + 1) * batch * d);
    const rows: CoderBatch = { x: part(x), y: ours.autoencoder ? undefined : part(y) };
    if (i === 0 || reference.has(`${run}.grad_${i + 1}.W_dec`)) {
      const found = await gradientsOf(ours.objective, trainer, rows);
      yield* compare(`grad_${i + 1}`, ({ name, shape, ...place }) => {
        const gradient = found[name];
        if (!unitDecoder || name !== "W_dec") return gradient;
        return tangent(gradient, viewOf(state.weights, { ...place }), shape[1]);
      });
    }
    const { loss, metrics, rate } = await trainer.step(rows);
    for (const [name, value] of Object.entries({ loss, ...metrics, lr: rate! })) {
      (numbers[name] ??= []).push(value);
    }
    yield* compare(`after_${i + 1}`, (tensor) => viewOf(state.weights, tensor));
  }
  for (const [ourName, values] of Object.entries(numbers)) {
    const named = ourName in ours.numbers ? ours.numbers[ourName] : { name: ourName };
    if (!named || steps[0][named.name] === undefined) continue;
    const { name, divisor = 1 }: { name: string; divisor?: number } = named;
    const expected = Float32Array.from(steps, (step) => step[name]);
    const error = relativeError(Float32Array.from(values, (v) => v / divisor), expected);
    yield { quantity: name, error };
  }
  await trainer.release();
}

/** The gradients at the present parameters, by name. */
async function gradientsOf(
  settings: CoderObjectiveSettings,
  { state }: Trainer<CoderBatch>,
  batch: CoderBatch,
): Promise<Record<string, Float32Array>> {
  const objective = coderObjective(settings);
  const g = new Graph();
  const { tensors } = layoutOf(objective.parameters);
  const carried = objective.carried ?? [];
  const inputs = (specs: typeof carried) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, g.input(name, shape)]));
  const { gradients } = objective.build(g, inputs(tensors), inputs(carried));
  const session = await Session.compile(gradients, {}, { threads: 1 });
  const feeds = objective.feeds(batch, state.step + 1);
  for (const placed of tensors) {
    feeds[placed.name] = tensor(viewOf(state.weights, placed), [...placed.shape]);
  }
  for (const { name, shape } of carried) feeds[name] = tensor(state.carried[name], [...shape]);
  const needed = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
  const results = await session.run(Object.fromEntries(needed));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
  );
}

/** Returns the transpose of `x` `[columns, rows]`, `[rows, columns]`. */
function transpose(x: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  return Float32Array.from(x, (_, i) => x[(i % columns) * rows + Math.floor(i / columns)]);
}

/** Returns rows divided by their norms. */
function unit(x: Float32Array, width: number): Float32Array {
  const norm = (row: number) => Math.hypot(...x.subarray(row * width, (row + 1) * width));
  const norms = Array.from({ length: x.length / width }, (_, row) => norm(row));
  return x.map((value, i) => value / norms[Math.floor(i / width)]);
}

/** Returns gradient rows less what is parallel to the rows of `w`, which have norm 1. */
function tangent(gradient: Float32Array, w: Float32Array, width: number): Float32Array {
  const along = Array.from({ length: w.length / width }, (_, row) => {
    let product = 0;
    for (let i = row * width; i < (row + 1) * width; i++) product += gradient[i] * w[i];
    return product;
  });
  return gradient.map((g, i) => g - along[Math.floor(i / width)] * w[i]);
}
