/** Runs what is before and after the blocks of one model: embedding, final LayerNorm and unembedding, metrics. */
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

/** A residual stream after the last block, and what is read off it. */
export interface ReadoutRequest {
  /** `[batch, pos, d]` */
  residual: F32;
  /** one position for each batch item */
  positions: readonly number[];
  readout: Readout;
}

export interface ReadoutOptions {
  /** whether the gradient is wanted too; default: not */
  gradient?: boolean;
  /** what is asked of the hook points of the final LayerNorm */
  final?: OuterRequests;
}

export class OuterParts {
  constructor(
    private readonly weights: ModelWeights,
    private readonly embeddings: EmbeddingRows,
    private readonly runtime: Runtime,
    /** whether the unembedding has a bias, which folding the final LayerNorm gives it */
    private readonly bias: boolean,
  ) {}

  /** Returns what a metric's program depends on. */
  metricSpec({ kind, width }: Readout): MetricSpec {
    return { kind, width, bias: this.bias };
  }

  /**
   * Returns the residual stream before block 0, and the embedding hooks that are read.
   * @param start position of the first token
   * @param least pads to at least so many positions
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

  /** Returns `logits` `[rows, V]` of rows of a residual stream, and the hooks of the final LayerNorm that are read. */
  async unembed(residual: F32, rows: Tensor, { plan, feeds }: OuterRequests): Promise<Results> {
    const session = await unembedProgram(this.runtime, this.weights.config, plan, this.bias);
    return session.run({ residual, rows, ...await this.weights.unembedding(), ...feeds });
  }

  /** Returns metric `values` `[batch]`; with `gradient` also `d_residual`, and `d:{name}` of differentiated hooks. */
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
