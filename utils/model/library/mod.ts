/**
 * What `HookedModel` adds to runs on token ids: text, functions at hook points, generation, losses.
 * @module
 */
export { attentionPicture } from "./attention_picture.ts";
export { callHooks, type FunctionHook } from "./function_hooks.ts";
export {
  cachedLogits,
  continueTokens,
  type Generated,
  type GenerateOptions,
  type NextLogits,
} from "./generate.ts";
export { tokenLosses } from "./loss.ts";
export {
  lastPositions,
  type Prompt,
  promptTokens,
  type TextPrompts,
  textTokens,
} from "./prompt_tokens.ts";
