/**
 * Trains a coder by kernels: the encoder's product runs in ONNX Runtime, all that is sparse after it in WebAssembly
 * (`assembly.ts`). Its state is in the memory of the kernels, so nothing but the encoder is copied for a step.
 *
 *  1. Scale the batch; mean and variance of the targets.
 *  2. Block by block: encode, choose features, decode, and go back to the activations.
 *  3. Let dead features predict what is left over (`dead_columns.ts`).
 *  4. List the places by feature. Sum up the rows' gradients, feature by feature, with Adam right after.
 *
 * The same numbers as the plain step up to float32 rounding, and the same bits for any number of threads, as far as the
 * encoder's product has the same bits.
 */
import type { SessionOptions } from "../../../onnx/mod.ts";
import {
  checkState,
  layoutOf,
  type StepResult,
  type TrainingState,
} from "../../../training/mod.ts";
import {
  type CoderBatch,
  coderObjective,
  type CoderObjectiveSettings,
} from "../coder_objective.ts";
import { coefficientAt, type Term } from "../losses/mod.ts";
import type { CoderOptimiserSettings } from "../optimiser.ts";
import { DeadColumns, type DeadGradients } from "./dead_columns.ts";
import { Encoder } from "./encoder.ts";
import { CoderRows } from "./coder_rows.ts";
import { kernelsLack } from "./kernels_lack.ts";
import { type ArrayName, StepMemory } from "./step_memory.ts";
import { type UsedPool, usePool } from "./process_pool.ts";
import { NUMBERS, numbersOf, weightOfSquares } from "./step_metrics.ts";

type Plain = Float32Array<ArrayBuffer>;

/** A coder that kernels train. */
export class KernelTrainer {
  /** the encoder, outside the kernels' memory: ONNX Runtime does not read memory that threads share */
  readonly #W_enc: Plain;
  readonly #b_enc: Plain;
  /** the batch, scaled, less the input bias */
  readonly #x: Plain;

  private constructor(
    private readonly settings: CoderObjectiveSettings,
    private readonly optimiser: CoderOptimiserSettings,
    /** parameters, moments and counts, in the memory of the kernels; each step changes it in place */
    readonly state: TrainingState<ArrayBufferLike>,
    private readonly memory: StepMemory,
    private readonly used: UsedPool,
    private readonly encoder: Encoder,
    private readonly parameters: CoderRows,
    private readonly deadColumns?: DeadColumns,
  ) {
    const { rows, dIn, features: F } = settings.shape;
    this.#W_enc = new Float32Array(F * dIn);
    this.#b_enc = new Float32Array(F);
    this.#x = new Float32Array(rows * dIn);
  }

  /**
   * Compiles the encoder and moves the state into the memory of the kernels.
   * @throws Error when the settings need something that kernels do not have ({@link kernelsLack}), or do not fit the state.
   * @throws RangeError when a step needs more than 4 GiB.
   */
  static async compile(
    settings: CoderObjectiveSettings,
    optimiser: CoderOptimiserSettings,
    state: TrainingState<ArrayBufferLike>,
    options: SessionOptions = {},
  ): Promise<KernelTrainer> {
    const lack = kernelsLack(settings, optimiser);
    if (lack) throw new Error(`kernels do not have ${lack}: choose the dense or the sparse form`);
    const { shape, activation } = settings;
    const { parameters, carried = [] } = coderObjective(settings);
    checkState(state, layoutOf(parameters), ["m", "v"], layoutOf(carried));
    const k = activation.kind === "topk" ? activation.k : undefined;
    const used = await usePool(options.threads ?? navigator.hardwareConcurrency);
    try {
      const encoder = await Encoder.compile(shape, k, options);
      const perRow = k ?? (encoder.narrow ? shape.features : 1);
      const block = encoder.narrow ? Math.min(encoder.blockRows, shape.rows) * shape.features : 0;
      const memory = await StepMemory.make(used.pool, shape, perRow, block);
      const aux = settings.terms?.map(({ kernels }) => kernels).find((t) => t?.kind === "auxk");
      return new KernelTrainer(
        ...[settings, optimiser, memory.take(state), memory, used, encoder] as const,
        new CoderRows(memory, shape, optimiser),
        aux?.kind === "auxk"
          ? new DeadColumns(shape, aux.settings, { ...options, arena: true })
          : undefined,
      );
    } catch (cause) {
      used.giveBack();
      throw cause;
    }
  }

  /**
   * Makes one step.
   * @throws Error naming the step when the loss is not finite; the state is then unusable.
   */
  async step(batch: CoderBatch): Promise<StepResult> {
    const { shape, reconstruction, terms = [] } = this.settings;
    const { rows, dOut } = shape;
    const t = this.state.step + 1;
    const { steps_since_fired: since } = this.state.carried;
    const dead: number[] = [];
    let silent = 0;
    for (let f = 0; f < since.length; f++) {
      silent += since[f];
      if (since[f] > this.settings.dead.after) dead.push(f);
    }
    this.#load(batch);
    const variance = this.#variance();
    const weight = weightOfSquares(reconstruction, { rows, dOut, variance });
    const l1 = termOf(terms, "l1"), auxk = termOf(terms, "auxk");
    const l1Coefficient = l1 ? coefficientAt(l1, t) : 0;
    await this.#forward(weight, l1Coefficient / rows);
    const numbers = this.memory.floats("numbers", rows * NUMBERS);
    const found = numbersOf(reconstruction, { ...{ rows, dOut, numbers, variance } });
    const extra = auxk && dead.length > 0
      ? await this.#deadGradients(dead, weight, coefficientAt(auxk, t))
      : undefined;
    const added = {
      ...(l1 && { l1: l1Coefficient * found.activations }),
      ...(auxk && { auxk: extra?.value ?? 0 }),
    };
    const loss = Object.values(added).reduce((sum, x) => sum + x, found.fit);
    if (!Number.isFinite(loss)) {
      throw new Error(`step ${t}: expected finite numbers, found loss ${loss}`);
    }
    this.parameters.update(t, dead, extra);
    this.state.step = t;
    const { quality, fit, l0 } = found;
    return {
      loss,
      rate: this.optimiser.rate(t),
      metrics: {
        ...reconstruction === "fvu" ? {} : { mse: fit },
        ...Object.fromEntries(terms.map(({ name }) => [name, added[name as keyof typeof added]!])),
        l0,
        dead: dead.length,
        mean_passes_since_fired: silent / shape.features,
        ...quality,
        ...this.settings.normalize
          ? { l2_norm: quality.l2_norm / this.state.carried.target_scale[0] }
          : {},
      },
    };
  }

  /** Puts the scaled batch and the encoder where a step reads them. */
  #load({ x, y = x }: CoderBatch): void {
    const { shape: { rows, dIn, dOut, inputBias }, normalize } = this.settings;
    for (const [name, data, width] of [["x", x, dIn], ["y", y, dOut]] as const) {
      if (data.length === rows * width) continue;
      throw new Error(
        `batch: expected ${rows} rows of ${width} for "${name}", found ${data.length} elements`,
      );
    }
    const { memory, state: { carried } } = this;
    const [a, b] = normalize ? [carried.input_scale[0], carried.target_scale[0]] : [1, 1];
    const bias = inputBias ? this.parameters.at(inputBias === "own" ? "b_in" : "b_dec") : 0;
    const inputs = memory.floats("x", x.length);
    inputs.set(x);
    memory.floats("y", y.length).set(y);
    if (a !== 1 || bias) memory.run("scale", x.length, [rows, dIn, memory.at("x"), a, bias]);
    if (b !== 1) memory.run("scale", y.length, [rows, dOut, memory.at("y"), b, 0]);
    this.#x.set(inputs);
    this.#W_enc.set(this.parameters.view("W_enc"));
    this.#b_enc.set(this.parameters.view("b_enc"));
  }

  /** Returns Σ_r ‖y_r − ȳ‖². */
  #variance(): number {
    const { rows, dOut } = this.settings.shape;
    const { memory } = this;
    memory.run("columns", 2 * rows * dOut, [
      rows,
      dOut,
      ...addresses(memory, ["y", "means", "deviations", "scratch"]),
    ]);
    return memory.floats("deviations", dOut).reduce((sum, x) => sum + x, 0);
  }

  /** Encodes, chooses, decodes, and goes back to the activations. */
  async #forward(weight: number, l1: number): Promise<void> {
    const { shape: { rows, dIn, features: F }, activation } = this.settings;
    const { memory, encoder } = this;
    const each = encoder.blockRows;
    const wide = [];
    for (let first = 0; first < rows; first += each) {
      const n = Math.min(each, rows - first);
      const x = this.#x.subarray(first * dIn, (first + n) * dIn);
      const chosen = await encoder.encode(x, this.#W_enc, this.#b_enc);
      if (!encoder.narrow) {
        wide.push({ first, n, ...chosen });
        continue;
      }
      memory.floats("pre", chosen.values.length).set(chosen.values);
      chosen.free();
      const into = ["values", "features"].map((name) =>
        memory.at(name as "values" | "features", first * memory.perRow)
      );
      const pre = memory.at("pre");
      if (activation.kind === "relu") memory.run("selectPositive", n * F, [n, F, pre, ...into]);
      else {
        const sizes = [n, F, memory.perRow];
        memory.run("select", n * F, [...sizes, pre, ...into, memory.at("scratch")]);
      }
    }
    memory.grow(Math.max(1, ...wide.map(({ k }) => k)), 0);
    const places = memory.perRow;
    for (const { first, n, k, values, features } of wide) {
      const into = memory.floats("values", n * places, first * places);
      const ids = memory.integers("features", n * places, first * places);
      if (k < places) into.fill(0);
      for (let r = 0; r < n; r++) {
        into.set(values.subarray(r * k, (r + 1) * k), r * places);
        ids.set(features!.subarray(r * k, (r + 1) * k), r * places);
      }
    }
    for (const { free } of wide) free();
    const { dOut } = this.settings.shape;
    memory.run("decode", 2 * rows * places * dOut, [
      ...[rows, places, dOut],
      ...addresses(memory, ["features", "values", "gradients"]),
      ...[this.parameters.at("W_dec"), this.parameters.at("b_dec")],
      ...addresses(memory, ["y", "g", "numbers", "scratch"]),
      ...[Number(this.settings.reconstruction === "relative"), weight, l1],
    ]);
  }

  /** Returns the gradients of the dead features on what is left over. */
  #deadGradients(
    dead: readonly number[],
    weight: number,
    coefficient: number,
  ): Promise<DeadGradients> {
    const { shape: { rows, dOut }, reconstruction } = this.settings;
    const numbers = this.memory.floats("numbers", rows * NUMBERS);
    const g = this.memory.floats("g", rows * dOut);
    const weights = Float32Array.from({ length: rows }, (_, r) => {
      const energy = numbers[r * NUMBERS + 1];
      return reconstruction !== "relative" ? weight : energy > 0 ? weight / Math.sqrt(energy) : 0;
    });
    const error = new Float32Array(rows * dOut);
    for (let r = 0; r < rows; r++) {
      const factor = weights[r] > 0 ? 1 / (2 * weights[r]) : 0;
      for (let i = r * dOut; i < (r + 1) * dOut; i++) error[i] = factor * g[i];
    }
    return this.deadColumns!.gradients(
      dead,
      { input: this.#x, error, weight: weights, coefficient },
      {
        W_enc: this.#W_enc,
        b_enc: this.#b_enc,
        W_dec: this.parameters.view("W_dec"),
      },
    );
  }

  /** Stops the threads and frees the sessions. */
  async release(): Promise<void> {
    this.memory.free();
    this.used.giveBack();
    await this.encoder.release();
    await this.deadColumns?.release();
  }
}

const termOf = (terms: readonly Term[], name: string) => terms.find((term) => term.name === name);

function addresses(memory: StepMemory, names: readonly ArrayName[]): number[] {
  return names.map((name) => memory.at(name));
}
