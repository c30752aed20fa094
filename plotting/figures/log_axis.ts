/** Logarithmic axes with round ticks, for values that are not counted by decades alone. */

/**
 * Returns the ticks within a range: 1, 2 and 5 of each decade in ranges of up to 2.2 decades, else decades.
 * @param range low and high, log10
 */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const steps = high - low > 2.2 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let decade = Math.floor(low); decade <= Math.ceil(high); decade++) {
    ticks.push(...steps.map((step) => Number(`${step}e${decade}`)));
  }
  return ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
}

/** Returns the settings of an axis over a range, log10. */
export function logAxis(range: readonly [number, number]): Record<string, unknown> {
  const ticks = logTicks(range);
  return { type: "log", range, dtick: undefined, tickvals: ticks, ticktext: ticks.map(String) };
}
