/**
 * Returns the roles of each head at each checkpoint, for the labels of the explorer page. Reads the result files of the
 * head scripts that exist. A head has a role when its score exceeds the threshold of the role:
 *
 *   previous token, duplicate token, induction   mean attention at the offset > 0.4       full_model_components_over_time
 *   name mover           copy score > 50 % and attention END→IO above END→S1 and END→S2   full_model_components_over_time
 *   negative name mover  the same for the negated output                                  full_model_components_over_time
 *   S suppression        attention END→S2 > 0.4, above END→IO and END→S1, and an edge     full_model_components_over_time
 *                        to the logits in the circuit that raises the metric              and the circuit
 *   successor            > 0.4                                                            successor_heads_over_time
 *   copy suppression     CSPA > 0.1                                                       cspa/all_checkpoints
 *   S2 inhibition        as listed in                                                     heads_over_time
 *
 * Scores on random tokens say what a head can do, not what it does in a task. On indirect-object circuits, the roles from
 * indirect-object prompts therefore come first (`compareRoles`), and only where the model does the task.
 */
import { compareRoles, headName, isIoiRole } from "../names/mod.ts";
import { checkpointAble } from "./circuit_ability.ts";
import type { ResultKind } from "./kind.ts";
import {
  type CircuitEdge,
  type CircuitSummary,
  copySuppression,
  type FullModelComponents,
  fullModelComponents,
  type HeadRoles,
  headsByType,
  successorHeads,
} from "./kinds/mod.ts";
import { nameMovers } from "./name_movers.ts";
import type { ResultPaths } from "./result_path.ts";

/** Scores that a head must exceed to have a role; `copy` is in percent. */
export const ROLE_THRESHOLDS = { attention: 0.4, copy: 50, successor: 0.4, cspa: 0.1 } as const;

/** Returns the names of heads `[L][H]` whose score is above a threshold. */
function headsAbove(grid: readonly (readonly number[])[], threshold: number): string[] {
  return grid.flatMap((row, l) => row.flatMap((x, h) => x > threshold ? [headName([l, h])] : []));
}

/** Formats of the files that roles are read from. */
export const ROLE_FORMATS: readonly string[] = [
  fullModelComponents,
  successorHeads,
  copySuppression,
  headsByType,
].map(({ format }) => format);

/** What a role needs of the circuits that the page shows. */
export type RoleCircuits = Pick<CircuitSummary, "task" | "metric" | "checkpoints">;

/**
 * Returns the roles of all heads at all steps, or undefined if no head script has run for this model.
 * @param circuits the circuits that the roles are shown with
 * @throws UserError naming the file and the key if a result file is damaged.
 */
export async function headRoles(
  paths: ResultPaths,
  circuits: RoleCircuits,
): Promise<HeadRoles | undefined> {
  const roles: HeadRoles = {};
  const isIoi = circuits.task === "ioi";
  const byStep = new Map(circuits.checkpoints.map((each) => [each.step, each]));
  const add = (step: number, role: string, heads: readonly string[]) => {
    const atStep = roles[step] ??= {};
    const circuit = byStep.get(step);
    if (isIoi && isIoiRole(role) && circuit && !checkpointAble(circuits, circuit)) return;
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
    const circuit = isIoi ? byStep.get(step)?.circuit ?? [] : [];
    add(step, "S suppression", suppressors(entry, circuit));
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
  for (const heads of Object.values(roles)) {
    for (const list of Object.values(heads)) list.sort(compareRoles(circuits.task));
  }
  return Object.keys(roles).length > 0 ? roles : undefined;
}

/** Returns the heads that attend from END to S2 and write for the right answer, so against S. */
function suppressors(
  { attention_to_names: { io, s1, s2 } }: FullModelComponents,
  circuit: readonly CircuitEdge[],
): string[] {
  const writers = new Set(
    circuit.filter(({ target, score }) => target === "logits" && score > 0)
      .map(({ source }) => source),
  );
  return s2.flatMap((row, l) =>
    row.flatMap((x, h) => {
      const name = headName([l, h]);
      const attends = x > ROLE_THRESHOLDS.attention && x > io[l][h] && x > s1[l][h];
      return attends && writers.has(name) ? [name] : [];
    })
  );
}

/** Returns the entries of a result file by step; none if the file does not exist. */
async function entriesOf<Header, Entry>(
  kind: ResultKind<Header, Entry, []>,
  paths: ResultPaths,
): Promise<ReadonlyMap<number, Entry>> {
  return (await kind.readIfThere(paths))?.entries ?? new Map();
}
