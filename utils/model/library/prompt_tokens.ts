/** Turns texts into token ids wherever a model takes prompts. */
import { promptIds } from "../bos.ts";
import { showTokens, type Tokenizer } from "../tokenizer.ts";

/** A text, or its token ids. */
export type Prompt = string | readonly number[];
/** One text, or several prompts as texts or token ids. */
export type TextPrompts = string | readonly Prompt[];

/**
 * Returns the token ids of each prompt.
 * @param tokenizer called only if a prompt is text
 * @throws TypeError if a prompt is neither text nor a list of token ids; Error naming a text that has no tokens.
 */
export function promptTokens(prompts: TextPrompts, tokenizer: () => Tokenizer): number[][] {
  const list = typeof prompts === "string" ? [prompts] : prompts;
  if (!Array.isArray(list)) throw notPrompts(prompts);
  return list.map((prompt: Prompt) => {
    if (typeof prompt === "string") return textTokens(prompt, tokenizer());
    if (!Array.isArray(prompt)) throw notPrompts(prompts);
    return prompt;
  });
}

/**
 * Returns the token ids of a text.
 * @param prependBos whether they begin with BOS; default: as the tokenizer says
 * @throws Error if the text has no tokens, the tokenizer does not know all of it, or BOS is wanted and there is none.
 */
export function textTokens(text: string, tokenizer: Tokenizer, prependBos?: boolean): number[] {
  const ids = promptIds(tokenizer, text, prependBos);
  if (ids.length === 0) throw new Error(`the prompt ${JSON.stringify(text)} has no tokens`);
  if (tokenizer.unkId !== undefined && ids.includes(tokenizer.unkId)) {
    throw new Error(
      `the tokenizer does not know all of ${JSON.stringify(text)}: ${showTokens(tokenizer, ids)}`,
    );
  }
  return ids;
}

/** Returns the last position of each prompt, which predicts what comes next. */
export const lastPositions = (prompts: readonly (readonly number[])[]): number[] =>
  prompts.map(({ length }) => length - 1);

function notPrompts(found: unknown): TypeError {
  const shown = JSON.stringify(found)?.slice(0, 60);
  return new TypeError(
    `prompts: expected a text, or a list of texts or of lists of token ids, found ${shown}; one prompt of token ids ` +
      "is a list in a list: [[1, 2]]",
  );
}
