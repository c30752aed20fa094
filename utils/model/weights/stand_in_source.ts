/**
 * Placeholder weights for a model that has not been downloaded. Shapes are right and values are made up. Tensors of one
 * shape share their values, so a model of any size takes the memory of one layer.
 */
import { type Tensor, tensor } from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import { unitNames, unitTensors, type WeightSource } from "./weight_source.ts";

/** Numbers in one period of a made-up tensor. */
const PERIOD = 1 << 16;

/** A source of made-up weights, and how much memory they take. */
export interface StandInSource extends WeightSource {
  /** bytes of all tensors loaded so far */
  bytes(): number;
}

/** Makes a source of made-up weights for a rehearsal. */
export function standInSource(config: ModelConfig): StandInSource {
  const period = Float32Array.from({ length: PERIOD }, (_, i) => ((i * 0.618034) % 1 - 0.5) * 0.07);
  const known = new Map<string, Float32Array>();
  const dataOf = (norm: boolean, shape: readonly number[]): Float32Array => {
    const length = shape.reduce((a, b) => a * b, 1);
    const key = `${norm} ${length}`;
    let data = known.get(key);
    if (data === undefined) {
      known.set(key, data = new Float32Array(length));
      if (norm) data.fill(1);
      for (let i = 0; !norm && i < length; i += PERIOD) {
        data.set(period.subarray(0, Math.min(PERIOD, length - i)), i);
      }
    }
    return data;
  };
  return {
    config,
    units: unitNames(config),
    load(unit) {
      const unitOf = Object.entries(unitTensors(config, unit)).map((
        [feed, [, shape]],
      ): [string, Tensor<Float32Array>] => [
        feed,
        tensor(dataOf(feed.startsWith("ln"), shape), shape),
      ]);
      return Promise.resolve(Object.fromEntries(unitOf));
    },
    bytes: () => [...known.values()].reduce((sum, data) => sum + data.byteLength, 0),
    close() {},
  };
}
