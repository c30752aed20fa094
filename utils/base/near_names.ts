/** Suggestions for a mistyped name. */
import { levenshteinDistance } from "@std/text";

/** Returns the `count` candidates nearest to `name` by edit distance, nearest first; ties keep the given order. */
export function nearNames(name: string, candidates: Iterable<string>, count = 5): string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, distance: levenshteinDistance(name, candidate) as number }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
