/**
 * Measures how long work takes on a machine that does nothing else: the time on the clock, or the processor time of all
 * threads divided by their number if that is less, because other processes held the cores meanwhile.
 */
import { cpuUsage } from "node:process";

/** Returns the seconds since the process began, measured in the same way. */
export function secondsOfProcess(): number {
  const { user, system } = cpuUsage();
  return Math.min(performance.now() / 1000, (user + system) / 1e6);
}

/** Starts a measurement; the function that it returns gives the seconds so far. */
export function stopwatch(threads = 1): () => number {
  const clock = performance.now(), before = cpuUsage();
  return () => {
    const seconds = (performance.now() - clock) / 1000;
    const { user, system } = cpuUsage(before);
    return Math.min(seconds, (user + system) / 1e6 / threads);
  };
}
