/**
 * Measures circuits: the metric of the model when every edge outside the circuit carries its corrupted activation.
 *
 *  1. Compute corrupted residual streams and source outputs, once per checkpoint and batch of prompts (`prepare`). Batches
 *     that would hold too much memory together are computed again whenever circuits are evaluated.
 *  2. Run a group of circuits layer by layer. Mix the inputs of the destinations, run the heads and MLPs in use, and
 *     store their differences from the corrupted outputs for later destinations.
 *     Where weights do not stay in memory, groups go through the layers together and read them once.
 *  3. Read the metric from the last residual stream at the read-out position.
 *
 * The evaluator prunes circuits first. The whole graph gives the metric of the model, and the empty graph gives the
 * metric of the corrupted run. Source: EAP-IG's `evaluate_graph`, in the factorised form.
 */
import { type F32, type Feeds, tensor } from "../../onnx/mod.ts";
import { type HookedModel, sequenceFeeds } from "../../model/mod.ts";
import {
  boundedBatches,
  FREE_BYTES,
  type Intervention,
  keptBytes,
  type MeanActivations,
  packed,
  scaleFeed,
} from "../activations/mod.ts";
import { type CircuitBatch, circuitBatches } from "./circuit_batch.ts";
import { GroupRun, inputDifference } from "./group_run.ts";
import { headsProgram, mixProgram, mlpProgram } from "./evaluation_programs.ts";
import {
  type CircuitShape,
  circuitShape,
  headColumns,
  logitsColumn,
  mlpColumn,
  pruneCircuit,
} from "../graph/mod.ts";
import {
  type BatchMetrics,
  prepareBatch,
  type PreparedBatch,
  preparedBytes,
  preparedRows,
} from "./prepared_batch.ts";
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

/** A batch, with its activations if they stay in memory. */
interface BatchSlot {
  batch: PromptBatch;
  bytes: number;
  kept?: PreparedBatch;
}

/** A group of circuits that is ready to run on some prompts. */
interface ReadyRun {
  bytes: number;
  run: () => Promise<void>;
}

/** Bytes of activations that stay in memory from one evaluation to the next. */
const KEPT_BYTES = 512e6;

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
    private readonly slots: readonly BatchSlot[],
    metrics: readonly BatchMetrics[],
    private readonly options: EvaluationOptions,
  ) {
    const shape = circuitShape(model.config);
    const { intervention = "patching" } = options;
    // With zeros or means, heads outside the circuit compute too. What they write is part of the norm after attention.
    const coupled = shape.coupled ||
      model.config.llama?.postNorm === true && intervention !== "patching";
    this.shape = coupled ? { ...shape, coupled } : shape;
    this.nPrompts = slots.reduce((n, { batch }) => n + batch.indices.length, 0);
    this.cleanMetric = new Float32Array(this.nPrompts);
    this.corruptedMetric = new Float32Array(this.nPrompts);
    slots.forEach(({ batch }, i) => {
      batch.indices.forEach((prompt, n) => {
        this.cleanMetric[prompt] = metrics[i].cleanMetric[n];
        this.corruptedMetric[prompt] = metrics[i].corruptedMetric[n];
      });
    });
  }

  /**
   * Computes everything that does not depend on the circuit. If weights do not stay in memory, takes memory for it from
   * their budget until the model is closed.
   */
  static async prepare(
    model: HookedModel,
    batches: readonly PromptBatch[],
    options: EvaluationOptions = {},
  ): Promise<CircuitEvaluator> {
    const { intervention = "patching", means } = options;
    const bounded = boundedBatches(model.config, batches);
    let room = KEPT_BYTES;
    if (!model.weights.allInMemory) {
      const wanted = bounded.reduce((n, batch) => n + keptBytes(model.config, batch), 0);
      room = FREE_BYTES + model.weights.borrow(wanted - FREE_BYTES);
    }
    const slots: BatchSlot[] = [], metrics: BatchMetrics[] = [];
    for (const group of packed(bounded, (batch) => 2 * keptBytes(model.config, batch), room)) {
      const done = await model.weights.together(
        group.map((batch) => () => prepareBatch(model, batch, intervention, means)),
      );
      done.forEach(({ prepared, metrics: ofBatch }, i) => {
        const bytes = preparedBytes(prepared);
        const kept = bytes <= room;
        if (kept) room -= bytes;
        slots.push({ batch: group[i], bytes, ...(kept && { kept: prepared }) });
        metrics.push(ofBatch);
      });
    }
    return new CircuitEvaluator(model, slots, metrics, options);
  }

  /** Returns the metric of each prompt under each circuit (mask `[nForward, nBackward]`), `[circuits][prompts]`. */
  async evaluate(masks: readonly Uint8Array[]): Promise<Float32Array[]> {
    const { weights } = this.model;
    const { memory = 256e6, intervention = "patching", means } = this.options;
    const pruned = masks.map((mask) => pruneCircuit(this.shape, mask));
    const results = masks.map(() => new Float32Array(this.nPrompts));
    for (const slots of packed(this.slots, ({ kept, bytes }) => kept ? 0 : 2 * bytes, memory)) {
      const ready = await weights.together(
        slots.map(({ batch, kept }) => async () =>
          kept ?? (await prepareBatch(this.model, batch, intervention, means)).prepared
        ),
      );
      const runs = ready.flatMap((prepared) => this.#runs(prepared, pruned, results, memory));
      const wanted = runs.reduce((sum, { bytes }) => sum + bytes, 0);
      await weights.withMemory(wanted, memory, async (room) => {
        for (const group of packed(runs, ({ bytes }) => bytes, room)) {
          await weights.together(group.map(({ run }) => run));
        }
      });
    }
    return results;
  }

  /** Returns the runs of all circuits on a batch, each of at most `memory` bytes or of one circuit on one prompt. */
  #runs(
    prepared: PreparedBatch,
    masks: readonly Uint8Array[],
    results: readonly Float32Array[],
    memory: number,
  ): ReadyRun[] {
    const { batch: { indices }, cleanInput } = prepared;
    const fits = (group: CircuitBatch) => groupBytes(group, cleanInput.data.length) <= memory;
    const runs: ReadyRun[] = [];
    let first = 0;
    for (const group of circuitBatches(this.shape, masks, fits)) {
      const start = first;
      first += group.masks.length;
      const bytes = groupBytes(group, cleanInput.data.length);
      const parts = Math.min(indices.length, Math.ceil(bytes / memory));
      for (let part = 0; part < parts; part++) {
        const [from, to] = [part, part + 1].map((i) => Math.round(i * indices.length / parts));
        const rows = preparedRows(prepared, from, to);
        const run = async () => {
          const values = await this.#run(group, rows);
          group.masks.forEach((_, c) => {
            rows.batch.indices.forEach((prompt, n) => {
              results[start + c][prompt] = values[c * (to - from) + n];
            });
          });
        };
        runs.push({ bytes: bytes / parts, run });
      }
    }
    return runs;
  }

  /** Takes the scratch buffer, or allocates one if it is too small. Groups that run meanwhile get buffers of their own. */
  #takeRoom(size: number): Float32Array<ArrayBuffer> {
    const kept = this.#room;
    this.#room = new Float32Array(0);
    return kept.length < size ? new Float32Array(size) : kept;
  }

  async #run(
    group: CircuitBatch,
    prepared: PreparedBatch,
  ): Promise<Float32Array> {
    const { past, corrupted, residuals } = prepared;
    const { config, weights } = this.model;
    const [N, P, d] = prepared.cleanInput.shape;
    const circuits = group.masks.length, width = N * P * d;
    const room = this.#takeRoom((1 + group.sources.length) * circuits * width);
    const run = new GroupRun(this.shape, group, circuits, width, room);
    run.add(inputDifference(prepared, circuits), 1);
    const sequence = (l: number) => sequenceFeeds(config, P, past?.length ?? 0, l);
    const used = (l: number) => group.heads[l].length > 0 || group.mlp[l];
    const loop = weights.layers({ only: used, thenUnembed: true });
    for await (const { layer: l, feeds: ofLayer } of loop) {
      const heads = group.heads[l];
      const before = run.count;
      if (heads.length > 0) {
        const columns = headColumns(config, l, heads);
        const layer = past?.layers[l];
        const session = await headsProgram(
          this.model.runtime,
          config,
          layer !== undefined,
          "mixed",
        );
        const feeds: Feeds = {
          ...run.inputs(columns, residuals.pre[l], before),
          head_ids: tensor(Int32Array.from(heads), [heads.length]),
          corrupted_z: corrupted.z[l],
          ...scaleFeed(corrupted, l),
          ...sequence(l),
          ...(layer && { past_k: layer.k, past_v: layer.v }),
        };
        run.add((await session.run({ ...feeds, ...ofLayer })).differences, heads.length);
      }
      if (group.mlp[l]) {
        const [residual, sources] = config.parallel
          ? [residuals.pre[l], before]
          : [residuals.mid[l], run.count];
        const session = await mlpProgram(this.model.runtime, config, "mixed");
        const feeds: Feeds = {
          ...run.inputs([mlpColumn(config, l)], residual, sources),
          corrupted_mlp: corrupted.mlp[l],
        };
        run.add((await session.run({ ...feeds, ...ofLayer })).differences, 1);
      }
    }
    const mix = await mixProgram(this.model.runtime);
    const last = [logitsColumn(config)];
    const feeds = run.inputs(last, residuals.pre[config.nLayers], run.count);
    const { x } = await mix.run(feeds);
    this.#room = room;
    return metricOfCopies(this.model, tensor(x.data, [circuits * N, P, d]), prepared.batch);
  }
}

/** Estimates the bytes of a group: Δ of all sources, and x, normalised x and projections of the widest layer. */
function groupBytes({ masks, sources, heads }: CircuitBatch, width: number): number {
  const widest = Math.max(...heads.map((ofLayer) => ofLayer.length));
  return 4 * masks.length * width * (sources.length + 9 * widest + 8);
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
