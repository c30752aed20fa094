/**
 * Measures circuits: the metric of the model when every edge outside the circuit carries its corrupted activation.
 *
 *  1. Compute corrupted residual streams and source outputs, once per checkpoint and batch of prompts (`prepare`).
 *  2. Run a group of circuits layer by layer. Mix the inputs of the destinations, run the heads and MLPs in use, and
 *     store their differences from the corrupted outputs for later destinations.
 *  3. Read the metric from the last residual stream at the read-out position.
 *
 * The evaluator prunes circuits first. The whole graph gives the metric of the model, and the empty graph gives the
 * metric of the corrupted run. Source: EAP-IG's `evaluate_graph`, in the factorised form.
 */
import { type F32, type Feeds, free, tensor } from "../../onnx/mod.ts";
import { type HookedModel, sequenceFeeds } from "../../model/mod.ts";
import {
  type BatchActivations,
  batchActivations,
  corruptedResiduals,
  type Intervention,
  type MeanActivations,
  type Residuals,
  scaleFeed,
} from "../activations/mod.ts";
import { type CircuitBatch, circuitBatches, edgesInto } from "./circuit_batch.ts";
import { headsProgram, mixProgram, mlpProgram } from "./evaluation_programs.ts";
import {
  type CircuitShape,
  circuitShape,
  headColumns,
  logitsColumn,
  mlpColumn,
  pruneCircuit,
} from "../graph/mod.ts";
import type { PromptBatch } from "../../tasks/mod.ts";

/** Sets how {@link CircuitEvaluator} corrupts and groups. */
export interface EvaluationOptions {
  /** default "patching" */
  intervention?: Intervention;
  /** mean activations, required by the mean interventions */
  means?: MeanActivations;
  /** bytes of activations that a group of circuits may take; default 256e6 */
  memory?: number;
}

/** Holds what evaluation needs of a batch, whatever the circuit. */
interface PreparedBatch {
  activations: BatchActivations;
  corrupted: Residuals;
}

/** Evaluates circuits of one checkpoint on the prompts of one task. */
export class CircuitEvaluator {
  /** layers, heads and block type of the graph */
  readonly shape: CircuitShape;
  /** number of prompts in all batches */
  readonly nPrompts: number;
  /** metric of the whole model on each clean prompt, `[nPrompts]` */
  readonly cleanMetric: Float32Array;
  /** metric of the whole model on each corrupted prompt, `[nPrompts]` */
  readonly corruptedMetric: Float32Array;
  /** scratch buffer for a group's differences, reused from group to group: the system must fault in and clear new memory */
  #room = new Float32Array(0);

  private constructor(
    private readonly model: HookedModel,
    private readonly prepared: readonly PreparedBatch[],
    private readonly memory: number,
    intervention: Intervention,
  ) {
    const shape = circuitShape(model.config);
    // With zeros or means, heads outside the circuit compute too. What they write is part of the norm after attention.
    const coupled = shape.coupled ||
      model.config.llama?.postNorm === true && intervention !== "patching";
    this.shape = coupled ? { ...shape, coupled } : shape;
    this.nPrompts = prepared.reduce((n, p) => n + p.activations.batch.indices.length, 0);
    this.cleanMetric = new Float32Array(this.nPrompts);
    this.corruptedMetric = new Float32Array(this.nPrompts);
    for (const { activations } of prepared) {
      activations.batch.indices.forEach((i, n) => {
        this.cleanMetric[i] = activations.cleanMetric[n];
        this.corruptedMetric[i] = activations.corruptedMetric[n];
      });
    }
  }

  /** Computes everything that does not depend on the circuit. */
  static async prepare(
    model: HookedModel,
    batches: readonly PromptBatch[],
    { intervention = "patching", means, memory = 256e6 }: EvaluationOptions = {},
  ): Promise<CircuitEvaluator> {
    const prepared: PreparedBatch[] = [];
    for (const batch of batches) {
      const activations = await batchActivations(model, batch, intervention, means);
      prepared.push({
        activations,
        corrupted: await corruptedResiduals(model, activations, intervention),
      });
    }
    return new CircuitEvaluator(model, prepared, memory, intervention);
  }

  /** Returns the metric of each prompt under each circuit (mask `[nForward, nBackward]`), `[circuits][prompts]`. */
  async evaluate(masks: readonly Uint8Array[]): Promise<Float32Array[]> {
    const pruned = masks.map((mask) => pruneCircuit(this.shape, mask));
    const results = masks.map(() => new Float32Array(this.nPrompts));
    for (const prepared of this.prepared) {
      let from = 0;
      const { batch: { indices }, clean } = prepared.activations;
      const fits = (group: CircuitBatch) => groupBytes(group, clean.input) <= this.memory;
      for (const group of circuitBatches(this.shape, pruned, fits)) {
        const values = await this.#run(group, prepared);
        group.masks.forEach((_, c) => {
          indices.forEach((i, n) => results[from + c][i] = values[c * indices.length + n]);
        });
        from += group.masks.length;
      }
    }
    return results;
  }

  /** Takes the scratch buffer, or allocates one if it is too small. Groups that run meanwhile get buffers of their own. */
  #takeRoom(size: number): Float32Array<ArrayBuffer> {
    const kept = this.#room;
    this.#room = new Float32Array(0);
    return kept.length < size ? new Float32Array(size) : kept;
  }

  async #run(
    group: CircuitBatch,
    { activations, corrupted }: PreparedBatch,
  ): Promise<Float32Array> {
    const { config, weights } = this.model;
    const [N, P, d] = activations.clean.input.shape;
    const circuits = group.masks.length, width = N * P * d;
    const room = this.#takeRoom((1 + group.sources.length) * circuits * width);
    const run = new GroupRun(this.shape, group, circuits, width, room);
    run.add(inputDifference(activations, circuits), 1);
    const sequence = (l: number) => sequenceFeeds(config, P, activations.past?.length ?? 0, l);
    const used = (l: number) => group.heads[l].length > 0 || group.mlp[l];
    const loop = weights.layers({ only: used, thenUnembed: true });
    for await (const { layer: l, feeds: ofLayer } of loop) {
      const heads = group.heads[l];
      const before = run.count;
      if (heads.length > 0) {
        const columns = headColumns(config, l, heads);
        const layer = activations.past?.layers[l];
        const session = await headsProgram(
          this.model.runtime,
          config,
          layer !== undefined,
          "mixed",
        );
        const feeds: Feeds = {
          ...run.inputs(columns, corrupted.pre[l], before),
          head_ids: tensor(Int32Array.from(heads), [heads.length]),
          corrupted_z: activations.corrupted.z[l],
          ...scaleFeed(activations.corrupted, l),
          ...sequence(l),
          ...(layer && { past_k: layer.k, past_v: layer.v }),
        };
        run.add((await session.run({ ...feeds, ...ofLayer })).differences, heads.length);
      }
      if (group.mlp[l]) {
        const [residual, sources] = config.parallel
          ? [corrupted.pre[l], before]
          : [corrupted.mid[l], run.count];
        const session = await mlpProgram(this.model.runtime, config, "mixed");
        const feeds: Feeds = {
          ...run.inputs([mlpColumn(config, l)], residual, sources),
          corrupted_mlp: activations.corrupted.mlp[l],
        };
        run.add((await session.run({ ...feeds, ...ofLayer })).differences, 1);
      }
    }
    const mix = await mixProgram(this.model.runtime);
    const last = [logitsColumn(config)];
    const feeds = run.inputs(last, corrupted.pre[config.nLayers], run.count);
    const { x } = await mix.run(feeds);
    this.#room = room;
    return metricOfCopies(this.model, tensor(x.data, [circuits * N, P, d]), activations.batch);
  }
}

/** Estimates the bytes of a group: Δ of all sources, and x, normalised x and projections of the widest layer. */
function groupBytes({ masks, sources, heads }: CircuitBatch, input: F32): number {
  const widest = Math.max(...heads.map((ofLayer) => ofLayer.length));
  return 4 * masks.length * input.data.length * (sources.length + 9 * widest + 8);
}

/** Returns the metric `[copies · N]` of residual streams `[copies · N, P, d]`, which repeat the prompts of a batch. */
export async function metricOfCopies(
  model: HookedModel,
  x: F32,
  { readout, position, indices }: PromptBatch,
): Promise<Float32Array> {
  const copies = x.shape[0] / indices.length;
  const repeat = <T extends Int32Array | Float32Array>(data: T, out: T): T => {
    for (let c = 0; c < copies; c++) out.set(data, c * data.length);
    return out;
  };
  const size = readout.ids.length * copies;
  const repeated = {
    ...readout,
    ids: repeat(readout.ids, new Int32Array(size)),
    weights: repeat(readout.weights, new Float32Array(size)),
  };
  const positions = new Array(x.shape[0]).fill(position);
  return (await model.readout({ residual: x, positions, readout: repeated })).values.data;
}

/** Collects the differences of sources, `[1 + sources in use, circuits, width]`, and serves them to destinations. */
class GroupRun {
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
function inputDifference({ clean, corrupted }: BatchActivations, circuits: number): F32 {
  const width = clean.input.data.length;
  const values = new Float32Array(circuits * width);
  for (let i = 0; i < width; i++) values[i] = clean.input.data[i] - corrupted.input.data[i];
  for (let c = 1; c < circuits; c++) values.copyWithin(c * width, 0, width);
  return tensor(values, [circuits, 1, width]);
}
