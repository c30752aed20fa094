/**
 * Keeps a model's weights within a memory budget.
 *
 *  1. Units are pinned in memory, in the order of use, as long as two streaming slots still fit.
 *  2. Other units pass through the two slots: one holds the unit in use, the other the unit being read ahead. Reads are
 *     asynchronous: they run in the runtime's I/O threads while ONNX Runtime computes.
 *
 * Pinning changes no number, only how often a file is read.
 */
import type { ModelConfig } from "../config.ts";
import { unitTensors, type WeightSource } from "./weight_source.ts";
import { type WeightUnit } from "../blocks/mod.ts";

/** Returns the size of a unit in bytes, as float32. */
export function unitBytes(config: ModelConfig, unit: string): number {
  return Object.values(unitTensors(config, unit))
    .reduce((sum, [, shape]) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

/** Changes the weights of a unit after it is read. */
export type UnitTransform = (unit: string, weights: WeightUnit) => Promise<WeightUnit>;

/** Reads units from a source on demand, caches them and evicts them to stay within the budget. */
export class WeightStore {
  /** Shape of the model. */
  readonly config: ModelConfig;
  /** Bytes of all weights as float32. */
  readonly totalBytes: number;
  /** Units that stay in memory once read. */
  readonly pinned = new Set<string>();
  /** Number of units read from the source so far. */
  reads = 0;
  readonly #resident = new Map<string, Promise<WeightUnit>>();
  readonly #streamed = new Map<string, Promise<WeightUnit>>();

  /**
   * Decides which units to pin; reads nothing yet.
   * @param budget bytes of weights that may be in memory; undefined: no limit
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

  /** Tells whether all units stay in memory once read. */
  get allPinned(): boolean {
    return this.pinned.size === this.source.units.length;
  }

  /** Returns the weights of a unit. Reads them if they are not in memory. */
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

  /** Starts reading the unit that is needed next. `get` reports a failure, not this call. */
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

  /** Evicts a unit; the next `get` reads it again. */
  forget(unit: string): void {
    this.#resident.delete(unit);
    this.#streamed.delete(unit);
  }

  /** Evicts all weights and closes the source. */
  close(): void {
    this.#resident.clear();
    this.#streamed.clear();
    this.source.close();
  }
}
