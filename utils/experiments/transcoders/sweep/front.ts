/** The Pareto front of arms: those that no other beats in both the number of active features and the loss. */

/** What decides. */
export interface Point {
  /** arms are compared with those of the same group: stream and width */
  group: string;
  /** mean number of active features */
  l0: number;
  /** what the model loses */
  loss: number;
}

/**
 * Returns for each point whether it is on the front of its group: no other point of the group is at most as large in both
 * numbers and smaller in one.
 */
export function onFront(points: readonly Point[]): boolean[] {
  return points.map((point) =>
    !points.some((other) =>
      other.group === point.group && other.l0 <= point.l0 && other.loss <= point.loss &&
      (other.l0 < point.l0 || other.loss < point.loss)
    )
  );
}
