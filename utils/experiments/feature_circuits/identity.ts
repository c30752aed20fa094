/**
 * The identity of one set's features from checkpoint to checkpoint: turnover by layer, with thresholds from nulls, and how many
 * features other sets of the same checkpoint have too.
 */
import { HookedModel } from "../../model/mod.ts";
import {
  bestMatching,
  compareFeatures,
  matchThreshold,
  permutedNull,
  similarityMatrix,
  type TextProfile,
  textProfiles,
  turnoverOf,
} from "../../feature_circuits/mod.ts";
import type { FeatureIdentityEntry } from "../../results/mod.ts";
import { codersDigest, type TokenRows } from "../../transcoders/mod.ts";
import type { Experiment } from "../experiment.ts";
import { short } from "./circuits.ts";
import { type CoderSet, openSet, stepsOf } from "./coder_sets.ts";
import type { FeatureCircuitConfig } from "./settings.ts";

/** Profiles of sets of coders on the same text; keeps the last few. */
export class Profiles {
  readonly #kept = new Map<string, TextProfile[]>();

  /** Takes the text. */
  constructor(private readonly rows: readonly TokenRows[], private readonly seed: number) {}

  /** Returns a set's profiles at a step. @param open opens the model, which is closed again */
  async of(set: CoderSet, step: number, open: () => Promise<HookedModel>): Promise<TextProfile[]> {
    const key = `${set.pattern} ${step}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const model = await open();
    try {
      return await this.in(set, step, model);
    } finally {
      model.close();
    }
  }

  /** Returns a set's profiles at a step, in a model that is open. */
  async in(set: CoderSet, step: number, model: HookedModel): Promise<TextProfile[]> {
    const key = `${set.pattern} ${step}`;
    const profiles = this.#kept.get(key) ??
      await textProfiles(model, await openSet(set, step), this.rows, this.seed);
    this.#kept.delete(key);
    this.#kept.set(key, profiles);
    for (const old of [...this.#kept.keys()].slice(0, -4)) this.#kept.delete(old);
    return profiles;
  }
}

/** What the identity of a set is measured with. */
export interface IdentityRun {
  experiment: Experiment;
  config: FeatureCircuitConfig;
  profiles: Profiles;
  /** the set */
  set: CoderSet;
  /** other sets of the same model */
  others: readonly CoderSet[];
}

/** Measures the identity at a step. @param previous step before; undefined at the first */
export async function identityAt(
  { experiment, config, profiles, set, others }: IdentityRun,
  step: number,
  model: HookedModel,
  previous: number | undefined,
): Promise<FeatureIdentityEntry> {
  const now = await profiles.in(set, step, model);
  const before = previous === undefined
    ? undefined
    : await profiles.of(set, previous, () => experiment.open(previous));
  const chance = await otherModel(config, profiles, step, model);
  const reproduced = now.map((): Record<string, number> => ({}));
  const layers = now.map((profile, layer): FeatureIdentityEntry["layers"][number] => {
    const alive = compareFeatures(profile, profile).left;
    const effects = Array.from(profile.effects, short);
    const nothing = { kept: [], dead: [], split: [], merged: [], reproduced: reproduced[layer] };
    const other = chance && matchThreshold(chanceSimilarities(profile, chance[layer]));
    const from = before ? before[layer] : profile;
    const found = compareFeatures(from, profile);
    const permuted = matchThreshold(
      [0, 1].flatMap((draw) => permutedNull(found, config.seed + draw)),
    );
    const threshold = Math.max(permuted, other ?? 0);
    const about = {
      threshold: short(threshold),
      permuted: short(permuted),
      other_model: other === undefined ? null : short(other),
      effects,
    };
    if (!before) return { ...about, ...nothing, born: alive };
    const turnover = turnoverOf(found, threshold);
    const kept = turnover.kept
      .map(([old, at, similarity]) => [old, at, short(similarity)] as [number, number, number]);
    const cosines = turnover.kept.map(([old, at]) => short(decoderCosine(found, old, at)));
    return { ...about, ...turnover, kept, cosines, reproduced: reproduced[layer] };
  });
  for (const set of others.filter((other) => stepsOf(other).includes(step))) {
    const theirs = await profiles.in(set, step, model);
    now.forEach((profile, layer) => {
      const found = compareFeatures(profile, theirs[layer]);
      const { kept } = turnoverOf(found, layers[layer].threshold);
      reproduced[layer][set.name] = short(kept.length / Math.max(1, found.left.length));
    });
  }
  return {
    previous: previous ?? null,
    coders_digest: await codersDigest(await openSet(set, step)),
    layers,
  };
}

/** Returns the cosine of the decoder rows of two features. */
function decoderCosine(
  { left, right, cosines }: ReturnType<typeof compareFeatures>,
  old: number,
  now: number,
): number {
  return cosines[left.indexOf(old) * right.length + right.indexOf(now)];
}

function chanceSimilarities(a: TextProfile, b: TextProfile): number[] {
  const found = compareFeatures(a, b);
  return bestMatching(similarityMatrix(found), found.left.length, found.right.length)
    .map(({ similarity }) => similarity);
}

/** Returns the profiles of the null's model at its last step not after this one, or at its first. */
async function otherModel(
  { null_model, null_coders }: FeatureCircuitConfig,
  profiles: Profiles,
  step: number,
  { runtime }: HookedModel,
): Promise<TextProfile[] | undefined> {
  if (null_model === null || null_coders === null) return undefined;
  const set = { name: "null", pattern: null_coders };
  const steps = stepsOf(set);
  const at = steps.findLast((s) => s <= step) ?? steps[0];
  const open = () => HookedModel.load(null_model, { revision: `step${at}`, runtime });
  return await profiles.of(set, at, open);
}
