/** How sessions are compiled and run. */
import type { Device } from "./device.ts";
import type { F32, Tensor } from "./dtype.ts";
import type { Model } from "./model.ts";

/** Takes the place of ONNX Runtime in a rehearsal: counts runs and makes up their results. */
export interface RunCounter {
  /** Counts a run; returns results by name, those of `into` where they are given. */
  run(
    model: Model,
    options: SessionOptions,
    feeds: Record<string, Tensor>,
    into: Record<string, Tensor | undefined>,
  ): Record<string, F32>;
}

/** How a model is compiled and run. */
export interface SessionOptions {
  /** where to compute; default: the CPU */
  device?: Device;
  /** threads inside an operator; default: one per core */
  threads?: number;
  /** keep freed memory in ONNX Runtime's arena: one per session, grown by doubling. Default: give it back */
  arena?: boolean;
  /** folder in which ONNX Runtime writes what ran where; `readPlacements` reads it */
  profile?: string;
  /** compute nothing: results are made up, and what would be computed is counted here */
  rehearsal?: RunCounter;
}
