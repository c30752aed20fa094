/**
 * Keeps a model's weights within a memory budget.
 *
 *  1. Units are pinned in memory, in the order of use, as long as two streaming slots still fit.
 *  2. Other units pass through the two slots: one holds the unit in use, the other the unit being read ahead. Reads are
 *     asynchronous: they run in the runtime's I/O threads while ONNX Runtime computes. The slot used least recently is
 *     evicted.
 *  3. Work with large activations may borrow a part of the budget. The last pinned units give up their memory then.
 *
 * Pinning changes no number, only how often a file is read.
 */
import type { ModelConfig } from "../config.ts";
import { unitTensors, type WeightSource } from "./weight_source.ts";
import { type WeightUnit } from "../blocks/mod.ts";
import { SharedSweeps } from "./shared_sweeps.ts";

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
  /** Takes the tasks that read the weights together. */
  readonly sweeps: SharedSweeps;
  readonly #resident = new Map<string, Promise<WeightUnit>>();
  readonly #streamed = new Map<string, Promise<WeightUnit>>();
  readonly #sizes: ReadonlyMap<string, number>;
  #borrowed = 0;
  /** units that are not used again soon, whose memory others may have */
  readonly #idle = new Set<string>();

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
    this.sweeps = new SharedSweeps(this.config.nLayers);
    this.#sizes = new Map(source.units.map((unit) => [unit, unitBytes(this.config, unit)]));
    this.totalBytes = [...this.#sizes.values()].reduce((a, b) => a + b, 0);
    this.#pin();
  }

  /** Pins as many units as fit beside the slots and what is borrowed, and evicts pinned ones that no longer do. */
  #pin(): void {
    const { budget, totalBytes } = this;
    const all = budget === undefined || budget >= totalBytes;
    let room = all ? Infinity : this.#most();
    this.pinned.clear();
    for (const [unit, size] of this.#sizes) {
      if (this.#idle.has(unit) && !all) continue;
      if (size <= room) {
        this.pinned.add(unit);
        room -= size;
      }
    }
    for (const unit of this.#resident.keys()) {
      if (!this.pinned.has(unit)) this.#resident.delete(unit);
    }
  }

  /** Returns the bytes that pinned units may take: the budget without two slots and what is borrowed. */
  #most(): number {
    const sizes = this.source.units.filter((unit) => !this.#idle.has(unit))
      .map((unit) => this.#sizes.get(unit)!);
    const slots = Math.max(...sizes.map((size, i) => size + (sizes[i + 1] ?? 0)));
    return this.budget! - this.#borrowed - slots;
  }

  /**
   * Takes memory from the budget for other things than weights, as far as pinned weights can give it up. Returns the bytes
   * taken: 0 if all weights stay in memory.
   */
  borrow(bytes: number): number {
    if (this.allPinned) return 0;
    const taken = Math.max(0, Math.min(bytes, this.#most()));
    this.#borrowed += taken;
    this.#pin();
    return taken;
  }

  /** Gives borrowed memory back. */
  giveBack(bytes: number): void {
    this.#borrowed -= bytes;
    if (bytes > 0) this.#pin();
  }

  /** Tells whether all units stay in memory once read. */
  get allPinned(): boolean {
    return this.pinned.size === this.source.units.length;
  }

  /** Returns the weights of a unit. Reads them if they are not in memory. */
  get(unit: string): Promise<WeightUnit> {
    const resident = this.#resident.get(unit);
    if (resident) return resident;
    const streamed = this.#streamed.get(unit);
    const loading = streamed ?? this.#read(unit);
    this.#streamed.delete(unit);
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

  /** Evicts a unit, and lets others have its memory; the next `get` reads it again. */
  forget(unit: string): void {
    this.#resident.delete(unit);
    this.#streamed.delete(unit);
    this.#idle.add(unit);
    this.#pin();
  }

  /** Evicts all weights and closes the source. */
  close(): void {
    this.#resident.clear();
    this.#streamed.clear();
    this.source.close();
  }
}
