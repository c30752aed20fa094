/**
 * The memory of a kernel step. Fixed arrays come first: state, batch, gradients of biases. After them come the places of the
 * batch, and the gradients that dead features get beside; both grow when a step has more of them.
 */
import { layoutOf, type TrainingState } from "../../../training/mod.ts";
import { coderParameters, type CoderShape } from "../shape.ts";
import { floats, integers, type Placed, placed } from "./arrays.ts";
import type { KernelMemory, KernelPool } from "./pool.ts";
import { NUMBERS } from "./step_metrics.ts";

/** Numbers that one thread reads and writes while another one wakes up. */
const FEW = 1 << 19;

/** Arrays whose sizes the coder decides. */
type Fixed =
  | ("weights" | "m" | "v" | "since" | "fired")
  | ("x" | "y" | "g" | "numbers" | "means" | "deviations" | "pre")
  | ("b_enc" | "b_dec" | "b_in")
  | ("starts" | "next" | "slots" | "scratch")
  | ("xTiles" | "gTiles" | "groups");

/** Arrays that grow. */
type Growing =
  | ("features" | "values" | "gradients" | "rows" | "listedValues" | "listedGradients")
  | ("extraEnc" | "extraDec");

/** Name of an array. */
export type ArrayName = Fixed | Growing;

/** Columns of a tile, as in `assembly/tiles.ts`. */
const TILE = 32;

/**
 * Returns whether a step of this shape may update its weights by tiles (`assembly/tiles.ts`): widths of whole tiles, wide
 * enough for rows to leave the second-level cache, and features that can have many places.
 */
export function mayTile({ rows, dIn, dOut, features }: CoderShape): boolean {
  return [dIn, dOut].every((d) => d % TILE === 0 && d >= 256) && features <= 4 * rows;
}

/** Returns how many features a thread takes at a time in an update by tiles. */
export function groupOf(features: number, threads: number): number {
  return Math.min(1024, Math.ceil(features / threads));
}

/** Where everything is. */
export class StepMemory {
  #growing!: Placed<Growing>;

  private constructor(
    private readonly pool: KernelPool,
    private readonly memory: KernelMemory,
    private readonly shape: CoderShape,
    private readonly fixed: Placed<Fixed>,
    /** places of a row that there is room for */
    public perRow: number,
    private extra: number,
    private readonly size: number,
  ) {
    this.#place();
  }

  /**
   * Makes the memory.
   * @param perRow places of a row to begin with
   * @param blockElements elements of a block of pre-activations that a kernel reads
   * @throws RangeError when a step needs more than 4 GiB.
   */
  static async make(
    pool: KernelPool,
    shape: CoderShape,
    perRow: number,
    blockElements: number,
  ): Promise<StepMemory> {
    const { rows, dIn, dOut, features: F } = shape;
    const { size } = layoutOf(coderParameters(shape));
    const widest = Math.max(dIn, dOut);
    const fixed = placed<Fixed>({
      ...{ weights: size, m: size, v: size, since: F, fired: F },
      ...{ x: rows * dIn, y: rows * dOut, g: rows * dOut, numbers: rows * NUMBERS },
      ...{ means: dOut, deviations: dOut, pre: blockElements },
      ...{ b_enc: F, b_dec: dOut, b_in: dIn },
      ...{ starts: F + 1, next: F + 1, slots: F },
      ...mayTile(shape)
        ? {
          ...{ xTiles: rows * dIn, gTiles: rows * dOut },
          groups: pool.threads * (groupOf(F, pool.threads) * (dIn + dOut) + TILE),
        }
        : { xTiles: 0, gTiles: 0, groups: 0 },
      scratch: pool.threads * Math.max(dIn + dOut + widest, 3 * F) + 2 * widest,
    });
    const end = placed(growingSizes(shape, perRow, 0), fixed.bytes).bytes;
    const memory = await pool.add(end);
    return new StepMemory(pool, memory, shape, fixed, perRow, 0, size);
  }

  /** number of threads */
  get threads(): number {
    return this.pool.threads;
  }

  /** Makes room for more places in a row, or more dead features. The places of this step stay where they are. */
  grow(perRow: number, extra: number): void {
    if (perRow <= this.perRow && extra <= this.extra) return;
    this.perRow = Math.max(this.perRow, perRow);
    this.extra = Math.max(this.extra, extra);
    this.#place();
    this.pool.grow(this.memory, this.#growing.bytes);
  }

  #place(): void {
    this.#growing = placed(growingSizes(this.shape, this.perRow, this.extra), this.fixed.bytes);
  }

  /** Returns the address of an array, or of its element `index`. */
  at(name: ArrayName, index = 0): number {
    const addresses = { ...this.fixed.addresses, ...this.#growing.addresses };
    return addresses[name] + 4 * index;
  }

  /** Returns a view of `n` floats from an element of an array. */
  floats(name: ArrayName, n: number, index = 0): Float32Array {
    return floats(this.memory, this.at(name, index), n);
  }

  /** Returns a view of `n` integers from an element of an array. */
  integers(name: ArrayName, n: number, index = 0): Int32Array {
    return integers(this.memory, this.at(name, index), n);
  }

  /**
   * Runs a kernel, on all threads or on this one where waking the others would take longer.
   * @param elements roughly how many numbers it reads and writes
   */
  run(kernel: string, elements: number, args: readonly number[]): void {
    this.pool.run(this.memory, kernel, args, elements < FEW);
  }

  /** Lets the threads forget this memory. */
  free(): void {
    this.pool.forget(this.memory);
  }

  /** Moves a state here. Returns it with its vectors in this memory; the scales stay outside. */
  take(
    { step, weights, slots, carried }: TrainingState<ArrayBufferLike>,
  ): TrainingState<ArrayBufferLike> {
    const { features } = this.shape;
    const moved = (name: Fixed, from: Float32Array) => {
      const view = this.floats(name, from.length);
      view.set(from);
      return view;
    };
    if (weights.length !== this.size || carried.tokens_fired.length !== features) {
      throw new Error(`expected a state of ${this.size} weights, found ${weights.length}`);
    }
    return {
      step,
      weights: moved("weights", weights),
      slots: { m: moved("m", slots.m), v: moved("v", slots.v) },
      carried: {
        ...carried,
        steps_since_fired: moved("since", carried.steps_since_fired),
        tokens_fired: moved("fired", carried.tokens_fired),
      },
    };
  }
}

function growingSizes(
  { rows, dIn, dOut }: CoderShape,
  perRow: number,
  extra: number,
): Record<Growing, number> {
  const places = rows * perRow;
  return {
    ...{ features: places, values: places, gradients: places },
    ...{ rows: places, listedValues: places, listedGradients: places },
    ...{ extraEnc: extra * dIn, extraDec: extra * dOut },
  };
}
