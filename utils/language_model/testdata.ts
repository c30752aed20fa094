/** A model small enough to train in a test. */
import type { ModelConfig } from "../model/config.ts";
import { initialParameters } from "./initialisation.ts";
import { parameterLayout } from "./parameters.ts";
import { initialState, Trainer } from "./trainer.ts";

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

export const ADAMW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };

/** A trainer of {@link TINY} from its seeded weights. */
export function tinyTrainer(seed = 1): Promise<Trainer> {
  const weights = initialParameters(TINY, parameterLayout(TINY), seed);
  return Trainer.compile(TINY, ADAMW, initialState(weights));
}

/** Token ids that follow no simple rule, `[batch, row]`. */
export function tokenIds(batch: number, row: number, salt = 0): Int32Array {
  return Int32Array.from(
    { length: batch * row },
    (_, i) => Math.floor(1e4 * Math.abs(Math.sin(i * i + 3 * i + salt))) % TINY.vocabSize,
  );
}
