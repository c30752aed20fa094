/**
 * Which heads are name movers by their scores: they copy the name that they attend to, and attend from END to IO more than
 * to S1 and to S2 (Wang et al. 2022; the attention condition is what the paper's `filter_name_movers` intends).
 */
import { headName } from "../names/mod.ts";
import type { FullModelComponents } from "./kinds/mod.ts";

/**
 * Tells for each head of `[L, H]` whether it is a name mover.
 * @param copy copy scores in percent
 * @param attention from END to each name, 0 … 1
 * @param threshold percent that a copy score must exceed
 */
export function isNameMover(
  copy: ArrayLike<number>,
  { io, s1, s2 }: Record<"io" | "s1" | "s2", ArrayLike<number>>,
  threshold: number,
): boolean[] {
  return Array.from(copy, (c, i) => c > threshold && io[i] > s1[i] && io[i] > s2[i]);
}

/** Returns the names of an entry's name movers (`isNameMover`) with a copy score above `threshold` percent. */
export function nameMovers(
  { copy_scores, attention_to_names: { io, s1, s2 } }: FullModelComponents,
  threshold = 50,
): string[] {
  const attention = { io: io.flat(), s1: s1.flat(), s2: s2.flat() };
  const movers = isNameMover(copy_scores.flat(), attention, threshold);
  const heads = copy_scores[0].length;
  return movers.flatMap((is, place) =>
    is ? [headName([Math.floor(place / heads), place % heads])] : []
  );
}
