/**
 * Returns the roles of each head at each checkpoint, for the labels of the explorer page. Reads the result files of the
 * head scripts that exist. A head has a role when its score exceeds the threshold of the role:
 *
 *   previous token, duplicate token, induction   mean attention at the offset > 0.4       full_model_components_over_time
 *   name mover           copy score > 50 % and attention END→IO above END→S1 and END→S2   full_model_components_over_time
 *   negative name mover  the same for the negated output                                  full_model_components_over_time
 *   successor            > 0.4                                                            successor_heads_over_time
 *   copy suppression     CSPA > 0.1                                                       cspa/all_checkpoints
 *   S2 inhibition        as listed in                                                     heads_over_time
 */
import {
  copySuppression,
  fullModelComponents,
  type HeadRoles,
  headsByType,
  type ResultKind,
  type ResultPaths,
  successorHeads,
} from "../../results/mod.ts";
import { headName } from "../../names/mod.ts";
import { nameMovers } from "./component_scores.ts";

/** Scores that a head must exceed to have a role; `copy` is in percent. */
export const ROLE_THRESHOLDS = { attention: 0.4, copy: 50, successor: 0.4, cspa: 0.1 } as const;

/** Returns the names of heads `[L][H]` whose score is above a threshold. */
function headsAbove(grid: readonly (readonly number[])[], threshold: number): string[] {
  return grid.flatMap((row, l) => row.flatMap((x, h) => x > threshold ? [headName([l, h])] : []));
}

/**
 * Returns the roles of all heads at all steps, or undefined if no head script has run for this model.
 * @throws UserError naming the file and the key if a result file is damaged.
 */
export async function headRoles(paths: ResultPaths): Promise<HeadRoles | undefined> {
  const roles: HeadRoles = {};
  const add = (step: number, role: string, heads: readonly string[]) => {
    const atStep = roles[step] ??= {};
    for (const head of heads) (atStep[head] ??= []).push(role);
  };
  const { attention, copy, successor, cspa } = ROLE_THRESHOLDS;
  for (const [step, entry] of await entriesOf(fullModelComponents, paths)) {
    const { prev_token_scores, duplicate_token_scores, induction_scores } =
      entry.tertiary_head_scores;
    add(step, "previous token", headsAbove(prev_token_scores, attention));
    add(step, "duplicate token", headsAbove(duplicate_token_scores, attention));
    add(step, "induction", headsAbove(induction_scores, attention));
    add(step, "name mover", nameMovers(entry, copy));
    const negative = { ...entry, copy_scores: entry.negative_copy_scores };
    add(step, "negative name mover", nameMovers(negative, copy));
  }
  for (const [step, { corrected }] of await entriesOf(successorHeads, paths)) {
    add(step, "successor", headsAbove(corrected, successor));
  }
  for (const [step, { scores }] of await entriesOf(copySuppression, paths)) {
    add(step, "copy suppression", headsAbove(scores, cspa));
  }
  for (const [step, { s2i }] of await entriesOf(headsByType, paths)) {
    add(step, "S2 inhibition", s2i);
  }
  return Object.keys(roles).length > 0 ? roles : undefined;
}

/** Returns the entries of a result file by step; none if the file does not exist. */
async function entriesOf<Header, Entry>(
  kind: ResultKind<Header, Entry, []>,
  paths: ResultPaths,
): Promise<ReadonlyMap<number, Entry>> {
  return (await kind.readIfThere(paths))?.entries ?? new Map();
}
