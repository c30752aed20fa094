/**
 * Gradients and updates of a coder's parameters in a kernel step: places by feature, then feature after feature, each with
 * Adam right after its gradient. Adam is `adam.ts`; its corrections go into two numbers:
 *
 *   rate · c₁/√c₂ and ε/√c₂,   c₁ = 1/(1 − β₁ᵗ),  c₂ = 1/(1 − β₂ᵗ)
 */
import { layoutOf, type PlacedTensor } from "../../../training/mod.ts";
import type { CoderOptimiserSettings } from "../optimiser.ts";
import { coderParameters, type CoderShape } from "../shape.ts";
import type { DeadGradients } from "./dead_columns.ts";
import { groupOf, mayTile, type StepMemory } from "./step_memory.ts";

/** Places per feature from which an update by tiles is faster. */
const MANY = 12;

/** Parameters in the memory of kernels. */
export class CoderRows {
  readonly #tensors: ReadonlyMap<string, PlacedTensor>;

  /** Finds the parameters in the memory. */
  constructor(
    private readonly memory: StepMemory,
    private readonly shape: CoderShape,
    private readonly optimiser: CoderOptimiserSettings,
  ) {
    const { tensors } = layoutOf(coderParameters(shape));
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  /** Returns the address of a parameter. */
  at(name: string): number {
    return this.memory.at("weights", this.#tensors.get(name)!.offset);
  }

  /** Returns a view of a parameter. */
  view(name: string): Float32Array {
    const { size, offset } = this.#tensors.get(name)!;
    return this.memory.floats("weights", size, offset);
  }

  /**
   * Updates all parameters and counts from the gradients of rows and places.
   * @param t number of the step, counted from 1
   * @param dead the features that `extra` has gradients for
   */
  update(t: number, dead: readonly number[], extra?: DeadGradients): void {
    const { shape: { rows, dIn, dOut, features: F, inputBias }, memory } = this;
    const listed = this.#list();
    const slots = this.#add(dead, extra);
    const scratch = memory.at("scratch");
    for (const name of ["b_dec", "b_in"] as const) {
      memory.floats(name, name === "b_dec" ? dOut : dIn).fill(0);
    }
    memory.run("rowSums", rows * dOut, [
      rows,
      dOut,
      memory.at("g"),
      0,
      1,
      memory.at("b_dec"),
      scratch,
    ]);
    if (inputBias) {
      const into = memory.at(inputBias === "own" ? "b_in" : "b_dec");
      memory.run("rowSums", F * dIn, [
        F,
        dIn,
        this.at("W_enc"),
        memory.at("b_enc"),
        -1,
        into,
        scratch,
      ]);
    }
    const adam = this.#adam(t);
    memory.integers("next", 1)[0] = 0;
    const places = [
      memory.at("next"),
      ...[memory.at("starts"), memory.at("rows")],
      ...[memory.at("listedValues"), memory.at("listedGradients")],
    ];
    const parameters = [
      ...[this.at("W_enc"), this.at("W_dec"), this.#moments()],
      ...[slots, memory.at("extraEnc"), memory.at("extraDec")],
      ...[memory.at("since"), memory.at("fired")],
      ...[Number(this.optimiser.unitDecoder ?? false), ...adam],
    ];
    const elements = (6 * F + 2 * listed) * (dIn + dOut);
    if (mayTile(this.shape) && listed >= MANY * F) {
      const [x, g] = [memory.at("xTiles"), memory.at("gTiles")];
      memory.run("tile", 2 * rows * dIn, [rows, dIn, memory.at("x"), x]);
      memory.run("tile", 2 * rows * dOut, [rows, dOut, memory.at("g"), g]);
      const sizes = [groupOf(F, memory.threads), rows, F, dIn, dOut];
      const groups = memory.at("groups");
      memory.run("updateTiles", elements, [...sizes, ...places, x, g, ...parameters, groups]);
    } else {
      const [x, g] = [memory.at("x"), memory.at("g")];
      memory.run("update", elements, [F, dIn, dOut, ...places, x, g, ...parameters, scratch]);
    }
    this.#vector("b_enc", adam);
    this.#vector("b_dec", adam);
    if (inputBias === "own") this.#vector("b_in", adam);
  }

  /** Distance from a weight to its first moment, and from that to its second. */
  #moments(): number {
    return this.memory.at("m") - this.memory.at("weights");
  }

  #vector(name: "b_enc" | "b_dec" | "b_in", adam: readonly number[]): void {
    const { memory } = this;
    const { size } = this.#tensors.get(name)!;
    const w = this.at(name), moments = this.#moments();
    memory.run("adamVector", 6 * size, [
      size,
      w,
      memory.at(name),
      w + moments,
      w + 2 * moments,
      ...adam,
    ]);
  }

  /** β₁, 1 − β₁, β₂, 1 − β₂, rate and offset of a step. */
  #adam(t: number): number[] {
    const { adam, stepsBefore = 0, rate } = this.optimiser;
    const { beta1, beta2, epsilon } = adam ?? { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    const first = 1 / (1 - beta1 ** (t + stepsBefore));
    const second = 1 / (1 - beta2 ** (t + stepsBefore));
    const root = Math.sqrt(second);
    return [beta1, 1 - beta1, beta2, 1 - beta2, rate(t) * first / root, epsilon / root];
  }

  /** Lists the places by feature. Returns their number. */
  #list(): number {
    const { shape: { rows, features: F }, memory } = this;
    const starts = memory.integers("starts", F + 1);
    starts.fill(0);
    const places = rows * memory.perRow;
    const sizes = [rows, memory.perRow, F, memory.at("features")];
    memory.run("count", places, [...sizes, memory.at("numbers"), memory.at("starts")]);
    for (let f = 0; f < F; f++) starts[f + 1] += starts[f];
    const listed = starts[F];
    memory.integers("next", F).set(starts.subarray(0, F));
    memory.run("list", 8 * listed, [
      ...sizes,
      ...[memory.at("values"), memory.at("gradients"), memory.at("numbers"), memory.at("next")],
      ...[memory.at("rows"), memory.at("listedValues"), memory.at("listedGradients")],
    ]);
    memory.run("encoderBias", listed, [
      F,
      ...[memory.at("starts"), memory.at("listedGradients"), memory.at("b_enc")],
    ]);
    return listed;
  }

  /** Adds the gradients of dead features. Returns the address of their slots, or 0 without any. */
  #add(dead: readonly number[], extra?: DeadGradients): number {
    if (!extra) return 0;
    const { shape: { dIn, dOut, features: F }, memory } = this;
    memory.grow(0, dead.length);
    const slots = memory.integers("slots", F).fill(-1);
    const b_enc = memory.floats("b_enc", F);
    dead.forEach((f, i) => {
      slots[f] = i;
      b_enc[f] += extra.b_enc[i];
    });
    const n = dead.length;
    memory.floats("extraEnc", n * dIn).set(extra.W_enc.subarray(0, n * dIn));
    memory.floats("extraDec", n * dOut).set(extra.W_dec.subarray(0, n * dOut));
    return memory.at("slots");
  }
}
