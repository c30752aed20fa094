/**
 * Scores the heads of an indirect-object circuit by the roles they could have (the paper's
 * `get_circuit_components_over_time`).
 *
 *  1. Direct effects: heads with an in-circuit edge to the logits get copy scores and, from a first layer on, CSPA.
 *     Name movers are those with a copy score above a threshold and attention END→IO above END→S1 and END→S2.
 *  2. S2 inhibition: heads with an in-circuit edge to the queries of these name movers (`s2_inhibition.ts`).
 *  3. Tertiary heads: every head that writes to the circuit gets previous-token, duplicate-token and induction scores.
 */
import type { HookedModel, Readout } from "../../model/mod.ts";
import { type CircuitComponents, type HeadsOfTypes, isNameMover } from "../../results/mod.ts";
import type { IoiFlipName, PromptPair } from "../../tasks/mod.ts";
import { attentionToNames, nameCopyScores, repeatedTokenScores } from "../scores/mod.ts";
import type { CircuitHeads } from "./circuit_heads.ts";
import { headGrid } from "../head_grid.ts";
import { doesIoi } from "./ioi_roles.ts";
import { type Head, headName, placeOf } from "../head.ts";
import { S2I_QUANTITIES, s2Inhibition, type S2IQuantity, SIGNAL_FLIPS } from "./s2_inhibition.ts";

/** Sets thresholds, and how to compute CSPA. */
export interface CircuitComponentOptions {
  /** Percent that the copy score of a name mover must exceed. */
  copyThreshold: number;
  /** First layer with CSPA. */
  cspaStartLayer: number;
  /** Returns CSPA `[L, H]`. `candidates` are the heads that need it. */
  cspa: (candidates: readonly Head[]) => Promise<{ scores: Float32Array }>;
}

/**
 * Scores one checkpoint.
 * @param model model with folded weights
 * @param task indirect-object pairs, the pairs of each flip on the same clean prompts, and the metric
 * @param repeated random tokens repeated once (`repeatedTokens`)
 * @returns the entries of `components_over_time.json` and `heads_over_time.json`
 */
export async function circuitComponents(
  model: HookedModel,
  { pairs, flips, readout }: {
    pairs: readonly PromptPair[];
    flips: Record<IoiFlipName, readonly PromptPair[]>;
    readout: Readout;
  },
  repeated: readonly (readonly number[])[],
  circuit: CircuitHeads,
  { copyThreshold, cspaStartLayer, cspa }: CircuitComponentOptions,
): Promise<{ components: CircuitComponents; heads: HeadsOfTypes }> {
  const { config } = model;
  const direct = circuit.intoLogits();
  const only = (values: Float32Array, heads: readonly Head[]) => {
    const kept = new Float32Array(values.length);
    for (const head of heads) kept[placeOf(head, config)] = values[placeOf(head, config)];
    return kept;
  };
  const grid = (values: Float32Array) => headGrid(values, config.nHeads);

  const { positive } = await nameCopyScores(model, pairs);
  const copy = only(positive, direct);
  const movers = isNameMover(copy, await attentionToNames(model, pairs), copyThreshold);
  const nameMovers = direct.filter((head) => movers[placeOf(head, config)]);
  const late = direct.filter(([layer]) => layer >= cspaStartLayer);
  const suppression = only((await cspa(late)).scores, late);

  const candidates = circuit.intoQueries(nameMovers);
  const s2i = await s2Inhibition(model, flips, readout, nameMovers, candidates);
  const changes = (quantity: S2IQuantity, flip: IoiFlipName) => {
    const values = new Float32Array(copy.length);
    s2i.candidates.forEach((head, i) => {
      values[placeOf(head, config)] = s2i.changes[flip][quantity][i];
    });
    return grid(only(values, s2i.heads));
  };

  const readouts = pairs.map((pair) => pair.position);
  const clean = await model.metric(pairs.map((pair) => pair.clean), readouts, readout);
  const corrupted = await model.metric(pairs.map((pair) => pair.corrupted), readouts, readout);
  const tertiary = await repeatedTokenScores(model, repeated);
  const sources = circuit.sources();
  return {
    components: {
      able: doesIoi(clean, corrupted),
      direct_effect_scores: {
        copy_scores: grid(copy),
        filtered_copy_scores: grid(copy.map((x) => x > copyThreshold ? x : 0)),
        copy_suppression_scores: grid(suppression),
      },
      s2i_scores: Object.fromEntries(S2I_QUANTITIES.map((quantity) => [
        quantity,
        Object.fromEntries(SIGNAL_FLIPS.map((flip) => [flip, changes(quantity, flip)])),
      ])) as CircuitComponents["s2i_scores"],
      tertiary_head_scores: {
        induction_scores: grid(only(tertiary.induction, sources)),
        prev_token_scores: grid(only(tertiary.prevToken, sources)),
        duplicate_token_scores: grid(only(tertiary.duplicateToken, sources)),
      },
    },
    heads: {
      direct: direct.map(headName),
      nmh: nameMovers.map(headName),
      s2i: s2i.heads.map(headName),
      circuit: sources.map(headName),
    },
  };
}
