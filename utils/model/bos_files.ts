/**
 * Reads from a tokenizer's files whether `transformers` puts the token that begins a text (BOS) in front of it:
 * `add_bos_token`, the class of the tokenizer (those of Llama and Gemma do), or the template in the post-processor of
 * `tokenizer.json`.
 */
import { isObject } from "../base/mod.ts";

/** Classes of tokenizers that `transformers` gives BOS unless `add_bos_token` is false. */
const ADDS_BOS = /^(Code)?(Llama|Gemma)Tokenizer(Fast)?$/;

/**
 * Returns whether `transformers` puts BOS in front of a text.
 * @param json content of `tokenizer.json`
 * @param config content of `tokenizer_config.json`
 */
export function filesAddBos(json: unknown, config: Record<string, unknown>): boolean {
  const { add_bos_token: says, tokenizer_class: name } = config;
  if (typeof says === "boolean") return says;
  return typeof name === "string" && ADDS_BOS.test(name) || templateBos(json) !== undefined;
}

/** Returns the special token that the post-processor's template begins with; undefined if there is none. */
export function templateBos(json: unknown): string | undefined {
  const steps = (step: unknown): Record<string, unknown>[] =>
    !isObject(step) ? [] : Array.isArray(step.processors) ? step.processors.flatMap(steps) : [step];
  for (const { type, single } of steps(isObject(json) ? json.post_processor : undefined)) {
    const first: unknown = type === "TemplateProcessing" && Array.isArray(single) ? single[0] : 0;
    const token = isObject(first) && isObject(first.SpecialToken) && first.SpecialToken.id;
    if (typeof token === "string") return token;
  }
  return undefined;
}
