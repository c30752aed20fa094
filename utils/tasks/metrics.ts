/**
 * Task metrics, one value per prompt, from the logits at the read-out position.
 *
 * With x a row of logits and q = softmax(x) over the whole vocabulary:
 *
 * 1. One pass over the row finds the maximum, its first index, and Σ exp(x − max).
 * 2. A second pass, only for reciprocal ranks, counts for every answer how many tokens come before it.
 *    Order: larger logit first, lower id first among equal logits. So rank 1 is the first maximum, and
 *    every id has a rank of its own.
 * 3. `logit_diff`, `prob_diff`: the weights of `readout.ts` applied to x or q.
 *    `prob_mass`: mean of q over the correct ids, or their sum for `group_sum`.
 *    `rank_0`: for `simple` and `pairs` the share of correct ids that have rank 1 in the vocabulary;
 *    for groups 1 if the first of all answers is a correct one.
 *    `accuracy`: 1 if logit_diff > 0.
 *    `mrr`: mean of 1/rank over the correct ids. `max_group_mrr`: the largest 1/rank.
 */
import type { MetricName, PromptPair, TaskData } from "./prompt_pair.ts";
import { answerWeights } from "./readout.ts";

/** All metric names. */
export const METRIC_NAMES: readonly MetricName[] = [
  "logit_diff",
  "prob_diff",
  "prob_mass",
  "rank_0",
  "accuracy",
  "mrr",
  "max_group_mrr",
];

/**
 * Computes metrics of all prompts.
 * @param logits read-out rows `[N, vocabSize]`; row n belongs to `data.prompts[n]`
 * @param data the prompts (only their answers are used) and how the answers are compared
 * @returns the N values of each metric; probabilities and ranks are in 0 … 1, logits in nats
 * @throws RangeError if the rows do not fit the prompts, or an answer is outside the vocabulary.
 */
export function computeMetrics(
  logits: Float32Array,
  vocabSize: number,
  data: Pick<TaskData, "prompts" | "mode">,
  names: readonly MetricName[],
): Record<MetricName, Float64Array> {
  const { prompts } = data;
  if (logits.length !== prompts.length * vocabSize) {
    throw new RangeError(
      `metrics: expected ${prompts.length} rows of ${vocabSize} logits, found ${logits.length} values`,
    );
  }
  const values = Object.fromEntries(
    names.map((name) => [name, new Float64Array(prompts.length)]),
  ) as Record<MetricName, Float64Array>;
  prompts.forEach((prompt, n) => {
    checkAnswers(prompt, n, vocabSize);
    const row = new AnswerRow(
      logits.subarray(n * vocabSize, (n + 1) * vocabSize),
      prompt,
      data.mode,
    );
    for (const name of names) values[name][n] = row[name];
  });
  return values;
}

/** One row of logits with the answers of its prompt; every metric is a property. */
class AnswerRow implements Record<MetricName, number> {
  readonly #row: Float32Array;
  readonly #prompt: PromptPair;
  readonly #mode: TaskData["mode"];
  readonly #answers: number[];
  #softmax?: { max: number; argmax: number; sum: number };
  #correctRanks?: number[];

  constructor(row: Float32Array, prompt: PromptPair, mode: TaskData["mode"]) {
    this.#row = row;
    this.#prompt = prompt;
    this.#mode = mode;
    this.#answers = [...prompt.correct, ...prompt.wrong];
  }

  get logit_diff(): number {
    const weights = answerWeights(this.#prompt, "logit_diff", this.#mode);
    return dot(weights, this.#answers.map((id) => this.#row[id]));
  }

  get prob_diff(): number {
    const weights = answerWeights(this.#prompt, "prob_diff", this.#mode);
    return dot(weights, this.#answers.map((id) => this.#probability(id)));
  }

  get prob_mass(): number {
    const { correct } = this.#prompt;
    const sum = correct.reduce((total, id) => total + this.#probability(id), 0);
    return this.#mode === "group_sum" || correct.length === 0 ? sum : sum / correct.length;
  }

  get rank_0(): number {
    const { correct } = this.#prompt;
    if (this.#mode === "groups" || this.#mode === "group_sum") {
      const first = this.#answers.reduce((a, b) => this.#isBefore(b, a) ? b : a);
      return correct.includes(first) ? 1 : 0;
    }
    const { argmax } = this.#statistics();
    return correct.filter((id) => id === argmax).length / correct.length;
  }

  get accuracy(): number {
    return this.logit_diff > 0 ? 1 : 0;
  }

  get mrr(): number {
    const ranks = this.#ranks();
    return ranks.reduce((total, rank) => total + 1 / rank, 0) / Math.max(1, ranks.length);
  }

  get max_group_mrr(): number {
    return this.#ranks().reduce((best, rank) => Math.max(best, 1 / rank), 0);
  }

  #probability(id: number): number {
    const { max, sum } = this.#statistics();
    return Math.exp(this.#row[id] - max) / sum;
  }

  /** Finds the maximum, its first index, and Σ exp(x − max), rescaling the sum whenever the maximum grows. */
  #statistics() {
    if (this.#softmax) return this.#softmax;
    const row = this.#row;
    let max = -Number.MAX_VALUE;
    let argmax = 0;
    let sum = 0;
    for (let id = 0; id < row.length; id++) {
      const x = row[id];
      if (x > max) {
        sum = sum * Math.exp(max - x) + 1;
        max = x;
        argmax = id;
      } else {
        sum += Math.exp(x - max);
      }
    }
    return this.#softmax = { max, argmax, sum };
  }

  /** Returns the ranks of the correct ids; the most probable token of the vocabulary has rank 1. */
  #ranks(): number[] {
    if (this.#correctRanks) return this.#correctRanks;
    const { correct } = this.#prompt;
    const ordered = [...correct].sort((a, b) => this.#isBefore(a, b) ? -1 : 1);
    const row = this.#row;
    // ahead[i]: number of tokens before ordered[i] but not before ordered[i - 1]
    const ahead = new Float64Array(ordered.length + 1);
    const last = ordered.length === 0 ? Infinity : row[ordered[ordered.length - 1]];
    for (let id = 0; id < row.length; id++) {
      if (row[id] < last) continue;
      let low = 0;
      let high = ordered.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#isBefore(id, ordered[middle])) high = middle;
        else low = middle + 1;
      }
      ahead[low]++;
    }
    let rank = 1;
    const ranks = new Map(ordered.map((id, i) => [id, rank += ahead[i]]));
    return this.#correctRanks = correct.map((id) => ranks.get(id)!);
  }

  /** Returns whether `a` comes before `b`: larger logit first, lower id first among equal logits. */
  #isBefore(a: number, b: number): boolean {
    return this.#row[a] > this.#row[b] || (this.#row[a] === this.#row[b] && a < b);
  }
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

function checkAnswers({ correct, wrong }: PromptPair, n: number, vocabSize: number): void {
  for (const id of [...correct, ...wrong]) {
    if (!(id >= 0 && id < vocabSize)) {
      throw new RangeError(
        `metrics: prompt ${n}: expected answer ids from 0 to ${
          vocabSize - 1
        }, found answer id ${id}`,
      );
    }
  }
}
