/** Follows features back through checkpoints, from match to match. */

/** Kept features of one layer between a checkpoint and the next, as in a turnover. */
export type KeptPairs = readonly (readonly [old: number, now: number, similarity: number])[];

/** What a feature of the last checkpoint was at a checkpoint where it was not yet there. */
export const ABSENT: number = -1;

/**
 * Returns the number of a feature at every checkpoint, {@link ABSENT} before the first match of its unbroken chain.
 * @param kept pairs between neighbouring checkpoints, the oldest first
 * @param feature its number at the last checkpoint
 */
export function trackBack(kept: readonly KeptPairs[], feature: number): number[] {
  const track = [feature];
  for (let t = kept.length - 1; t >= 0; t--) {
    const now = track[0];
    track.unshift(now === ABSENT ? ABSENT : kept[t].find((pair) => pair[1] === now)?.[0] ?? ABSENT);
  }
  return track;
}
