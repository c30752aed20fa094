/**
 * The setting `prepend_bos`: whether prompts begin with the token that begins a text (BOS).
 *
 * A result remembers `prepend_bos: true` where its prompts do, whether the key or the model's default says so, and nothing
 * where they do not. So results of GPT-NeoX and GPT-2 keep their settings, and prompts with and without BOS never mix.
 */
import { z } from "zod";
import { UserError } from "../base/mod.ts";
import { type ModelConfig, type Tokenizer, withBos } from "../model/mod.ts";

/** Schema fragment: spread it into the keys of a script that turns prompts into tokens. */
export const bosKey = {
  prepend_bos: z.boolean().nullable().default(null).describe(
    "begin prompts with the token that begins a text; default: no for GPT-2 and GPT-NeoX (Pythia), else as transformers " +
      "does with the tokenizer (Llama, Gemma, Mistral: yes)",
  ),
} as const;

/** What `bosKey` gives a script; scripts without prompts do not have it. */
export type BosSettings = Partial<z.output<z.ZodObject<typeof bosKey>>>;

/** Returns a tokenizer that begins prompts as the settings say. @throws UserError if it has no BOS and the settings want one. */
export function promptTokenizer(
  tokenizer: Tokenizer,
  model: ModelConfig,
  { prepend_bos }: BosSettings,
): Tokenizer {
  try {
    return withBos(tokenizer, model, prepend_bos ?? undefined);
  } catch (cause) {
    throw new UserError((cause as Error).message, 2, { cause });
  }
}

/** Returns settings as a result remembers them: with `prepend_bos` only where the script has the key and prompts have BOS. */
export function recordedBos<C extends object>(
  settings: C,
  { prependBos }: Pick<Tokenizer, "prependBos"> = {},
): C {
  if (!("prepend_bos" in settings)) return settings;
  const { prepend_bos: _, ...others } = settings;
  return (prependBos ? { ...others, prepend_bos: true } : others) as C;
}
