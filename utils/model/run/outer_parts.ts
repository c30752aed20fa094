/** Runs what comes before and after a model's blocks: embedding, final LayerNorm, unembedding and metrics. */
import { defineProgram, type F32, type Results, type Tensor, tensor } from "../../onnx/mod.ts";
import {
  compileEmbed,
  compileReadout,
  compileUnembed,
  type MetricSpec,
  type Readout,
  readoutFeeds,
} from "../blocks/mod.ts";
import type { Runtime } from "../runtime.ts";
import type { EmbeddingRows, ModelWeights } from "../weights/mod.ts";
import { padTokens } from "./batch.ts";
import type { OuterRequests } from "./hook_requests.ts";
import { checkPositions } from "./positions.ts";

const embedProgram = defineProgram("embed", compileEmbed);
const unembedProgram = defineProgram("unembed", compileUnembed);
const readoutProgram = defineProgram("readout", compileReadout);

const NOTHING: OuterRequests = { plan: {}, feeds: {} };

/** A residual stream after the last block, and the metric to compute from it. */
export interface ReadoutRequest {
  /** residual stream `[batch, pos, d]` */
  residual: F32;
  /** one position per batch item */
  positions: readonly number[];
  /** metric; its rows are the batch items */
  readout: Readout;
}

/** Options of a readout. */
export interface ReadoutOptions {
  /** whether to return the gradient too; default false */
  gradient?: boolean;
  /** plan and patches of the final LayerNorm's hook points; default: none */
  final?: OuterRequests;
}

/** Runs the embedding, the unembedding and the metrics of one model. */
export class OuterParts {
  /** Takes the weights of one checkpoint, and the runtime that caches compiled programs. */
  constructor(
    private readonly weights: ModelWeights,
    private readonly embeddings: EmbeddingRows,
    private readonly runtime: Runtime,
    /** whether the unembedding has a bias; folding the final LayerNorm adds one */
    private readonly bias: boolean,
  ) {}

  /** Returns the settings that a metric's program is compiled for. */
  metricSpec({ kind, width }: Readout): MetricSpec {
    return { kind, width, bias: this.bias };
  }

  /**
   * Returns the residual stream before block 0 as `residual` `[batch, pos, d]`, and the embedding hooks that are read.
   * @param start position of the first token
   * @param least smallest number of positions to pad to
   * @throws Error if a prompt is empty, has an id outside the vocabulary or has more tokens than the model has positions.
   */
  async embed(
    prompts: readonly (readonly number[])[],
    { plan, feeds }: OuterRequests,
    start: number,
    least?: number,
  ): Promise<Results> {
    const { config } = this.weights;
    const { tokens, pos } = padTokens(prompts, config.vocabSize, least);
    checkPositions(start + pos, config, this.runtime);
    const session = await embedProgram(this.runtime, config, plan);
    const position_ids = tensor(Int32Array.from({ length: pos }, (_, i) => start + i), [pos]);
    return session.run({ ...await this.embeddings.feeds(tokens), position_ids, ...feeds });
  }

  /** Returns `logits` `[rows, V]` for rows of a residual stream, and the final LayerNorm's hooks that are read. */
  async unembed(residual: F32, rows: Tensor, { plan, feeds }: OuterRequests): Promise<Results> {
    const session = await unembedProgram(this.runtime, this.weights.config, plan, this.bias);
    return session.run({ residual, rows, ...await this.weights.unembedding(), ...feeds });
  }

  /**
   * Returns the metric's `values` `[batch]`. With `gradient` also returns the gradient of their sum: `d_residual`
   * `[batch, pos, d]`, and `d:{name}` for each differentiated hook.
   */
  async readout(
    { residual, positions, readout }: ReadoutRequest,
    { gradient = false, final = NOTHING }: ReadoutOptions = {},
  ): Promise<Results> {
    const spec = { ...this.metricSpec(readout), gradient, plan: final.plan };
    const session = await readoutProgram(this.runtime, this.weights.config, spec);
    const feeds = { residual, ...readoutFeeds(positions, residual.shape[1], readout) };
    return session.run({ ...feeds, ...final.feeds, ...await this.weights.unembedding() });
  }
}
