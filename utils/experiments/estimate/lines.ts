/** Says an estimate in words. */
import { formatDuration, recordEstimate } from "../../cli/mod.ts";
import type { Estimate } from "./estimator.ts";

/** Returns a size in words, with two digits. */
export function sizeText(bytes: number): string {
  const [unit, by] = bytes >= 1e12 ? ["TB", 1e12] : bytes >= 1e9 ? ["GB", 1e9] : ["MB", 1e6];
  const value = bytes / by;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${unit}`;
}

/** Returns the lines that `--estimate` prints. */
export function estimateLines(estimate: Estimate): string[] {
  const {
    checkpoints,
    seconds,
    seconds_per_checkpoint,
    memory_bytes,
    weights_bytes,
    disk_bytes,
    download_bytes,
    download_from,
    flops,
    matmul_rate,
    notes,
  } = estimate;
  const each = checkpoints > 1
    ? `, ${formatDuration(1000 * seconds_per_checkpoint)} for each of ${checkpoints} checkpoints`
    : "";
  const from = download_from === undefined ? "" : ` (from ${download_from})`;
  return [
    `time       ${formatDuration(1000 * seconds)}${each}`,
    `memory     ${sizeText(memory_bytes)} (weights of a checkpoint ${sizeText(weights_bytes)})`,
    `disk       ${sizeText(disk_bytes)} of results`,
    `downloads  ${download_bytes === 0 ? "none" : sizeText(download_bytes) + from}`,
    `counted    ${(flops / 1e9).toPrecision(3)} GFLOP of matrix products; this machine now does ` +
    `${(matmul_rate / 1e9).toFixed(0)} GFLOP/s`,
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** Returns the line that `--dry-run` prints. */
export function estimateLine(
  { seconds, memory_bytes, disk_bytes, download_bytes }: Estimate,
): string {
  return `estimate: ${formatDuration(1000 * seconds)}, memory ${sizeText(memory_bytes)}, results ${
    sizeText(disk_bytes)
  }, downloads ${download_bytes === 0 ? "none" : sizeText(download_bytes)}`;
}

/** Prints an estimate as lines, or as one line after the plan of a dry run; keeps it for `--json`. */
export function tellEstimate(estimate: Estimate, plan?: readonly string[]): void {
  recordEstimate(estimate);
  const lines = plan ? [...plan, estimateLine(estimate)] : estimateLines(estimate);
  for (const line of lines) console.log(line);
}

/** Prints the plan of a run that cannot be rehearsed, and the checkpoints that it would fetch. */
export function printPlan(plan: readonly string[], missing: readonly number[]): void {
  for (const line of plan) console.log(line);
  console.log(`downloads: ${missing.length === 0 ? "none" : `checkpoints ${missing.join(", ")}`}`);
  console.log("no estimate: made-up weights do not say how long this takes");
}
