/** A model small enough to train in a test. */
import type { ModelConfig } from "../model/mod.ts";
import { adamW, initialState, layoutOf, Trainer } from "../training/mod.ts";
import { initialParameters } from "./initialisation.ts";
import { languageModelObjective, type TokenBatch } from "./objective.ts";
import { isDecayed, modelParameters } from "./parameters.ts";

export const TINY: ModelConfig = {
  architecture: "gpt_neox",
  nLayers: 2,
  nHeads: 2,
  dModel: 16,
  dHead: 8,
  dMlp: 24,
  vocabSize: 20,
  maxPositions: 32,
  parallel: true,
  rotaryDims: 4,
  rotaryBase: 10000,
  layerNormEps: 1e-5,
  activation: "gelu",
  tied: false,
};

const decayed = new Set(modelParameters(TINY).filter(isDecayed).map(({ name }) => name));

/** AdamW with clipping and a constant rate. */
export const ADAMW = adamW({
  ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clip: 1, joined: true },
  decay: ({ name }) => decayed.has(name) ? 0.1 : 0,
  rate: () => 0.01,
});

/** A trainer of {@link TINY} from its seeded weights. */
export function tinyTrainer(seed = 1): Promise<Trainer<TokenBatch>> {
  const state = initialState(initialParameters(TINY, seed), ["m", "v"], layoutOf([]));
  return Trainer.compile(languageModelObjective(TINY), ADAMW, state);
}

/** Token ids that follow no simple rule, `[batch, row]`. */
export function tokenIds(batch: number, row: number, salt = 0): Int32Array {
  return Int32Array.from(
    { length: batch * row },
    (_, i) => Math.floor(1e4 * Math.abs(Math.sin(i * i + 3 * i + salt))) % TINY.vocabSize,
  );
}
