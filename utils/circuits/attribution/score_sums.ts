/** Adds up the scores of edges, nodes and neurons in double precision. */
import { type CircuitShape, nBackward, nForward } from "../graph/mod.ts";
import type { EdgeSink } from "./edge_contraction.ts";
import type { NodeScores } from "./node_scores.ts";
import type { PromptBatch } from "../../tasks/mod.ts";

/** Adds up the scores of all prompts of a task. */
export class TaskScores {
  readonly #rows: number;
  readonly #columns: number;
  readonly #total: Float64Array;
  readonly #nodes: Float64Array;
  readonly #neurons: Float64Array;
  readonly #perPrompt?: Float32Array;
  /** sums of the scores out of the input, by prompt of the task */
  readonly outOfInput: Float64Array;

  /**
   * Starts with zeros.
   * @param d width of the residual stream
   * @param nPrompts number of prompts of the task
   * @param perPrompt whether to keep the scores of every prompt, too
   */
  constructor(
    shape: CircuitShape,
    private readonly d: number,
    private readonly nPrompts: number,
    perPrompt: boolean,
  ) {
    this.#rows = nForward(shape);
    this.#columns = nBackward(shape);
    const cells = this.#rows * this.#columns;
    this.#total = new Float64Array(cells);
    this.#nodes = new Float64Array(this.#rows);
    this.#neurons = new Float64Array(this.#rows * d);
    this.#perPrompt = perPrompt ? new Float32Array(nPrompts * cells) : undefined;
    this.outOfInput = new Float64Array(nPrompts);
  }

  /** Returns a sink for the scores of a batch. */
  of({ indices }: PromptBatch): EdgeSink {
    return {
      edge: (n, u, v, score) => {
        const cell = u * this.#columns + v;
        this.#total[cell] += score;
        if (u === 0) this.outOfInput[indices[n]] += score;
        if (this.#perPrompt) this.#perPrompt[indices[n] * this.#total.length + cell] += score;
      },
      neurons: (_, u, scores) => {
        let sum = 0;
        for (let i = 0, at = u * this.d; i < scores.length; i++, at++) {
          sum += scores[i];
          this.#neurons[at] += scores[i];
        }
        this.#nodes[u] += sum;
      },
    };
  }

  /**
   * Returns means over prompts, and the scores of every prompt if they were kept.
   * @throws Error naming the cell if a score is not finite.
   */
  means(): { scores: Float32Array; perPrompt?: Float32Array; nodes: NodeScores } {
    const mean = (sums: Float64Array) => Float32Array.from(sums, (x) => x / this.nPrompts);
    const scores = mean(this.#total);
    const bad = scores.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) {
      throw new Error(
        `the score of cell ${bad} is ${scores[bad]}: the model's activations overflow`,
      );
    }
    const nodes = { nodes: mean(this.#nodes), neurons: mean(this.#neurons) };
    return { scores, perPrompt: this.#perPrompt, nodes };
  }
}

/** Adds up scores of each prompt of a batch in double precision. */
export class PromptScores implements EdgeSink {
  readonly #rows: number;
  readonly #columns: number;
  readonly #edges: Float64Array[];
  readonly #neurons: Float64Array[];

  /**
   * Starts with zeros.
   * @param prompts number of prompts
   * @param d width of the residual stream
   */
  constructor(prompts: number, shape: CircuitShape, private readonly d: number) {
    this.#rows = nForward(shape);
    this.#columns = nBackward(shape);
    const zeros = (size: number) => Array.from({ length: prompts }, () => new Float64Array(size));
    this.#edges = zeros(this.#rows * this.#columns);
    this.#neurons = zeros(this.#rows * d);
  }

  /** Adds the score of edge u → v on prompt n. */
  edge(n: number, u: number, v: number, score: number): void {
    this.#edges[n][u * this.#columns + v] += score;
  }

  /** Adds the neuron scores of source u on prompt n. */
  neurons(n: number, u: number, scores: ArrayLike<number>): void {
    const all = this.#neurons[n];
    for (let i = 0, at = u * this.d; i < scores.length; i++, at++) all[at] += scores[i];
  }

  /** Returns the sum of the scores out of the input, source 0, on prompt n. */
  outOfInput(n: number): number {
    return this.#edges[n].subarray(0, this.#columns).reduce((sum, score) => sum + score, 0);
  }

  /** Multiplies all scores of prompt n. */
  scale(n: number, factor: number): void {
    for (const values of [this.#edges[n], this.#neurons[n]]) {
      for (let i = 0; i < values.length; i++) values[i] *= factor;
    }
  }

  /** Hands the scores of all prompts to another sink; those that are 0 are left out. */
  drain(sink: EdgeSink): void {
    const { d } = this;
    const [rows, columns] = [this.#rows, this.#columns];
    this.#edges.forEach((edges, n) => {
      for (let u = 0; u < rows; u++) {
        for (let v = 0; v < columns; v++) {
          const score = edges[u * columns + v];
          if (score !== 0) sink.edge(n, u, v, score);
        }
        sink.neurons(n, u, this.#neurons[n].subarray(u * d, (u + 1) * d));
      }
    });
  }
}
