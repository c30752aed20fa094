/**
 * Clean and corrupted prompts with their answers: what every task consists of.
 *
 * A pair is built from two texts. Both are tokenized without special tokens and must have the same
 * number of tokens, since activations of the two runs are compared position by position.
 */
import type { Tokenizer } from "../model/tokenizer.ts";

/** One clean prompt and its corrupted counterpart. */
export interface PromptPair {
  cleanText: string;
  corruptedText: string;
  /** Token ids, both of the same length. */
  clean: number[];
  corrupted: number[];
  /** Index of the token whose logits are read. */
  position: number;
  /**
   * Answer token ids. `simple`: one correct, one wrong. `pairs`: the i-th correct stands against the
   * i-th wrong. `groups`, `group_sum`: `correct` carries the flags +1, `wrong` the flags −1.
   */
  correct: number[];
  wrong: number[];
  /** Named token positions, e.g. IO, S1, S2 and END in `ioi`, YY in `greater_than`. */
  marks?: Record<string, number>;
}

export type MetricName =
  | "logit_diff"
  | "prob_diff"
  | "prob_mass"
  | "rank_0"
  | "accuracy"
  | "mrr"
  | "max_group_mrr";

/** How the answers of a prompt are set against each other; see {@link PromptPair.correct}. */
export type AnswerMode = "simple" | "pairs" | "groups" | "group_sum";

/** A metric that can be differentiated; circuits are found with it. */
export interface TaskMetric {
  name: "logit_diff" | "prob_diff";
  mode: AnswerMode;
}

/** The prompts of one task for one tokenizer. */
export interface TaskData {
  task: string;
  prompts: PromptPair[];
  metric: TaskMetric;
  mode: AnswerMode;
}

/** A pair before tokenization; `position` defaults to the last token. */
export interface PairText {
  cleanText: string;
  corruptedText: string;
  correct: number[];
  wrong: number[];
}

/**
 * Tokenizes a pair, to be read out at the last token, and checks it with {@link checkAligned}.
 * @param where names the prompt in errors, e.g. `ioi prompt 3`.
 * @throws Error if a text holds something the tokenizer does not know, or the two do not align.
 */
export function makePair(tokenizer: Tokenizer, text: PairText, where: string): PromptPair {
  const clean = encodeKnown(tokenizer, text.cleanText, where);
  const corrupted = encodeKnown(tokenizer, text.corruptedText, where);
  const pair = { ...text, clean, corrupted, position: clean.length - 1 };
  checkAligned(pair, tokenizer, where);
  return pair;
}

/**
 * Checks that clean and corrupted have equally many tokens and that the read-out lies within them.
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
      `${where}: read-out position ${position} lies outside the ${clean.length} tokens ` +
        showTokens(tokenizer, clean),
    );
  }
}

/**
 * Whether every piece of `text` is in the vocabulary: no unknown token, nothing dropped (a
 * tokenizer without an unknown token leaves out what it cannot encode).
 */
export function isEncodable(tokenizer: Tokenizer, text: string): boolean {
  const ids = tokenizer.encode(text);
  const letters = (s: string) => s.replaceAll(/\s/g, "");
  return (tokenizer.unkId === undefined || !ids.includes(tokenizer.unkId)) &&
    letters(tokenizer.decode(ids)) === letters(text);
}

/** The tokens as quoted strings, e.g. `["Then" "," " Alex"]`. */
export function showTokens(tokenizer: Tokenizer, ids: number[]): string {
  return `[${ids.map((id) => JSON.stringify(tokenizer.decode([id]))).join(" ")}]`;
}

/** The id of a word that must be one token. @throws Error showing its tokens if it is not. */
export function requireSingleToken(tokenizer: Tokenizer, text: string, where: string): number {
  const id = tokenizer.singleToken(text);
  if (id === undefined) {
    const tokens = showTokens(tokenizer, tokenizer.encode(text));
    throw new Error(`${where}: ${JSON.stringify(text)} must be a single token, found ${tokens}`);
  }
  return id;
}

function encodeKnown(tokenizer: Tokenizer, text: string, where: string): number[] {
  if (text === "") throw new Error(`${where}: the prompt is empty`);
  const ids = tokenizer.encode(text);
  if (!isEncodable(tokenizer, text)) {
    throw new Error(
      `${where}: the tokenizer does not know all of ${JSON.stringify(text)}, ` +
        `it gives ${showTokens(tokenizer, ids)}`,
    );
  }
  return ids;
}
