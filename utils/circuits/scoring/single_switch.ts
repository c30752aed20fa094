/**
 * The model on clean prompts with one edge u→v, or one node u, switched to its corrupted activation.
 *
 * Everything before v is then as in the clean run, so it is enough to
 *
 *  1. add D_u = corrupted − clean output of u to the one input of v: x_v + D_u;
 *  2. compute v's owner from it, a single head or MLP, and by how much its output changes; where a norm follows attention,
 *     by how much the output of that norm changes, because the other heads' shares change too;
 *  3. run the layers after it as they are on the clean residual stream plus that change, and read the metric off.
 *
 * Many sources u go through these steps as one batch. A switched node u adds D_u itself in step 3.
 */
import {
  add,
  defineProgram,
  type F32,
  Graph,
  Session,
  type SessionOptions,
  tensor,
  unsqueeze,
} from "../../onnx/mod.ts";
import { type HookedModel, sequenceFeeds } from "../../model/mod.ts";
import { LETTERS } from "../../names/mod.ts";
import {
  type BatchActivations,
  repeatPast,
  scaleFeed,
  sourceDifferences,
} from "../activations/mod.ts";
import { headsProgram, metricOfCopies, mlpProgram } from "../evaluation/mod.ts";
import { circuitShape, destinationNode, sourceNode } from "../graph/mod.ts";

/** residual `[N, P, d]` + changes `[C, N, P, d]`, one or two of them. */
function compileMoved(terms: number, options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const changes = Array.from(
    { length: terms },
    (_, i) => g.input(`change${i}`, ["copies", "batch", "pos", "d"]),
  );
  const residual = unsqueeze(g.input("residual", ["batch", "pos", "d"]), 0);
  return Session.compile({ x: changes.reduce(add, residual) }, {}, options);
}

const movedProgram = defineProgram("moved residual", compileMoved);

export class SingleSwitch {
  private constructor(
    private readonly model: HookedModel,
    private readonly activations: BatchActivations,
    private readonly differences: F32,
    /** sources that may be run together */
    readonly capacity: number,
  ) {}

  /** @param memory bytes of activations that sources run together may take */
  static async prepare(
    model: HookedModel,
    activations: BatchActivations,
    memory: number,
  ): Promise<SingleSwitch> {
    const { dModel: d, dMlp, nHeads, nLayers } = model.config;
    const [N, P] = activations.clean.input.shape;
    const past = activations.past?.length ?? 0;
    const copies = circuitShape(model.config).coupled ? 3 * nHeads * d : 0;
    const perToken = 16 * d + copies + 2 * dMlp + 3 * nHeads * (P + past);
    const bytes = 4 * N * (P * perToken + 2 * past * d * nLayers);
    return new SingleSwitch(
      model,
      activations,
      await sourceDifferences(model, activations),
      Math.max(1, Math.floor(memory / bytes)),
    );
  }

  /** Metric with the edge u→v switched, for each source u of `first … end − 1`: `[end − first, N]`. */
  async edges(first: number, end: number, v: number): Promise<Float32Array> {
    const { residuals, mids } = this.activations;
    const { node, letter } = destinationNode(circuitShape(this.model.config), v);
    const { layer } = node;
    const changes = this.#differences(first, end);
    if (node.kind === "logits") return this.#rest(layer, changes);
    if (node.kind === "head") {
      const input = await this.#moved(residuals[layer], changes);
      return this.#afterHeads(layer, await this.#head(layer, node.head, letter!, input));
    }
    const read = this.model.config.parallel ? residuals : mids;
    const input = await this.#moved(read[layer], changes);
    return this.#rest(layer + 1, await this.#mlp(layer, input));
  }

  /** Metric of each prompt with the output of source u switched, `[N]`. */
  node(u: number): Promise<Float32Array> {
    const { kind, layer } = sourceNode(circuitShape(this.model.config), u);
    const change = this.#differences(u, u + 1);
    return kind === "head" ? this.#afterHeads(layer, change) : this.#rest(layer + 1, change);
  }

  /** D of some sources, `[sources, N, P, d]`. */
  #differences(first: number, end: number): F32 {
    const [N, rows, P, d] = this.differences.shape;
    const width = P * d;
    const out = new Float32Array((end - first) * N * width);
    for (let u = first; u < end; u++) {
      for (let n = 0; n < N; n++) {
        const at = (n * rows + u) * width;
        const row = this.differences.data.subarray(at, at + width);
        out.set(row, ((u - first) * N + n) * width);
      }
    }
    return tensor(out, [end - first, N, P, d]);
  }

  async #moved(residual: F32, ...changes: F32[]): Promise<F32> {
    const session = await movedProgram(this.model.runtime, changes.length);
    const feeds = Object.fromEntries(changes.map((change, i) => [`change${i}`, change]));
    return (await session.run({ residual, ...feeds })).x;
  }

  /**
   * Change of a head's output when one of its three inputs is `x` `[C, N, P, d]`, the others clean. Where a norm follows
   * attention, it is the change of the norm's output. Coupled heads all run.
   */
  async #head(layer: number, head: number, letter: string, x: F32): Promise<F32> {
    const { config, weights } = this.model;
    const { clean, past, residuals } = this.activations;
    const [copies, N, P, d] = x.shape;
    const width = N * P * d;
    const heads = circuitShape(config).coupled
      ? Array.from({ length: config.nHeads }, (_, h) => h)
      : [head];
    const inputs = new Float32Array(copies * heads.length * 3 * width);
    for (let c = 0; c < copies; c++) {
      const own = x.data.subarray(c * width, (c + 1) * width);
      heads.forEach((h, i) =>
        LETTERS.forEach((l, j) =>
          inputs.set(
            h === head && l === letter ? own : residuals[layer].data,
            (3 * (c * heads.length + i) + j) * width,
          )
        )
      );
    }
    const session = await headsProgram(this.model.runtime, config, past !== undefined, "given");
    const { differences } = await session.run({
      x: tensor(inputs, [copies, heads.length, 3, N, P, d]),
      head_ids: tensor(Int32Array.from(heads), [heads.length]),
      corrupted_z: clean.z[layer],
      ...scaleFeed(clean, layer),
      ...sequenceFeeds(config, P, past?.length ?? 0, layer),
      ...(past && { past_k: past.layers[layer].k, past_v: past.layers[layer].v }),
      ...await weights.layerFeeds(layer),
    });
    return tensor(differences.data, x.shape);
  }

  /** Change of an MLP's output when it reads `x` `[C, N, P, d]`. */
  async #mlp(layer: number, x: F32): Promise<F32> {
    const session = await mlpProgram(this.model.runtime, this.model.config, "given");
    const { differences } = await session.run({
      x,
      corrupted_mlp: this.activations.clean.mlp[layer],
      ...await this.model.weights.layerFeeds(layer),
    });
    return tensor(differences.data, x.shape);
  }

  /** Metric when the attention output of a layer changes. */
  async #afterHeads(layer: number, change: F32): Promise<Float32Array> {
    if (this.model.config.parallel) return this.#rest(layer + 1, change);
    const mid = await this.#moved(this.activations.mids[layer], change);
    return this.#rest(layer + 1, change, await this.#mlp(layer, mid));
  }

  /** Metric `[C, N]` when the residual stream before layer `from` (after the last: nLayers) changes. */
  async #rest(from: number, ...changes: F32[]): Promise<Float32Array> {
    const { batch, past, residuals } = this.activations;
    const x = await this.#moved(residuals[from], ...changes);
    const [copies, N, P, d] = x.shape;
    const { residual } = await this.model.runBlocks(tensor(x.data, [copies * N, P, d]), {
      from,
      past: past && repeatPast(past, copies, from),
    });
    return metricOfCopies(this.model, residual, batch);
  }
}
