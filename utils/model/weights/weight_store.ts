/**
 * Keeps a model's weights within a memory budget.
 *
 *  1. Units are pinned in memory, in the order of use, while they fit beside two streaming places.
 *  2. Other units pass through the two places: the one in use and the one being read ahead. Reading is asynchronous
 *     and goes on in the runtime's I/O threads while ONNX Runtime computes.
 *
 * Which units are pinned changes no number, only how often a file is read.
 */
import type { ModelConfig } from "../config.ts";
import { unitTensors, type WeightSource } from "./weight_source.ts";
import { type WeightUnit } from "../blocks/block_weights.ts";

/** Bytes of a unit as float32. */
export function unitBytes(config: ModelConfig, unit: string): number {
  return Object.values(unitTensors(config, unit))
    .reduce((sum, [, shape]) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

export type UnitTransform = (unit: string, weights: WeightUnit) => Promise<WeightUnit>;

export class WeightStore {
  readonly config: ModelConfig;
  /** bytes of all weights as float32 */
  readonly totalBytes: number;
  /** units that stay in memory once read */
  readonly pinned = new Set<string>();
  /** how many units have been read from the source */
  reads = 0;
  readonly #resident = new Map<string, Promise<WeightUnit>>();
  readonly #streamed = new Map<string, Promise<WeightUnit>>();

  /**
   * @param budget bytes of weights that may be in memory; undefined: all of them
   * @param transform applied to each unit after reading (weight processing)
   */
  constructor(
    readonly source: WeightSource,
    readonly budget?: number,
    private readonly transform?: UnitTransform,
  ) {
    this.config = source.config;
    const sizes = source.units.map((unit) => unitBytes(this.config, unit));
    this.totalBytes = sizes.reduce((a, b) => a + b, 0);
    const room = budget === undefined || budget >= this.totalBytes
      ? Infinity
      : budget - 2 * Math.max(...sizes);
    let used = 0;
    source.units.forEach((unit, i) => {
      if (used + sizes[i] <= room) {
        this.pinned.add(unit);
        used += sizes[i];
      }
    });
  }

  /** Whether all units stay in memory once read. */
  get allPinned(): boolean {
    return this.pinned.size === this.source.units.length;
  }

  /** The weights of a unit, read now if they are not in memory. */
  get(unit: string): Promise<WeightUnit> {
    const known = this.#resident.get(unit) ?? this.#streamed.get(unit);
    if (known) return known;
    const loading = this.#read(unit);
    if (this.pinned.has(unit)) this.#resident.set(unit, loading);
    else {
      while (this.#streamed.size >= 2) this.#streamed.delete(this.#streamed.keys().next().value!);
      this.#streamed.set(unit, loading);
    }
    return loading;
  }

  /** Begins to read a unit that will be needed next; a failure shows when the unit is asked for. */
  prefetch(unit: string | undefined): void {
    if (unit !== undefined && this.source.units.includes(unit)) this.get(unit).catch(() => {});
  }

  async #read(unit: string): Promise<WeightUnit> {
    this.reads++;
    try {
      const weights = await this.source.load(unit);
      return this.transform ? await this.transform(unit, weights) : weights;
    } catch (error) {
      this.#resident.delete(unit);
      this.#streamed.delete(unit);
      throw error;
    }
  }

  /** Lets a unit go; asked for again, it is read again. */
  forget(unit: string): void {
    this.#resident.delete(unit);
    this.#streamed.delete(unit);
  }

  /** Forgets all weights and closes the files. */
  close(): void {
    this.#resident.clear();
    this.#streamed.clear();
    this.source.close();
  }
}
