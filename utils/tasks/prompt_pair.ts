/**
 * Clean and corrupted prompts with their answers: the content of every task.
 *
 * A pair is made of two texts. Both are tokenized without special tokens, except BOS if the tokenizer puts
 * it in front of prompts, and must have the same number of tokens, because activations of the two runs are
 * compared position by position.
 */
import { promptIds, showTokens, type Tokenizer } from "../model/mod.ts";

/** One clean prompt and its corrupted counterpart. */
export interface PromptPair {
  /** The clean prompt as text. */
  cleanText: string;
  /** The corrupted prompt as text. */
  corruptedText: string;
  /** Token ids of the clean prompt. */
  clean: number[];
  /** Token ids of the corrupted prompt, as many as the clean one has. */
  corrupted: number[];
  /** Index of the token whose logits are read. */
  position: number;
  /**
   * Token ids of correct answers. `simple`: one correct and one wrong. `pairs`: the i-th correct answer
   * is compared with the i-th wrong one. `groups`, `group_sum`: the correct answers count +1, the wrong
   * ones −1.
   */
  correct: number[];
  /** Token ids of wrong answers. */
  wrong: number[];
  /** Named token positions, e.g. IO, S1, S2 and END in `ioi`, YY in `greater_than`. */
  marks?: Record<string, number>;
}

/** A metric of one prompt; `metrics.ts` defines them. */
export type MetricName =
  | "logit_diff"
  | "prob_diff"
  | "prob_mass"
  | "rank_0"
  | "accuracy"
  | "mrr"
  | "max_group_mrr";

/** How the answers of a prompt are compared; see {@link PromptPair.correct}. */
export type AnswerMode = "simple" | "pairs" | "groups" | "group_sum";

/** A differentiable metric, for finding circuits. */
export interface TaskMetric {
  /** Difference of logits or of probabilities. */
  name: "logit_diff" | "prob_diff";
  /** How the answers are compared. */
  mode: AnswerMode;
}

/** The prompts of one task for one tokenizer. */
export interface TaskData {
  /** Name of the task. */
  task: string;
  /** The prompts, in a fixed order. */
  prompts: PromptPair[];
  /** The metric that circuits are found with. */
  metric: TaskMetric;
  /** How all metrics compare the answers. */
  mode: AnswerMode;
}

/** A pair before tokenization. */
export interface PairText {
  cleanText: string;
  corruptedText: string;
  correct: number[];
  wrong: number[];
}

/**
 * Tokenizes a pair, to be read at the last token, and checks it with {@link checkAligned}.
 * @param where name of the prompt in errors, e.g. `ioi prompt 3`
 * @throws Error if the tokenizer cannot encode all of a text, or the two do not align.
 */
export function makePair(tokenizer: Tokenizer, text: PairText, where: string): PromptPair {
  const clean = encodeKnown(tokenizer, text.cleanText, where);
  const corrupted = encodeKnown(tokenizer, text.corruptedText, where);
  const pair = { ...text, clean, corrupted, position: clean.length - 1 };
  checkAligned(pair, tokenizer, where);
  return pair;
}

/**
 * Checks that both prompts have the same number of tokens and that the read-out is one of them.
 * @throws Error naming the prompt and showing both token lists.
 */
export function checkAligned(pair: PromptPair, tokenizer: Tokenizer, where: string): void {
  const { clean, corrupted, position } = pair;
  if (clean.length !== corrupted.length) {
    throw new Error(
      `${where}: clean and corrupted must align token by token, found ${clean.length} and ` +
        `${corrupted.length} tokens: clean ${showTokens(tokenizer, clean)}, ` +
        `corrupted ${showTokens(tokenizer, corrupted)}; use words that are single tokens`,
    );
  }
  if (!Number.isInteger(position) || position < 0 || position >= clean.length) {
    throw new Error(
      `${where}: read-out position ${position} is outside the ${clean.length} tokens ` +
        showTokens(tokenizer, clean),
    );
  }
}

/**
 * Returns whether every piece of `text` is in the vocabulary: no unknown token, nothing dropped (a
 * tokenizer without an unknown token leaves out what it cannot encode).
 */
export function isEncodable(tokenizer: Tokenizer, text: string): boolean {
  const ids = tokenizer.encode(text);
  const letters = (s: string) => s.replaceAll(/\s/g, "");
  return (tokenizer.unkId === undefined || !ids.includes(tokenizer.unkId)) &&
    letters(tokenizer.decode(ids)) === letters(text);
}

function encodeKnown(tokenizer: Tokenizer, text: string, where: string): number[] {
  if (text === "") throw new Error(`${where}: the prompt is empty`);
  const ids = promptIds(tokenizer, text);
  if (!isEncodable(tokenizer, text)) {
    throw new Error(
      `${where}: the tokenizer does not know all of ${JSON.stringify(text)}, ` +
        `found ${showTokens(tokenizer, ids)}`,
    );
  }
  return ids;
}
