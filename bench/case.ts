/** What a benchmark is and measures, the shapes it runs on, and small tools for timing. */
import { type ModelConfig, pythiaShape } from "../utils/model/mod.ts";

/** One run of a benchmark, in its own process. */
export interface BenchCase {
  /** name of the benchmark */
  bench: string;
  /** name of the model shape */
  shape: string;
  /** number of prompts */
  prompts: number;
  /** number of timings, in turn with the yardstick */
  repeats: number;
  /** threads of ONNX Runtime; default: one per core */
  threads?: number;
  /** which of the bench's kinds */
  kind?: string;
}

/** What a benchmark measures. */
export interface Measurement {
  /** tokens that pass through the model */
  tokens: number;
  /** median over the timings */
  seconds: number;
  /** floating-point operations of the matrix products that the result needs */
  flops: number;
  /** median of flops/seconds relative to the matrix-product rate of the same moment; undefined if not meaningful */
  ofMatmulRate?: number;
  /** largest resident memory before the yardstick was set up, MiB */
  peakRssMb: number;
  /** size of the weights, MiB */
  weightsMb: number;
  /** further columns of the line, e.g. lower bounds of the time */
  more?: Record<string, number>;
}

/** A benchmark. */
export interface Bench {
  /** name on the command line */
  name: string;
  /** one line for `--help` */
  description: string;
  /** shapes that it runs on by default */
  shapes: readonly string[];
  /** numbers of prompts that it runs with by default */
  prompts: readonly number[];
  /** variants, each with a line of its own; default: one without a name */
  kinds?: readonly string[];
  /** runs one case in this process */
  measure(config: ModelConfig, c: BenchCase): Promise<Measurement>;
}

/** Tokens per prompt: the length of the longest indirect-object prompt. */
export const POSITIONS = 21;

/** Shapes of the randomly initialised models; the time does not depend on the weights. */
export const SHAPES: Record<string, ModelConfig> = {
  "pythia-nano": {
    ...pythiaShape(4, 6, 96),
    dMlp: 288,
    vocabSize: 1423,
    maxPositions: 256,
    rotaryDims: 8,
    rotaryBase: 100,
  },
  "pythia-14m": pythiaShape(6, 4, 128),
  "pythia-70m": pythiaShape(6, 8, 512),
  "pythia-160m": pythiaShape(12, 12, 768),
  "pythia-410m": pythiaShape(24, 16, 1024),
  "pythia-1.4b": pythiaShape(24, 16, 2048),
  "pythia-2.8b": pythiaShape(32, 32, 2560),
  "pythia-12b": pythiaShape(36, 40, 5120),
  "neox-20b": pythiaShape(44, 64, 6144),
  "pythia-2.8b-6-layers": pythiaShape(6, 32, 2560),
  "gpt2-small": {
    ...pythiaShape(12, 12, 768),
    architecture: "gpt2",
    vocabSize: 50257,
    maxPositions: 1024,
    parallel: false,
    rotaryDims: 0,
    activation: "gelu_tanh",
    tied: true,
  },
};

/** Returns random prompts of equal length, always the same ones. */
export function randomPrompts(n: number, length: number, vocabSize: number): number[][] {
  let state = 12345;
  const next = () => state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Array.from({ length: n }, () => Array.from({ length }, () => next() % vocabSize));
}

/** Returns the largest resident memory of this process so far, in MiB. */
export function peakRssMb(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
  } catch {
    return Deno.memoryUsage().rss / 2 ** 20;
  }
}

/** Returns the seconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
