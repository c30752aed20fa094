/**
 * Level 5 of the circuit: what the heads that attend to S2 read there. Do other heads write it (duplicate token,
 * induction), or the embedding and the MLPs? `ioi_circuit.ts` describes the levels.
 */
import { mean } from "../utils/base/mod.ts";
import {
  allHeads,
  type AttentionToNames,
  attentionToNames,
  patchingEffects,
  type RepeatedTokenScores,
  repeatedTokenScores,
} from "../utils/heads/mod.ts";
import type { Head, Letter } from "../utils/names/mod.ts";
import { tensor } from "../utils/onnx/mod.ts";
import { type Behaviour, effectsOn } from "./ioi_levels.ts";
import { type Ioi, withoutRepetition } from "./ioi_prompts.ts";

/** Returns the effect of the receivers' whole corrupted q, k or v, whatever wrote it; 0 without receivers. */
export async function wholeEffectOn(
  { model, prompts, readout }: Ioi,
  { clean, corrupted }: Behaviour,
  letter: Letter,
  heads: readonly Head[],
): Promise<number> {
  if (heads.length === 0) return 0;
  const hooks = [...new Set(heads.map(([l]) => l))].map((l) => `blocks.${l}.attn.hook_${letter}`);
  const values = (await model.run(prompts.map((p) => p.corrupted), { read: hooks })).hooks;
  const patches = hooks.map((hook) => {
    const value = values.get(hook)!;
    const [batch, pos, H] = value.shape;
    const mask = new Uint8Array(batch * pos * H);
    for (const [l, h] of heads) {
      if (hook !== `blocks.${l}.attn.hook_${letter}`) continue;
      for (let row = 0; row < batch * pos; row++) mask[row * H + h] = 1;
    }
    return { hook, value, mask: tensor(mask, [batch, pos, H, 1]) };
  });
  const positions = prompts.map((p) => p.position);
  const patched = await model.metric(prompts.map((p) => p.clean), positions, readout, { patches });
  return patchingEffects(patched, clean, corrupted)[0];
}

/** What level 5 finds. */
export interface Inputs {
  /** effect of every head on the values of the receivers, `[L, H]` */
  effects: Float32Array;
  /** effect of their whole corrupted queries, keys and values */
  whole: Record<Letter, number>;
  /** scores on random tokens repeated once */
  scores: RepeatedTokenScores;
  /** mean attention from S2 to S1, `[L, H]` */
  toS1: Float32Array;
  /** mean attention from S2 to the token after S1, `[L, H]` */
  toAfterS1: Float32Array;
  /** mean attention of all heads from END on prompts without a repeated name: S2 is a third name */
  unrepeated: AttentionToNames;
}

/**
 * Analyses level 5.
 * @param readers heads that attend to S2: S-inhibition heads and heads that suppress S
 */
export async function inputsOf(
  ioi: Ioi,
  level1: Behaviour,
  readers: readonly Head[],
): Promise<Inputs> {
  const { model, prompts, repeated } = ioi;
  const whole = {} as Record<Letter, number>;
  for (const letter of ["q", "k", "v"] as const) {
    whole[letter] = await wholeEffectOn(ioi, level1, letter, readers);
  }
  const [toS1, toAfterS1] = await attentionFromS2(ioi);
  return {
    effects: await effectsOn(ioi, level1, "v", readers),
    whole,
    scores: await repeatedTokenScores(model, repeated),
    toS1,
    toAfterS1,
    unrepeated: await attentionToNames(model, withoutRepetition(prompts)),
  };
}

/** Returns the mean attention from S2 to S1 and to the token after S1, each `[L, H]`. */
async function attentionFromS2({ model, prompts }: Ioi): Promise<Float32Array[]> {
  const { nLayers: L, nHeads: H } = model.config;
  const names = Array.from({ length: L }, (_, l) => `blocks.${l}.attn.hook_pattern`);
  const cut = prompts.map(({ clean, marks }) => clean.slice(0, marks!.S2 + 1));
  const { hooks } = await model.run(cut, { read: names });
  return [0, 1].map((offset) =>
    Float32Array.from(allHeads(model.config), ([l, h]) => {
      const { data, shape: [, , pos] } = hooks.get(names[l])!;
      return mean(
        prompts.map(({ marks }, n) =>
          data[((n * H + h) * pos + marks!.S2) * pos + marks!.S1 + offset]
        ),
      );
    })
  );
}
