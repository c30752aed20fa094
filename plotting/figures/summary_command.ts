/** The command line of the plots of circuits: `summary.json` files in, one or more figures out. */
import type { CircuitSummary } from "../../utils/results/kinds/circuit_summary.ts";
import { findSummaries } from "../result_files/summaries.ts";
import { type FilesCommand, type PlotCommand, plotCommand, requirePaths } from "./plot_command.ts";

/** Returns `plotCommand` for summaries. */
export function summaryCommand(plot: Omit<PlotCommand, "paths">): FilesCommand {
  return plotCommand({
    paths: "summary.json files, or folders below which they are looked for",
    ...plot,
  });
}

/** Returns the summaries at the paths of such a command. @throws UserError without paths, saying what was expected. */
export async function givenSummaries(
  paths: string[],
  expected = "summary.json files or folders",
): Promise<CircuitSummary[]> {
  const found = await findSummaries(requirePaths(paths, expected));
  return found.map(({ summary }) => summary);
}
