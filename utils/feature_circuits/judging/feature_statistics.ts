/** How often features fire on some prompts, and how strongly on average: what masks fill in and controls are matched by. */
import type { HookedModel } from "../../model/mod.ts";
import { type Coder, runCoders } from "../../transcoders/mod.ts";

/** Statistics over all positions of the prompts, by layer. */
export interface FeatureStatistics {
  /** mean activation of each feature, `[F]` */
  means: Float64Array[];
  /** share of positions at which it is active, `[F]` */
  frequencies: Float64Array[];
}

/** Prompts per pass. */
const PROMPTS = 32;

/**
 * Measures features on prompts, each position with the same weight.
 * @throws Error if there are no prompts, or naming a coder that does not fit the model.
 */
export async function featureStatistics(
  model: HookedModel,
  coders: readonly Coder[],
  prompts: readonly (readonly number[])[],
): Promise<FeatureStatistics> {
  if (prompts.length === 0) throw new Error("statistics of features need at least one prompt");
  const zeros = () => coders.map(({ config }) => new Float64Array(config.features));
  const means = zeros(), frequencies = zeros();
  let positions = 0;
  for (let from = 0; from < prompts.length; from += PROMPTS) {
    const batch = prompts.slice(from, from + PROMPTS);
    const runs = await runCoders(model, coders, batch);
    const length = Math.max(...batch.map((prompt) => prompt.length));
    batch.forEach((prompt) => positions += prompt.length);
    runs.forEach(({ activations: { data } }, layer) => {
      const F = means[layer].length;
      batch.forEach((prompt, b) => {
        const start = b * length * F;
        for (let i = 0; i < prompt.length * F; i++) {
          const a = data[start + i];
          if (a === 0) continue;
          means[layer][i % F] += a;
          frequencies[layer][i % F]++;
        }
      });
    });
  }
  const perPosition = (sums: Float64Array[]) => sums.map((x) => x.map((sum) => sum / positions));
  return { means: perPosition(means), frequencies: perPosition(frequencies) };
}
