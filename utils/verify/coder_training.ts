/**
 * Compares training runs of coders with a reference case: `DIR/training.json` and `DIR/training.safetensors`.
 *
 *  1. Compare start values of biases and learning rates.
 *  2. Each run of the case names a peer's objective by its prefix and settings; build ours, its optimiser and its schedule.
 *  3. Start from `init.*` and train on the case's batches.
 *  4. Yield one row for each loss, count and rate (over the steps), gradient (before the steps 1, 6) and parameter (after the
 *     steps 1, 5, 20) that the case has: `max|ours − reference| / max|reference|`.
 *
 * Parameters have the peer's names and layouts there: `W_enc` [d, F] of transcoder_circuits and SAELens, `encoder.weight`
 * [F, d] of sparsify; transcoder_circuits' `b_dec` is the input's bias of a transcoder and its `b_dec_out` the output's.
 */
import { join } from "@std/path";
import { readJson } from "../base/mod.ts";
import { openSafetensors, type TensorSet } from "../tensor_files/mod.ts";
import {
  gradientsAt,
  initialState,
  layoutOf,
  type PlacedTensor,
  Trainer,
  viewOf,
} from "../training/mod.ts";
import { biasStart, type CoderBatch, coderOptimiser, type Form } from "../transcoders/mod.ts";
import { type OurRun, ourRun, tableRate, type TrainingCase } from "./coder_runs.ts";
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
    yield* startRows(tensors);
    for (const [name, rates] of Object.entries(about.lr_tables)) {
      const rate = tableRate(name, about);
      const ours = Float32Array.from(rates, (_, i) => rate(i + 1));
      yield {
        run: "lr_tables",
        quantity: name,
        error: relativeError(ours, Float32Array.from(rates)),
      };
    }
    for (const [run, { settings, steps }] of Object.entries(about.runs)) {
      const ours = ourRun(run, settings, about, form);
      for await (const row of rowsOf(run, ours, steps, about, tensors)) yield { run, ...row };
    }
  } finally {
    tensors.close();
  }
}

/** Compares the start values of biases, from all batches. */
async function* startRows(reference: TensorSet): AsyncGenerator<TrainingRow> {
  for (const kind of ["mean", "geometric_median"] as const) {
    for (const data of ["x", "y"]) {
      const key = `bias_start.${kind}.${data}`;
      if (!reference.has(key)) continue;
      const expected = await reference.read(key);
      const ours = biasStart(kind, await reference.read(data), expected.length);
      yield {
        run: "bias_start",
        quantity: `${kind}.${data}`,
        error: relativeError(ours, expected),
      };
    }
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
  const { objective, names, optimiser: { unitDecoder } } = ours;
  const optimiser = coderOptimiser(ours.optimiser);
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
      const { gradients: found } = await gradientsAt(objective, state, rows, { threads: 1 });
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
