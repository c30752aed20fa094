/**
 * Returns the steps at which a training run keeps a checkpoint. As in Pythia these are step 0, the powers of two up to 512,
 * then even steps to the end, and the last step.
 *
 * @param steps steps of the run
 * @param every distance of the even steps
 * @param extra further steps, where abilities appear
 * @param only unless empty, exactly these steps and the last
 */
export function checkpointGrid(
  steps: number,
  every: number,
  extra: readonly number[] = [],
  only: readonly number[] = [],
): number[] {
  const powers = Array.from({ length: 10 }, (_, i) => 2 ** i);
  const even = Array.from({ length: Math.floor(steps / every) }, (_, i) => (i + 1) * every)
    .filter((step) => step > 512);
  const chosen = only.length > 0 ? only : [0, ...powers, ...even, ...extra];
  return [...new Set([...chosen, steps])].filter((step) => step <= steps).sort((a, b) => a - b);
}
