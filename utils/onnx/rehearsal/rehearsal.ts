/**
 * A run without its arithmetic: sessions give results of the right shapes at once, and keep account of what they would
 * have computed. So a script's own code says how much work it is, whatever that code does.
 *
 *  1. `SessionOptions.rehearsal` makes `Session.compile` compile nothing.
 *  2. `Session.run` counts the run by its model and by the sizes of its feeds, and returns numbers from a fixed pool.
 *  3. `rehearsedSeconds` (`speed.ts`) turns the counts into seconds on this machine.
 */
import { type Dtype, DTYPES, type F32, sizeOf, type Tensor, type TensorData } from "../dtype.ts";
import type { Model } from "../model.ts";
import type { RunCounter, SessionOptions } from "../session_options.ts";
import { stopwatch } from "./stopwatch.ts";
import { type RunCost, runCost, shapeSizes, symbolSizes } from "./costs.ts";

/** Runs of one model with feeds of the same sizes. */
export interface RehearsedRuns {
  /** what was run */
  model: Model;
  /** how it would be compiled */
  options: SessionOptions;
  /** how often */
  count: number;
  /** shapes of its feeds, by name */
  feeds: Record<string, number[]>;
  /** what one run costs */
  cost: RunCost;
}

/** Numbers that results are made of; about as large as what a model computes. */
const POOL = makePool(1 << 20);

/** Keeps account of the runs of all sessions that share it. */
export class Rehearsal implements RunCounter {
  /** how often the work that is rehearsed now will be done */
  times = 1;
  /** runs so far, each once */
  total = 0;
  /** milliseconds spent in here, which a real run does not spend */
  ownMs = 0;
  /** largest resident memory seen, in bytes */
  peakRss = 0;
  readonly #runs = new Map<Model, Map<string, RehearsedRuns>>();

  /** All runs so far. */
  get runs(): RehearsedRuns[] {
    return [...this.#runs.values()].flatMap((bySize) => [...bySize.values()]);
  }

  /** Counts a run, and returns results of its shapes. */
  run(
    model: Model,
    options: SessionOptions,
    feeds: Record<string, Tensor>,
    into: Record<string, Tensor | undefined>,
  ): Record<string, F32> {
    const seconds = stopwatch();
    const sizes = symbolSizes(model.inputs, feeds);
    const bySize = this.#runs.get(model) ?? new Map<string, RehearsedRuns>();
    this.#runs.set(model, bySize);
    const key = [...sizes.values()].join();
    const known = bySize.get(key);
    this.total++;
    if (known) known.count += this.times;
    else {
      const shapes = [...model.inputs.keys()].map((name) => [name, [...feeds[name].shape]]);
      const runs = { model, options, count: this.times, feeds: Object.fromEntries(shapes) };
      bySize.set(key, { ...runs, cost: runCost(model, sizes) });
    }
    const results: Record<string, F32> = {};
    for (const [name, { value }] of model.outputs) {
      results[name] = (into[name] ?? madeUp(value.dtype, shapeSizes(value.shape, sizes))) as F32;
    }
    this.peakRss = Math.max(this.peakRss, Deno.memoryUsage().rss);
    this.ownMs += 1000 * seconds();
    return results;
  }
}

/** Returns a tensor with numbers of the pool; indices and booleans are 0. */
function madeUp(dtype: Dtype, shape: number[]): Tensor<TensorData> {
  const length = sizeOf(shape);
  const data = DTYPES[dtype].make(length);
  if (data instanceof Float32Array) {
    for (let i = 0; i < length; i += POOL.length) {
      data.set(POOL.subarray(0, Math.min(POOL.length, length - i)), i);
    }
  }
  return { dtype, shape, data };
}

function makePool(length: number): Float32Array {
  const pool = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pool[i] = state / 2 ** 32 - 0.5;
  }
  return pool;
}
