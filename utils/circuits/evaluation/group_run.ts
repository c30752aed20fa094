/**
 * Holds what a group of circuits has computed so far: the differences of its sources from the corrupted run,
 * `[1 + sources in use, circuits, width]`. Destinations read sums of them over the circuit's edges.
 */
import { type F32, type Feeds, free, tensor } from "../../onnx/mod.ts";
import { type CircuitShape } from "../graph/mod.ts";
import { type CircuitBatch, edgesInto } from "./circuit_batch.ts";
import type { PreparedBatch } from "./prepared_batch.ts";

/** Collects differences and serves them to destinations; see the header. */
export class GroupRun {
  /** sources computed so far */
  count = 0;

  /** @param differences buffer for the corrupted residual and the differences after it, with any contents */
  constructor(
    private readonly shape: CircuitShape,
    private readonly group: CircuitBatch,
    private readonly circuits: number,
    private readonly width: number,
    private readonly differences: Float32Array,
  ) {}

  /** Appends `count` sources, `[circuits, count, width]`, and frees the tensor. */
  add(values: F32, count: number): void {
    const { circuits, width } = this;
    for (let c = 0; c < circuits; c++) {
      for (let s = 0; s < count; s++) {
        const from = (c * count + s) * width;
        const to = ((1 + this.count + s) * circuits + c) * width;
        this.differences.set(values.data.subarray(from, from + width), to);
      }
    }
    free(values);
    this.count += count;
  }

  /**
   * Returns the feeds of the mix: the edges from the first `count` sources into some columns, and the differences of
   * these sources. The corrupted residual comes first, as a source that is always in the circuit.
   */
  inputs(columns: readonly number[], residual: F32, count: number): Feeds {
    const { circuits, width, group } = this;
    const rows = 1 + count;
    const edges = new Float32Array(circuits * columns.length * rows);
    for (let c = 0; c < circuits; c++) {
      this.differences.set(residual.data, c * width);
      edges.set(edgesInto(this.shape, group, c, columns, count), c * columns.length * rows);
    }
    const differences = this.differences.subarray(0, rows * circuits * width);
    return {
      edges: tensor(edges, [circuits, columns.length, rows]),
      differences: tensor(differences, [rows, circuits, width]),
    };
  }
}

/** Returns clean − corrupted input, repeated for each circuit: `[circuits, 1, width]`. */
export function inputDifference({ cleanInput, corrupted }: PreparedBatch, circuits: number): F32 {
  const width = cleanInput.data.length;
  const values = new Float32Array(circuits * width);
  for (let i = 0; i < width; i++) values[i] = cleanInput.data[i] - corrupted.input.data[i];
  for (let c = 1; c < circuits; c++) values.copyWithin(c * width, 0, width);
  return tensor(values, [circuits, 1, width]);
}
