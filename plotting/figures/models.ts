/** Defines the colours, sizes and order of models in figures, and the tokens per training step. */
import nano from "../../models/pythia-nano/TRAINING.json" with { type: "json" };
import { PYTHIA_TOKENS_PER_STEP } from "../../utils/cli/mod.ts";

/**
 * Colour of each model, smallest first: the hues of the training-and-scale paper's figures, darker, so that lines have a
 * contrast of at least 3 : 1 on light and on dark paper (WCAG 2.1, 1.4.11).
 */
const MODEL_COLOURS: [string, string][] = [
  ["pythia-nano", "#737c88"],
  ["pythia-14m", "#b5609a"],
  ["pythia-31m", "#8a6f4d"],
  ["pythia-70m", "#d9544f"],
  ["pythia-160m", "#b8860b"],
  ["gpt2", "#3f78c0"],
  ["pythia-410m", "#6d70c0"],
  ["pythia-1b", "#6f7a5f"],
  ["pythia-1.4b", "#3f829c"],
  ["pythia-2.8b", "#249463"],
  ["pythia-6.9b", "#a35640"],
  ["pythia-12b", "#9c4f7a"],
];

/** Parameter count of each model, including embeddings, as published by its authors. */
export const PARAMETERS: Record<string, number> = {
  "pythia-nano": nano.parameters,
  "pythia-14m": 14_067_712,
  "pythia-31m": 30_494_720,
  "pythia-70m": 70_426_624,
  "pythia-160m": 162_322_944,
  "gpt2": 124_439_808,
  "pythia-410m": 405_334_016,
  "pythia-1b": 1_011_781_632,
  "pythia-1.4b": 1_414_647_808,
  "pythia-2.8b": 2_775_208_960,
  "pythia-6.9b": 6_857_302_016,
  "pythia-12b": 11_846_072_320,
};

/** Returns the tokens in one training step of a model: pythia-nano's own number, and Pythia's for all others. */
export function tokensPerStep(model: string): number {
  const { batch_size, context } = nano.config;
  return baseModel(model) === "pythia-nano" ? batch_size * context : PYTHIA_TOKENS_PER_STEP;
}

/** Returns the base model of a variant or run such as `pythia-160m-seed1, seed 42`; an unknown name unchanged. */
export function baseModel(model: string): string {
  const known = MODEL_COLOURS.map(([name]) => name)
    .filter((name) =>
      model === name || model.startsWith(`${name}-`) || model.startsWith(`${name}, `)
    );
  return known.sort((a, b) => b.length - a.length)[0] ?? model;
}

/** Returns the colour of a model and its variants; grey for an unknown model. */
export function modelColour(model: string): string {
  return MODEL_COLOURS.find(([name]) => name === baseModel(model))?.[1] ?? "#868686";
}

/** Compares models for `sort`: smallest first, unknown models last, by name. */
export function compareModels(a: string, b: string): number {
  const place = (model: string) => {
    const index = MODEL_COLOURS.findIndex(([name]) => name === baseModel(model));
    return index < 0 ? MODEL_COLOURS.length : index;
  };
  return place(a) - place(b) || a.localeCompare(b);
}
