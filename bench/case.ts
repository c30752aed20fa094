/** What a benchmark is, the shapes it runs on, and the line that it prints. */
import type { ModelConfig } from "../utils/model/config.ts";

/** One run of a benchmark, in a process of its own. */
export interface BenchCase {
  bench: string;
  shape: string;
  prompts: number;
  /** how often it is timed, in turn with its yardstick */
  repeats: number;
  /** threads of ONNX Runtime; default: one per core */
  threads?: number;
}

export interface Measurement {
  /** tokens that pass through the model */
  tokens: number;
  /** median */
  seconds: number;
  /** floating-point operations of the matrix products that the result needs */
  flops: number;
  /** median of (flops/seconds) over the matrix-product rate timed beside it; undefined where that says nothing */
  ofMatmulRate?: number;
  /** largest resident memory before the yardstick was set up */
  peakRssMb: number;
  weightsMb: number;
  /** further columns of the line, e.g. lower bounds of the time */
  more?: Record<string, number>;
}

export interface Bench {
  name: string;
  description: string;
  /** shapes and numbers of prompts that it runs on unless told otherwise */
  shapes: readonly string[];
  prompts: readonly number[];
  measure(config: ModelConfig, c: BenchCase): Promise<Measurement>;
}

/** Tokens per prompt, the longest of the indirect-object prompts. */
export const POSITIONS = 21;

function pythia(nLayers: number, nHeads: number, dModel: number): ModelConfig {
  const dHead = dModel / nHeads;
  return {
    architecture: "gpt_neox",
    nLayers,
    nHeads,
    dModel,
    dHead,
    dMlp: 4 * dModel,
    vocabSize: 50304,
    maxPositions: 2048,
    parallel: true,
    rotaryDims: dHead / 4,
    rotaryBase: 10000,
    layerNormEps: 1e-5,
    activation: "gelu",
    tied: false,
  };
}

/** Randomly initialised models have these shapes; their time does not depend on the weights. */
export const SHAPES: Record<string, ModelConfig> = {
  "pythia-14m": pythia(6, 4, 128),
  "pythia-70m": pythia(6, 8, 512),
  "pythia-160m": pythia(12, 12, 768),
  "pythia-410m": pythia(24, 16, 1024),
};

/** Random prompts of equal length. */
export function randomPrompts(n: number, length: number, vocabSize: number): number[][] {
  let state = 12345;
  const next = () => state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Array.from({ length: n }, () => Array.from({ length }, () => next() % vocabSize));
}

/** Largest resident memory of this process so far, in MiB. */
export function peakRssMb(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
  } catch {
    return Deno.memoryUsage().rss / 2 ** 20;
  }
}

export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
