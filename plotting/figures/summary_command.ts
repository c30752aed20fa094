/** Makes the command line of the plots that read `summary.json` files. */
import type { CircuitSummary } from "../../utils/results/mod.ts";
import { findSummaries } from "../result_files/summaries.ts";
import { type FilesCommand, type PlotCommand, plotCommand, requirePaths } from "./plot_command.ts";

/** Returns `plotCommand` for summaries. */
export function summaryCommand(plot: Omit<PlotCommand, "paths">): FilesCommand {
  return plotCommand({
    paths: "summary.json files, or folders to search for them",
    ...plot,
  });
}

/** Returns the summaries at a command's paths. @throws UserError if there are no paths; it says what it `expected`. */
export async function givenSummaries(
  paths: string[],
  expected = "summary.json files or folders",
): Promise<CircuitSummary[]> {
  const found = await findSummaries(requirePaths(paths, expected));
  return found.map(({ summary }) => summary);
}
