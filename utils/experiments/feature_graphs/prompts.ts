/** The prompts of a script on features: text, token ids, or a task's clean prompts cut at the token where answers are read. */
import { UserError } from "../../base/mod.ts";
import { promptIds, promptText, type Tokenizer } from "../../model/mod.ts";
import { loadTask, TASK_NAMES, taskNameOf } from "../../tasks/mod.ts";
import type { FeatureModel } from "./feature_model.ts";
import type { FeaturePromptSettings } from "./settings.ts";

/** A prompt, its answers if they are known, and its name. */
export interface FeaturePrompt {
  /** name for files */
  slug: string;
  /** the prompt as text */
  text: string;
  /** token ids */
  tokens: number[];
  /** right answers */
  correct: number[];
  /** wrong answers */
  wrong: number[];
}

/** Returns the text of a token: as the tokenizer has it, or `#17` without one. */
export const tokenText = (tokenizer: Tokenizer | undefined, token: number): string =>
  tokenizer ? tokenizer.decode([token]) : `#${token}`;

/**
 * Returns the prompts of the settings.
 * @throws UserError if they name none or several kinds, or an answer that is not a token.
 */
export async function featurePrompts(
  { tokenizer, model }: Pick<FeatureModel, "tokenizer" | "model">,
  settings: FeaturePromptSettings,
): Promise<FeaturePrompt[]> {
  const { prompt, tokens, task_file: file, n_prompts: n, seed } = settings;
  const task = taskNameOf(settings.task, file, TASK_NAMES);
  const given = [prompt !== undefined, tokens.length > 0, task !== undefined];
  if (given.filter(Boolean).length !== 1) {
    throw new UserError(
      "expected one of prompt (text), tokens (ids) and task, found " +
        (given.some(Boolean) ? "several" : "none of them"),
      2,
    );
  }
  if (!tokenizer && tokens.length === 0) {
    throw new UserError("the model has no tokenizer.json: give the prompt as tokens (ids)", 2);
  }
  const prompts = task === undefined
    ? [onePrompt(tokenizer, settings)]
    : (await loadTask(task, tokenizer!, { n, seed, file })).prompts.slice(0, n).map((pair, i) => ({
      slug: `${task}-${i}`.replaceAll(/[^\w.-]+/g, "-"),
      text: promptText(tokenizer!, pair.clean.slice(0, pair.position + 1)),
      tokens: pair.clean.slice(0, pair.position + 1),
      correct: pair.correct,
      wrong: pair.wrong,
    }));
  const { vocabSize, maxPositions } = model.config;
  for (const { slug, tokens } of prompts) {
    const unknown = tokens.find((token) => token >= vocabSize);
    if (unknown !== undefined) {
      throw new UserError(`tokens: ${unknown} is not in the vocabulary, 0 … ${vocabSize - 1}`, 2);
    }
    if (tokens.length > maxPositions) {
      throw new UserError(
        `prompt ${slug} has ${tokens.length} tokens; the model takes ${maxPositions}`,
        2,
      );
    }
  }
  return prompts;
}

function onePrompt(
  tokenizer: Tokenizer | undefined,
  { prompt, tokens, correct, wrong }: FeaturePromptSettings,
): FeaturePrompt {
  const ids = prompt === undefined ? tokens : promptIds(tokenizer!, prompt);
  if (ids.length === 0) throw new UserError("prompt: has no tokens", 2);
  const text = prompt ?? ids.map((id) => tokenText(tokenizer, id)).join("");
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const answer = (key: string, value: string | undefined) =>
    value === undefined ? [] : [answerToken(tokenizer, key, value)];
  return {
    slug: words.slice(-6).join("-") || "prompt",
    text,
    tokens: [...ids],
    correct: answer("correct", correct),
    wrong: answer("wrong", wrong),
  };
}

/** Returns the id of a token given as text, or as a number without a tokenizer. @throws UserError if it is not one token. */
export function answerToken(
  tokenizer: Tokenizer | undefined,
  key: string,
  value: string,
): number {
  const id = tokenizer ? tokenizer.singleToken(value) : Number(value.replace(/^#/, ""));
  if (id !== undefined && Number.isInteger(id)) return id;
  throw new UserError(
    tokenizer
      ? `${key}: ${JSON.stringify(value)} must be one token of the model, found ${
        JSON.stringify(tokenizer.encode(value).map((token) => tokenizer.decode([token])))
      }; a word inside a sentence begins with a space`
      : `${key}: expected a token id (the model has no tokenizer), found ${JSON.stringify(value)}`,
    2,
  );
}
