/**
 * Measures the algorithmic consistency of the indirect-object circuit (Tigges et al. 2024, figure 4): how much of the
 * effect found by path patching comes from heads that do what the known algorithm says, at its three levels.
 *
 *  1. Direct effects e_D: every head → final residual stream. Classes over all heads:
 *       name mover            copy score > t, e_D < 0         negative name mover   negative copy score > t, e_D ≠ 0
 *       copy suppression      CSPA > c, e_D < 0               negative copy supp.   CSPA > c, e_D > 0
 *  2. S2-inhibition effects e_S: every head → queries of all name movers. Class: e_S < −s, an in-circuit edge into a
 *     name mover's query, and the signs of `s2_inhibition.ts`.
 *  3. Tertiary effects e_T: every head → values of S2-inhibition heads that are not copy-suppression heads. Classes:
 *       induction / duplicate token   e_T < −s and the score above the mean over all heads
 *  4. At each level  100 · Σ|e| over class ∩ circuit / Σ|e| over circuit.  The circuit consists of the heads with
 *     an in-circuit edge out of them. The share is 0 if the denominator is 0. A level without receivers has no effects.
 */
import type { HookedModel, Readout } from "../../model/mod.ts";
import type { IoiFlipName, PromptPair } from "../../tasks/mod.ts";
import type { CopyScores, RepeatedTokenScores } from "../scores/mod.ts";
import type { CircuitHeads } from "./circuit_heads.ts";
import {
  cleanMetric,
  cleanRun,
  corruptedHeads,
  pathPatch,
  type Receivers,
} from "../patching/mod.ts";
import { doesIoi, patchingEffects } from "./ioi_roles.ts";
import { type Head, headsWhere, placeOf } from "../head.ts";
import { s2Inhibition } from "./s2_inhibition.ts";

/** Sets the thresholds of the classes. */
export interface ConsistencyThresholds {
  /** Percent that a copy score must exceed. */
  copy: number;
  /** CSPA that a copy-suppression head must exceed. */
  cspa: number;
  /** CSPA candidates are heads whose e_D is below the negative of this value. */
  direct: number;
  /** e_S and e_T must be below the negative of this value. */
  effect: number;
}

/** Published thresholds. */
export const THRESHOLDS: ConsistencyThresholds = {
  copy: 10,
  cspa: 0.1,
  direct: 0.01,
  effect: 0.001,
};

/** Holds the classes of heads by direct effect. */
export interface DirectClasses {
  /** Copy score above the threshold and e_D < 0. */
  nameMovers: Head[];
  /** Negative copy score above the threshold and e_D ≠ 0. */
  negativeNameMovers: Head[];
  /** CSPA above the threshold and e_D < 0. */
  copySuppression: Head[];
  /** CSPA above the threshold and e_D > 0. */
  negativeCopySuppression: Head[];
}

/** Holds the scores of all heads `[L, H]`, measured on folded weights. */
export interface ConsistencyScores extends RepeatedTokenScores {
  /** Copy scores of both signs, in percent. */
  copy: CopyScores;
  /** Returns the CSPA of all heads. `candidates` are the heads that need it; others may be 0. */
  cspa: (candidates: readonly Head[]) => Promise<Float32Array>;
}

/** Holds the consistency of one checkpoint. */
export interface Consistency {
  /** Whether the model does the task. */
  able: boolean;
  /** Percent of the direct effects explained. */
  direct_effects: number;
  /** Percent of the S2-inhibition effects explained. */
  s2i_effects: number;
  /** Percent of the tertiary effects explained. */
  tertiary_effects: number;
  /** Heads of each class. */
  classes: DirectClasses & { s2Inhibition: Head[]; induction: Head[]; duplicateToken: Head[] };
  /** Effects per level `[L, H]`; null for a level without receivers. */
  effects: { direct: Float32Array; s2i: Float32Array | null; tertiary: Float32Array | null };
}

/** Returns 100 · Σ|e| over `heads` in the circuit / Σ|e| over the circuit; 0 if the circuit has no effect. */
export function percentExplained(
  heads: readonly Head[],
  effects: Float32Array | null,
  circuit: readonly Head[],
  shape: { nHeads: number },
): number {
  if (!effects) return 0;
  const inside = new Set(circuit.map((head) => placeOf(head, shape)));
  const chosen = new Set(heads.map((head) => placeOf(head, shape)));
  let all = 0, explained = 0;
  for (const place of inside) {
    const size = Math.abs(effects[place]);
    all += size;
    if (chosen.has(place)) explained += size;
  }
  return all === 0 ? 0 : 100 * explained / all;
}

/**
 * Classifies all heads of the model by direct effect.
 * @param effects e_D `[L, H]`
 * @param copy copy scores `[L, H]` in percent
 * @param cspa CSPA `[L, H]`
 */
export function directClasses(
  shape: { nLayers: number; nHeads: number },
  effects: Float32Array,
  copy: CopyScores,
  cspa: Float32Array,
  thresholds: ConsistencyThresholds = THRESHOLDS,
): DirectClasses {
  const where = (condition: (i: number) => boolean) => headsWhere(shape, condition);
  return {
    nameMovers: where((i) => copy.positive[i] > thresholds.copy && effects[i] < 0),
    negativeNameMovers: where((i) => copy.negative[i] > thresholds.copy && effects[i] !== 0),
    copySuppression: where((i) => cspa[i] > thresholds.cspa && effects[i] < 0),
    negativeCopySuppression: where((i) => cspa[i] > thresholds.cspa && effects[i] > 0),
  };
}

/** Returns the heads whose effect is below −`threshold` and whose score is above the mean over all heads. */
export function aboveMean(
  shape: { nLayers: number; nHeads: number },
  effects: Float32Array,
  scores: Float32Array,
  threshold: number,
): Head[] {
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  return headsWhere(shape, (i) => effects[i] < -threshold && scores[i] > mean);
}

/**
 * Measures one checkpoint.
 * @param prompts pairs of each flip on the same clean prompts; `token_oppo_pos_oppo` is the corruption of the circuit
 * @param readout logit of IO minus logit of S, at END
 * @param onLevel called with the name of each level before it starts
 */
export async function ioiConsistency(
  model: HookedModel,
  prompts: Record<IoiFlipName, readonly PromptPair[]>,
  readout: Readout,
  circuit: CircuitHeads,
  scores: ConsistencyScores,
  thresholds: ConsistencyThresholds = THRESHOLDS,
  onLevel: (level: string) => void = () => {},
): Promise<Consistency> {
  const pairs = prompts.token_oppo_pos_oppo;
  const { config } = model;
  const readouts = pairs.map((p) => p.position);
  const corrupted = await model.metric(pairs.map((p) => p.corrupted), readouts, readout);

  onLevel("direct effects");
  const atEnd = await cleanRun(model, pairs, "readout");
  const clean = await cleanMetric(model, atEnd, readout);
  const scale = (values: Float32Array) => patchingEffects(values, clean, corrupted);
  const ends = await corruptedHeads(model, atEnd);
  const direct = scale((await pathPatch(model, atEnd, ends, "final", readout)).values);
  const cspa = await scores.cspa(headsWhere(config, (i) => direct[i] < -thresholds.direct));
  const classes = directClasses(config, direct, scores.copy, cspa, thresholds);

  const changed = await cleanRun(model, pairs, "changed");
  const switched = await corruptedHeads(model, changed);
  const effectsOn = async (receivers: Exclude<Receivers, "final">) =>
    receivers.heads.length === 0
      ? null
      : scale((await pathPatch(model, changed, switched, receivers, readout)).values);

  onLevel("S2-inhibition effects");
  const { nameMovers, copySuppression } = classes;
  const s2i = await effectsOn({ letter: "q", heads: nameMovers });
  const candidates = circuit.intoQueries(nameMovers)
    .filter((head) => s2i && s2i[placeOf(head, config)] < -thresholds.effect);
  const { heads: s2iHeads } = await s2Inhibition(model, prompts, readout, nameMovers, candidates);

  onLevel("tertiary effects");
  const suppressing = new Set(copySuppression.map((head) => placeOf(head, config)));
  const receivers = s2iHeads.filter((head) => !suppressing.has(placeOf(head, config)));
  const tertiary = await effectsOn({ letter: "v", heads: receivers });
  const third = (score: Float32Array) =>
    tertiary ? aboveMean(config, tertiary, score, thresholds.effect) : [];
  const induction = third(scores.induction), duplicateToken = third(scores.duplicateToken);

  const nodes = circuit.sources();
  return {
    able: doesIoi(clean, corrupted),
    direct_effects: percentExplained(Object.values(classes).flat(), direct, nodes, config),
    s2i_effects: percentExplained(s2iHeads, s2i, nodes, config),
    tertiary_effects: percentExplained([...induction, ...duplicateToken], tertiary, nodes, config),
    classes: { ...classes, s2Inhibition: s2iHeads, induction, duplicateToken },
    effects: { direct, s2i, tertiary },
  };
}
