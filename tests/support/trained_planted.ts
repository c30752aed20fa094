/** Coders trained on the activations of the planted circuit, and the features that have learned its neurons. */
import { initialState, layoutOf, Trainer } from "../../utils/training/mod.ts";
import type { HookedModel } from "../../utils/model/mod.ts";
import {
  type Coder,
  type CoderConfig,
  coderObjective,
  type CoderObjectiveSettings,
  coderOptimiser,
  readCoderPoints,
  saelensTopK,
  scalesOf,
  schedule,
  setScales,
  startValues,
  trainedCoder,
} from "../../utils/transcoders/mod.ts";
import { uniform } from "./random_model.ts";

/** Prompts per batch, and tokens per prompt. */
const PROMPTS = 64, LENGTH = 8;

/** Features of each coder, steps and learning rate. */
const FEATURES = 24, STEPS = 1200, RATE = 0.003;

/** Returns random prompts of a step: every position any token of the vocabulary. */
function promptsAt(step: number, vocabulary: number): number[][] {
  const next = uniform(1000 + step);
  const token = () => Math.min(vocabulary - 1, Math.floor((next() + 1) / 2 * vocabulary));
  return Array.from({ length: PROMPTS }, () => Array.from({ length: LENGTH }, token));
}

/**
 * Trains TopK coders with one active feature, of all layers side by side, on the model's own activations.
 * @param configs where the coders read and write
 */
export async function trainedOnPlanted(
  model: HookedModel,
  configs: readonly CoderConfig[],
  seed: number,
): Promise<Coder[]> {
  const pointsAt = (step: number) =>
    readCoderPoints(model, configs, promptsAt(step, model.config.vocabSize));
  const sample = await pointsAt(STEPS);
  const runs = await Promise.all(configs.map(async ({ dIn, dOut }, layer) => {
    const shape = { rows: PROMPTS * LENGTH, dIn, dOut, features: FEATURES };
    const settings: CoderObjectiveSettings = {
      ...saelensTopK({ shape, k: 1, deadAfter: 50 }),
      reconstruction: "fvu",
      normalize: true,
    };
    const objective = coderObjective(settings);
    const rate = schedule("warmup_cosine", { lr: RATE, steps: STEPS, warmUp: 20 });
    const values = startValues(shape, { seed: seed + layer });
    const state = initialState(values, ["m", "v"], layoutOf(objective.carried ?? []));
    const { input, target } = sample[layer];
    setScales(state.carried, scalesOf({ x: input.data, y: target.data }, shape));
    const optimiser = coderOptimiser({ rate, unitDecoder: true });
    const trainer = await Trainer.compile(objective, optimiser, state, { threads: 1 });
    return { settings, trainer };
  }));
  for (let step = 0; step < STEPS; step++) {
    const points = await pointsAt(step);
    for (const [i, { trainer }] of runs.entries()) {
      const { input, target } = points[i];
      await trainer.step({ x: input.data.slice(), y: target.data.slice() });
    }
  }
  return await Promise.all(runs.map(async ({ settings, trainer }, i) => {
    const { activation, weights } = trainedCoder(settings, trainer.state);
    await trainer.release();
    return { config: { ...configs[i], features: FEATURES, activation }, weights };
  }));
}

/** Returns the number of the neuron that each feature has learned, by the cosine of what they write; −1 below `least`. */
export function learnedNeurons(coder: Coder, neurons: Coder, least: number): Int32Array {
  const { features: F, dOut: d } = coder.config;
  const row = ({ weights: { W_dec } }: Coder, i: number) => W_dec.data.subarray(i * d, (i + 1) * d);
  const cosine = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
  return Int32Array.from({ length: F }, (_, f) => {
    const all = Array.from(
      { length: neurons.config.features },
      (_, n) => cosine(row(coder, f), row(neurons, n)),
    );
    const best = all.indexOf(Math.max(...all));
    return all[best] >= least ? best : -1;
  });
}
