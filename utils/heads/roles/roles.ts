/**
 * The part each head plays at a checkpoint, read from the result files of the head scripts where they exist, for the
 * labels of the explorer page. A head meets a role when its score passes the role's threshold:
 *
 *   previous token, duplicate token, induction   mean attention at the offset > 0.4       full_model_components_over_time
 *   name mover           copy score > 50 % and attention END→IO above END→S1 and END→S2   full_model_components_over_time
 *   negative name mover  the same with the negated output                                 full_model_components_over_time
 *   successor            > 0.4                                                            successor_heads_over_time
 *   copy suppression     CSPA > 0.1                                                       cspa/all_checkpoints
 *   S2 inhibition        as listed in                                                     heads_over_time
 */
import { readJson } from "../../base/files.ts";
import { headName } from "../../names/nodes.ts";
import type { ResultPaths } from "../../results/result_path.ts";
import { type ComponentEntry, nameMovers } from "./component_scores.ts";

/** step → head name → roles */
export type Roles = Record<string, Record<string, string[]>>;

export const ROLE_THRESHOLDS = { attention: 0.4, copy: 50, successor: 0.4, cspa: 0.1 } as const;

const TERTIARY = ["prev_token_scores", "duplicate_token_scores", "induction_scores"];

type Grid = number[][];

/** Names of heads whose score is above a threshold. */
export function headsAbove(grid: Grid, threshold: number): string[] {
  return grid.flatMap((row, l) => row.flatMap((x, h) => x > threshold ? [headName([l, h])] : []));
}

/** Entries of a result file by step; none without the file. @throws Error naming the file and a key that is missing. */
async function checkpointsOf<Entry>(path: string, keys: string[]): Promise<[string, Entry][]> {
  const file = await readJson(path) as { checkpoints?: Record<string, Entry> } | undefined;
  const entries = Object.entries(file?.checkpoints ?? {});
  for (const [step, entry] of entries) {
    for (const key of keys) {
      const found = key.split(".").reduce<unknown>(
        (value, part) => (value as Record<string, unknown> | null | undefined)?.[part],
        entry,
      );
      if (Array.isArray(found)) continue;
      throw new Error(
        `${path}: checkpoints.${step}.${key}: expected a list, found ${
          JSON.stringify(found) ?? "nothing"
        }; ` +
          `move the file away, or make it anew with its script`,
      );
    }
  }
  return entries;
}

/** Roles of all heads at all steps; undefined where no head script has been run for this model. */
export async function headRoles(paths: ResultPaths): Promise<Roles | undefined> {
  const roles: Roles = {};
  const add = (step: string, role: string, heads: readonly string[]) => {
    const atStep = roles[step] ??= {};
    for (const head of heads) (atStep[head] ??= []).push(role);
  };
  const { attention, copy, successor, cspa } = ROLE_THRESHOLDS;
  const components = paths.components("full_model_components_over_time");
  for (
    const [step, entry] of await checkpointsOf<ComponentEntry>(components, [
      ...TERTIARY.map((key) => `tertiary_head_scores.${key}`),
      "copy_scores",
      "negative_copy_scores",
      ...["io", "s1", "s2"].map((name) => `attention_to_names.${name}`),
    ])
  ) {
    const { prev_token_scores, duplicate_token_scores, induction_scores } =
      entry.tertiary_head_scores;
    add(step, "previous token", headsAbove(prev_token_scores, attention));
    add(step, "duplicate token", headsAbove(duplicate_token_scores, attention));
    add(step, "induction", headsAbove(induction_scores, attention));
    add(step, "name mover", nameMovers(entry, copy));
    const negative = { ...entry, copy_scores: entry.negative_copy_scores };
    add(step, "negative name mover", nameMovers(negative, copy));
  }
  const successors = paths.components("successor_heads_over_time");
  for (
    const [step, { corrected }] of await checkpointsOf<{ corrected: Grid }>(successors, [
      "corrected",
    ])
  ) {
    add(step, "successor", headsAbove(corrected, successor));
  }
  for (
    const [step, { scores }] of await checkpointsOf<{ scores: Grid }>(paths.cspa(), ["scores"])
  ) {
    add(step, "copy suppression", headsAbove(scores, cspa));
  }
  const listed = paths.components("heads_over_time");
  for (const [step, { s2i }] of await checkpointsOf<{ s2i: string[] }>(listed, ["s2i"])) {
    add(step, "S2 inhibition", s2i);
  }
  return Object.keys(roles).length > 0 ? roles : undefined;
}
