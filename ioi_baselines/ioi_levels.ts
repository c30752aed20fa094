/**
 * Levels 1 to 4 of the circuit: behaviour, direct effects, name movers, and the heads that steer them. `ioi_circuit.ts`
 * describes the levels.
 */
import { mean } from "../utils/base/mod.ts";
import {
  allHeads,
  type AttentionToNames,
  attentionToNames,
  cleanRun,
  type CopyScores,
  corruptedHeads,
  directLogitAttribution,
  headsWhere,
  isNameMover,
  nameCopyScores,
  patchingEffects,
  pathPatch,
  placeOf,
  type S2Inhibition,
  s2Inhibition,
} from "../utils/heads/mod.ts";
import { type Head, headName, type Letter } from "../utils/names/mod.ts";
import { type IoiFlipName, taskPerformance } from "../utils/tasks/mod.ts";
import type { Ioi } from "./ioi_prompts.ts";

export type { Head } from "../utils/names/mod.ts";

/** Thresholds that a head must exceed to count. */
export const THRESHOLDS = {
  /** logits between clean and corrupted prompts; below that there is no circuit */
  range: 1,
  /** copy score of a name mover, percent */
  copy: 10,
  /** size of an effect */
  effect: 0.02,
  /** score on repeated random tokens, or attention from S2 */
  score: 0.4,
} as const;

/** What level 1 finds. */
export interface Behaviour {
  /** logit difference of each clean prompt */
  clean: Float32Array;
  /** logit difference of each corrupted prompt */
  corrupted: Float32Array;
  /** share of prompts on which IO beats S */
  accuracy: number;
  /** share of prompts on which IO is the most likely token */
  first: number;
}

/** Returns whether the model prefers IO to S on average, and by a margin more than on corrupted prompts. */
export function doesTask({ clean, corrupted }: Behaviour): boolean {
  return mean(clean) > 0 && mean(clean) - mean(corrupted) > THRESHOLDS.range;
}

/** Analyses level 1. */
export async function behaviour({ model, task, prompts, readout }: Ioi): Promise<Behaviour> {
  const { logit_diff, accuracy, rank_0 } = await taskPerformance(model, task, {
    metrics: ["logit_diff", "accuracy", "rank_0"],
  });
  const positions = prompts.map((p) => p.position);
  const corrupted = await model.metric(prompts.map((p) => p.corrupted), positions, readout);
  return {
    clean: Float32Array.from(logit_diff),
    corrupted,
    accuracy: mean(accuracy),
    first: mean(rank_0),
  };
}

/** What level 2 finds. */
export interface DirectEffects {
  /** contribution to the logit of IO, relative to the mean over the vocabulary, `[L, H, N]` */
  io: Float32Array;
  /** the same for S */
  s: Float32Array;
  /** contribution to the logit difference, mean over prompts, `[L, H]` */
  attribution: Float32Array;
  /** effect of path patching from each head to the logits, `[L, H]` */
  effects: Float32Array;
}

/** Analyses level 2. */
export async function directEffects(
  ioi: Ioi,
  { clean, corrupted }: Behaviour,
): Promise<DirectEffects> {
  const { model, prompts, readout } = ioi;
  const N = prompts.length;
  const attribute = (answer: "correct" | "wrong") =>
    directLogitAttribution(model, prompts.map((p) => p.clean), prompts.map((p) => p.position), {
      kind: "logits",
      ids: Int32Array.from(prompts, (p) => p[answer][0]),
      weights: new Float32Array(N).fill(1),
      width: 1,
    });
  const [io, s] = [await attribute("correct"), await attribute("wrong")];
  const attribution = Float32Array.from(
    allHeads(model.config),
    (_, i) => mean(io.subarray(i * N, (i + 1) * N)) - mean(s.subarray(i * N, (i + 1) * N)),
  );
  const run = await cleanRun(model, prompts, "readout");
  const switched = await corruptedHeads(model, run);
  const { values } = await pathPatch(model, run, switched, "final", readout);
  return { io, s, attribution, effects: patchingEffects(values, clean, corrupted) };
}

/** What level 3 finds. */
export interface NameMovers {
  /** copy scores of all heads */
  copy: CopyScores;
  /** mean attention of all heads from END to the names */
  attention: AttentionToNames;
  /** the name movers */
  heads: Head[];
}

/** Analyses level 3. */
export async function nameMovers(
  { model, prompts }: Ioi,
  direct: DirectEffects,
): Promise<NameMovers> {
  const copy = await nameCopyScores(model, prompts);
  const attention = await attentionToNames(model, prompts);
  const copies = isNameMover(copy.positive, attention, THRESHOLDS.copy);
  const heads = headsWhere(
    model.config,
    (i) => copies[i] && direct.effects[i] < -THRESHOLDS.effect,
  );
  return { copy, attention, heads };
}

/**
 * Returns the heads that write against S rather than for IO: they have a direct effect, attend from END to S more than to
 * IO, and lower the logit of S. The published circuit does not have them.
 */
export function suppressors(
  { model }: { model: { config: { nLayers: number; nHeads: number } } },
  direct: DirectEffects,
  { attention, heads }: NameMovers,
): Head[] {
  const moves = new Set(heads.map(headName));
  const { io, s1, s2 } = attention;
  return headsWhere(
    model.config,
    (i) =>
      direct.effects[i] < -THRESHOLDS.effect && s1[i] + s2[i] > io[i] &&
      added(direct.s, i, direct) < 0,
  )
    .filter((head) => !moves.has(headName(head)));
}

/** Returns what the head at index `i` of `[L, H]` adds to the logit of a name, mean over prompts. */
export function added(name: Float32Array, i: number, { effects }: DirectEffects): number {
  const N = name.length / effects.length;
  return mean(name.subarray(i * N, (i + 1) * N));
}

/** Returns the effect of path patching from every head to q, k or v of the receivers, `[L, H]`; 0 without receivers. */
export async function effectsOn(
  { model, prompts, readout }: Ioi,
  { clean, corrupted }: Behaviour,
  letter: Letter,
  heads: readonly Head[],
): Promise<Float32Array> {
  if (heads.length === 0) return new Float32Array(allHeads(model.config).length);
  const run = await cleanRun(model, prompts, "changed");
  const switched = await corruptedHeads(model, run);
  const { values } = await pathPatch(model, run, switched, { letter, heads }, readout);
  return patchingEffects(values, clean, corrupted);
}

/** A signal about the repeated name that a head sends to the name movers. */
export type Signal = "position" | "token";

/** What level 4 finds. */
export interface SInhibition {
  /** effect of every head on the name movers' queries, `[L, H]` */
  effects: Float32Array;
  /** results of the six flips, for heads with an effect */
  test: S2Inhibition;
  /** heads that, with flipped output, lower the logit difference and turn the name movers from IO to S1 */
  heads: Head[];
  /** signals that each of those heads carries */
  signals: Signal[][];
}

/** Analyses level 4. */
export async function sInhibition(
  ioi: Ioi,
  level1: Behaviour,
  movers: readonly Head[],
): Promise<SInhibition> {
  const { model, flips, readout } = ioi;
  const effects = await effectsOn(ioi, level1, "q", movers);
  const candidates = headsWhere(model.config, (i) => effects[i] < -THRESHOLDS.effect);
  const test = await s2Inhibition(model, flips, readout, movers, candidates);
  const inhibits = (flip: IoiFlipName, i: number) => {
    const { logit_diff, io_attention, s1_attention } = test.changes[flip];
    return logit_diff[i] < -THRESHOLDS.effect && io_attention[i] < 0 && s1_attention[i] > 0;
  };
  const places = test.candidates.map((_, i) => i).filter((i) => inhibits("token_oppo_pos_oppo", i));
  const heads = places.map((i) => test.candidates[i]);
  const signals = places.map((i): Signal[] => [
    ...inhibits("token_same_pos_oppo", i) ? ["position" as const] : [],
    ...inhibits("token_oppo_pos_same", i) ? ["token" as const] : [],
  ]);
  return { effects, test, heads, signals };
}

/** Returns the value of each of some heads in a matrix `[L, H]`. */
export function valuesOf(
  values: ArrayLike<number>,
  heads: readonly Head[],
  shape: { nHeads: number },
): number[] {
  return heads.map((head) => values[placeOf(head, shape)]);
}

/** Returns the attention of some heads from END to the names, per prompt; `s` is S1 and S2 together. */
export async function attentionPerPrompt(
  { model, prompts }: Ioi,
  heads: readonly Head[],
): Promise<{ io: number[]; s: number[] }[]> {
  const names = [...new Set(heads.map(([l]) => `blocks.${l}.attn.hook_pattern`))];
  const { hooks } = await model.run(prompts.map((p) => p.clean), { read: names });
  return heads.map(([l, h]) => {
    const { data, shape: [, H, pos] } = hooks.get(`blocks.${l}.attn.hook_pattern`)!;
    const to = (mark: string) =>
      prompts.map(({ marks }, n) => data[((n * H + h) * pos + marks!.END) * pos + marks![mark]]);
    const s2 = to("S2");
    return { io: to("IO"), s: to("S1").map((x, n) => x + s2[n]) };
  });
}
