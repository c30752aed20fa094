/**
 * What a set of coders does on text, the same for every checkpoint and every task:
 *
 *  - activations of each feature on each token, for the identity of features;
 *  - the effect of each feature per unit of activation, for its presence:
 *
 *        effect = Σ |a · ∂m/∂a| / Σ a,   m = logit of a row's last token − mean logit of other tokens
 *
 *    over the tokens before the row's last one, through the whole model with the coders' errors. A feature with a long decoder
 *    row that nothing reads has no effect.
 */
import type { HookedModel, Readout } from "../../model/mod.ts";
import { seededIndices } from "../../base/mod.ts";
import { type Coder, coderHook, coderSplice, type TokenRows } from "../../transcoders/mod.ts";
import { frozenScales } from "../linear/mod.ts";
import type { FeatureProfile } from "./similarity.ts";
import { addTokens, noActivations } from "./sparse_activations.ts";

/** Tokens whose mean logit the last token's is compared with. */
const OTHERS = 31;

/** A layer's coder on text. */
export interface TextProfile extends FeatureProfile {
  /** effect of each feature per unit of activation, `[F]`; 0 where it is silent */
  effects: Float64Array;
}

/**
 * Runs a set of coders on text; see the header. Returns one profile per coder.
 * @param rows rows of one length each batch
 * @param seed seed of the other tokens
 */
export async function textProfiles(
  model: HookedModel,
  coders: readonly Coder[],
  rows: readonly TokenRows[],
  seed: number,
): Promise<TextProfile[]> {
  const splices = coders.map((coder) => coderSplice(coder, "with_error"));
  const freeze = frozenScales(coders);
  const hooks = coders.map(({ config }) => coderHook(config, "hook_acts"));
  const profiles = coders.map(({ config, weights }) => ({
    decoder: weights.W_dec,
    activations: noActivations(config.features),
    effects: new Float64Array(config.features),
    masses: new Float64Array(config.features),
  }));
  const draw = seededIndices(seed);
  for (const { prompts, counted } of rows) {
    const { hooks: read } = await model.run(prompts, { splices, read: hooks });
    const positions = prompts.map((tokens) => tokens.length - 2);
    const readout = lastTokens(prompts, model.config.vocabSize, draw);
    const { gradients } = await model.gradients(prompts, positions, readout, hooks, {
      splices,
      freeze,
    });
    profiles.forEach(({ activations, effects, masses }, layer) => {
      const a = read.get(hooks[layer])!, g = gradients.get(hooks[layer])!.data;
      addTokens(activations, a, counted);
      const F = effects.length;
      counted.forEach((counts, t) => {
        if (!counts) return;
        for (let f = 0; f < F; f++) {
          const value = a.data[t * F + f];
          if (value === 0) continue;
          effects[f] += Math.abs(value * g[t * F + f]);
          masses[f] += Math.abs(value);
        }
      });
    });
  }
  return profiles.map(({ masses, effects, ...profile }) => ({
    ...profile,
    effects: effects.map((sum, f) => masses[f] === 0 ? 0 : sum / masses[f]),
  }));
}

function lastTokens(
  prompts: readonly (readonly number[])[],
  vocabulary: number,
  draw: (n: number) => number,
): Readout {
  const width = OTHERS + 1;
  const ids = new Int32Array(prompts.length * width), weights = new Float32Array(ids.length);
  prompts.forEach((tokens, row) => {
    for (let i = 0; i < width; i++) {
      ids[row * width + i] = i === 0 ? tokens.at(-1)! : draw(vocabulary);
      weights[row * width + i] = i === 0 ? 1 : -1 / OTHERS;
    }
  });
  return { kind: "logits", ids, weights, width };
}
