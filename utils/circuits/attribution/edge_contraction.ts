/**
 * Turns gradients, summed over path points, into scores of edges, nodes and neurons.
 *
 * Each score is a product of a gradient with the source differences D, prompt by prompt. Edges take the gradient at the
 * destination (`destination_gradients.ts`), nodes and neurons the gradient at the output (`node_scores.ts`).
 */
import { defineProgram, type F32, free, type Results, tensor } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import { compileContraction } from "./ig/mod.ts";
import {
  type CircuitShape,
  circuitShape,
  layerColumns,
  layerRows,
  logitsColumn,
  prevIndex,
} from "../graph/mod.ts";
import { compileNeurons } from "./node_scores.ts";
import type { Pass } from "./pass_feeds.ts";

/** Receives scores. */
export interface EdgeSink {
  /** takes the score of edge u → v on prompt n; called once per edge and pass */
  edge(n: number, u: number, v: number, score: number): void;
  /** takes the neuron scores of source u on prompt n, `[d]`; their sum is the score of the node */
  neurons(n: number, u: number, scores: ArrayLike<number>): void;
}

const contractionProgram = defineProgram("contraction", compileContraction);
const neuronsProgram = defineProgram("neurons", compileNeurons);

/** Contracts the gradients of a batch with its source differences. */
export class EdgeContraction {
  readonly #shape: CircuitShape;

  /**
   * Prepares the contraction of one batch.
   * @param differences D `[N, nForward, P, d]`
   * @param sink receives the scores
   */
  constructor(
    private readonly model: HookedModel,
    private readonly differences: F32,
    private readonly sink: EdgeSink,
  ) {
    this.#shape = circuitShape(model.config);
  }

  /**
   * Scores the edges into layer l from `gradients` `[n, 3H+1, P, d]` of the prompts from `from` on. Gradients may cover
   * fewer positions where D is 0 after them (layer 0 of `ig_first_layer.ts`; its only source is the input).
   */
  edgesOfLayer(l: number, from: number, gradients: F32): Promise<void> {
    const [, count, positions] = gradients.shape;
    return this.#into(layerColumns(this.#shape, l).first, count, from, gradients.data, positions);
  }

  /** Scores the edges into `logits` from gradients `[n, P, d]`. */
  #edgesIntoLogits(from: number, gradients: Float32Array): Promise<void> {
    return this.#into(logitsColumn(this.#shape), 1, from, gradients, this.differences.shape[2]);
  }

  async #into(
    first: number,
    count: number,
    from: number,
    gradients: Float32Array,
    positions: number,
  ) {
    const contraction = await contractionProgram(this.model.runtime);
    const sources = prevIndex(this.#shape, first + count - 1);
    const width = positions * this.differences.shape[3];
    for (let n = 0; n * count * width < gradients.length; n++) {
      const own = gradients.subarray(n * count * width, (n + 1) * count * width);
      const { scores: { data } } = await contraction.run({
        differences: tensor(this.#rows(from + n, 0, sources, positions), [sources, width]),
        gradients: tensor(own, [count, width]),
      });
      for (let j = 0; j < count; j++) {
        const previous = prevIndex(this.#shape, first + j);
        for (let u = 0; u < previous; u++) {
          this.sink.edge(from + n, u, first + j, data[u * count + j]);
        }
      }
    }
  }

  /** Scores a layer from the results of its backward pass, then frees them. */
  async ofLayer({ component, from, count }: Pass, l: number, results: Results): Promise<void> {
    const skipsEdges = l === 0 && component.skipsFirstLayer;
    if (!skipsEdges) await this.edgesOfLayer(l, from, results.gradients);
    await this.#nodes(l, from, count, results);
    free(...Object.values(results));
  }

  /**
   * Scores the edges into the logits from the gradient at the final residual stream, `[N, K, P or 1, d]`. It is 0 before
   * the last position.
   */
  async atEnd({ from }: Pass, { data, shape: [N, K, rows, d] }: F32): Promise<void> {
    const P = this.differences.shape[2];
    const sum = new Float32Array(N * P * d);
    for (let row = 0; row < N * K; row++) {
      const to = (Math.floor(row / K) * P + P - 1) * d;
      const at = (row * rows + rows - 1) * d;
      for (let i = 0; i < d; i++) sum[to + i] += data[at + i];
    }
    await this.#edgesIntoLogits(from, sum);
  }

  /** Scores the nodes and neurons of layer l from the gradients at its outputs. Layer 0 also scores the input. */
  async #nodes(
    l: number,
    from: number,
    count: number,
    { at_heads, at_mlp, at_input }: Results,
  ): Promise<void> {
    const { heads, mlp } = layerRows(this.#shape, l);
    for (let n = 0; n < count; n++) {
      await this.#sources(from + n, n, heads, mlp - heads, at_heads);
      await this.#sources(from + n, n, mlp, 1, at_mlp);
      if (at_input) await this.#sources(from + n, n, 0, 1, at_input);
    }
  }

  async #sources(prompt: number, n: number, first: number, count: number, gradient: F32) {
    const [, P, d] = gradient.shape;
    const session = await neuronsProgram(this.model.runtime);
    const { neurons: { data } } = await session.run({
      differences: tensor(this.#rows(prompt, first, count, P), [count, P, d]),
      gradient: tensor(gradient.data.subarray(n * P * d, (n + 1) * P * d), [P, d]),
    });
    for (let u = 0; u < count; u++) {
      this.sink.neurons(prompt, first + u, data.subarray(u * d, (u + 1) * d));
    }
  }

  /** Returns D of some sources of a prompt, `[count, positions, d]`: the first positions of one source, or all of several. */
  #rows(prompt: number, first: number, count: number, positions: number): Float32Array {
    const [, sources, P, d] = this.differences.shape;
    if (positions < P && count > 1) {
      throw new Error(`gradients at ${positions} of ${P} positions for ${count} sources`);
    }
    const at = (prompt * sources + first) * P * d;
    return this.differences.data.subarray(at, at + (count - 1) * P * d + positions * d);
  }
}
