/**
 * Facts of a made-up world, and the prompts that ask for them.
 * @module
 */
export { COUNTRIES, type Country, SHARED_FACTS } from "./countries.ts";
export { isCapitalPrompt, isTwoHopPrompt, madeUpFactPairs } from "./prompts.ts";
