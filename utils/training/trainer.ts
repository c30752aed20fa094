/**
 * Training as two compiled graphs: one step (forward, backward, clipping, AdamW), and the loss alone.
 *
 * Weights and moments stay in three buffers. A step is fed with them and writes its results into them: no element-wise
 * operator reads an element after the same step has written it, because every update waits for the norm of the whole
 * gradient, by which time forward and backward pass are over.
 */
import type { ModelConfig } from "../model/config.ts";
import { sequenceFeeds } from "../model/blocks/sequence.ts";
import { type Feeds, Graph, Session, type SessionOptions, tensor } from "../onnx/mod.ts";
import { type AdamWSettings, adamWStep, optimiserFeeds } from "./adamw.ts";
import { languageModel } from "./language_model.ts";
import { decayMask, type ParameterLayout, parameterLayout } from "./parameters.ts";

/**
 * Added to the attention scores of later positions. e^−70 ≈ 4e-31 of the attention is nothing in float32, and ONNX
 * Runtime's softmax takes five times as long for −∞, whose exponential it finds by way of subnormal numbers.
 */
const MASKED = -70;

/** What training changes: all that a resumed run needs. */
export interface TrainingState {
  /** steps done */
  step: number;
  weights: Float32Array<ArrayBuffer>;
  m: Float32Array<ArrayBuffer>;
  v: Float32Array<ArrayBuffer>;
}

/** The state before the first step. */
export function initialState(weights: Float32Array<ArrayBuffer>): TrainingState {
  const zeros = () => new Float32Array(weights.length);
  return { step: 0, weights, m: zeros(), v: zeros() };
}

export class Trainer {
  readonly layout: ParameterLayout;
  private sequence?: { context: number; feeds: Feeds };

  private constructor(
    readonly config: ModelConfig,
    readonly settings: AdamWSettings,
    readonly state: TrainingState,
    private readonly stepSession: Session<"loss" | "norm" | "weights" | "m" | "v">,
    private readonly lossSession: Session<"loss">,
  ) {
    this.layout = parameterLayout(config);
  }

  /** Compiles both graphs. `state` is changed in place by every step. */
  static async compile(
    config: ModelConfig,
    settings: AdamWSettings,
    state: TrainingState,
    options: SessionOptions = {},
  ): Promise<Trainer> {
    const layout = parameterLayout(config);
    if (state.weights.length !== layout.size) {
      throw new Error(
        `training state has ${state.weights.length} weights, the model has ${layout.size}`,
      );
    }
    const g = new Graph();
    const model = languageModel(g, config, layout);
    const { weights, m, v, norm } = adamWStep(
      g,
      model.weights,
      model.gradient(),
      decayMask(layout),
      settings,
      g.input("inverse_rows", []),
    );
    // Every step has the same shapes: memory given back would only have to be faulted in again.
    const stepOptions = { ...options, arena: true };
    const step = await Session.compile({ loss: model.loss, norm, weights, m, v }, {}, stepOptions);
    const loss = await Session.compile({ loss: model.loss }, {}, options);
    return new Trainer(config, settings, state, step, loss);
  }

  /**
   * One step on token ids `[batch, context + 1]`; the last `context` of each row are the targets.
   * @returns loss in nats and norm of the gradient, both before the update
   * @throws Error when the loss is not finite, naming the step; weights are then spoilt.
   */
  async step(
    ids: Int32Array,
    batch: number,
    rate: number,
  ): Promise<{ loss: number; norm: number }> {
    const t = this.state.step + 1;
    const vector = (data: Float32Array) => tensor(data, [this.layout.size]);
    const { weights, m, v } = this.state;
    const buffers = { weights: vector(weights), m: vector(m), v: vector(v) };
    const feeds = {
      ...this.#batchFeeds(ids, batch),
      ...optimiserFeeds(t, rate, this.settings),
      ...buffers,
    };
    const results = await this.stepSession.run(feeds, buffers);
    const [loss, norm] = [results.loss.data[0], results.norm.data[0]];
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      throw new Error(`step ${t}: the loss is ${loss} and the gradient's norm ${norm}`);
    }
    this.state.step = t;
    return { loss, norm };
  }

  /** Mean loss in nats on token ids `[batch, context + 1]` with the present weights. */
  async loss(ids: Int32Array, batch: number): Promise<number> {
    const weights = tensor(this.state.weights, [this.layout.size]);
    const { loss } = await this.lossSession.run({ ...this.#batchFeeds(ids, batch), weights });
    return loss.data[0];
  }

  #batchFeeds(ids: Int32Array, batch: number): Feeds {
    const row = ids.length / batch;
    const context = row - 1;
    const tokens = new Int32Array(batch * context);
    const targets = new Int32Array(batch * context);
    for (let b = 0; b < batch; b++) {
      tokens.set(ids.subarray(b * row, (b + 1) * row - 1), b * context);
      targets.set(ids.subarray(b * row + 1, (b + 1) * row), b * context);
    }
    return {
      tokens: tensor(tokens, [batch, context]),
      targets: tensor(targets, [batch, context]),
      inverse_rows: tensor(Float32Array.of(1 / (batch * context)), []),
      ...this.#sequence(context),
    };
  }

  /** Mask and rotary tables of a context length, made once; the mask is {@link MASKED} instead of −∞. */
  #sequence(context: number): Feeds {
    if (this.sequence?.context !== context) {
      const feeds = sequenceFeeds(this.config, context);
      const mask = (feeds.causal_mask.data as Float32Array).map((x) => Math.max(x, MASKED));
      feeds.causal_mask = tensor(mask, feeds.causal_mask.shape);
      this.sequence = { context, feeds };
    }
    return this.sequence.feeds;
  }

  async release(): Promise<void> {
    await this.stepSession.release();
    await this.lossSession.release();
  }
}
