/**
 * Decides whether a prompt begins with the token that begins a text (BOS), as TransformerLens' `prepend_bos` does.
 *
 * 1. A tokenizer's files say whether `transformers` puts BOS in front (`bos_files.ts`).
 * 2. The default follows the files for Llama-style models. GPT-2 and GPT-NeoX get none, as in Tigges et al. (2024).
 * 3. `promptIds` puts the token in front of whole prompts; `Tokenizer.encode` never does, since it also encodes words.
 */
import type { ModelConfig } from "./config.ts";
import { readTokenizer, type Tokenizer } from "./tokenizer.ts";

/**
 * Returns the ids of a whole prompt: those of its text, after BOS if wanted; none for empty text.
 * @param prependBos default: as {@link withBos} has set it
 * @throws Error if BOS is wanted and the tokenizer has neither it nor an end-of-text token.
 */
export function promptIds(
  tokenizer: Tokenizer,
  text: string,
  prependBos = tokenizer.prependBos ?? false,
): number[] {
  const ids = tokenizer.encode(text);
  if (!prependBos || ids.length === 0) return ids;
  return [requireBos(tokenizer), ...ids];
}

/** Returns the text of a prompt's ids without the BOS that {@link promptIds} puts in front. */
export function promptText(tokenizer: Tokenizer, ids: readonly number[]): string {
  return tokenizer.decode(ids.slice(tokenizer.prependBos && ids[0] === tokenizer.bosId ? 1 : 0));
}

/**
 * Returns a tokenizer that puts BOS in front of prompts, or does not.
 * @param prepend undefined: as the tokenizer's files say for a Llama-style model, else no
 * @throws Error if BOS is wanted and the tokenizer has neither it nor an end-of-text token.
 */
export function withBos(
  tokenizer: Tokenizer,
  { llama }: Pick<ModelConfig, "llama">,
  prepend?: boolean,
): Tokenizer {
  const prependBos = prepend ?? (llama !== undefined && tokenizer.addsBos === true);
  if (prependBos) requireBos(tokenizer);
  return { ...tokenizer, prependBos };
}

function requireBos({ bosId }: Tokenizer): number {
  if (bosId !== undefined) return bosId;
  throw new Error(
    "prepend_bos: the tokenizer has no token that begins a text; expected bos_token or eos_token in " +
      "tokenizer_config.json, or prepend_bos false",
  );
}

/**
 * Returns the tokenizer of a model: the one given, else that of its folder.
 * @throws Error if there is none, saying where it should be.
 */
export function modelTokenizer(
  config: ModelConfig,
  dir: string | undefined,
  { tokenizer: given, prependBos }: { tokenizer?: Tokenizer; prependBos?: boolean },
): Tokenizer {
  if (given === undefined && dir === undefined) {
    throw new Error("this model has no folder with a tokenizer; give the option `tokenizer`");
  }
  return withBos(given ?? readTokenizer(dir!), config, prependBos ?? given?.prependBos);
}
