/** A run without its arithmetic: what it would cost, and how long that takes on this machine. */
export { nodeFlops, type RunCost, runCost, type SymbolSizes, symbolSizes } from "./costs.ts";
export { Rehearsal, type RehearsedRuns } from "./rehearsal.ts";
export { type Rehearsed, rehearsedSeconds } from "./speed.ts";
export { secondsOfProcess, stopwatch } from "./stopwatch.ts";
