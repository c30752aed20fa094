/** Gives a circuit summary the roles that the head scripts' result files say now. */
import { basename, resolve } from "@std/path";
import { type CircuitSummary, headRoles, ResultPaths } from "../../utils/results/mod.ts";

/**
 * Returns a summary with the roles in the head scripts' result files as they are now, if the summary is in a folder of
 * results, `{results}/graphs/{model}/{task}`; else with the roles that the run stored.
 */
export async function withCurrentRoles(
  folder: string,
  summary: CircuitSummary,
): Promise<CircuitSummary> {
  const [results, kind] = [resolve(folder, "../../.."), basename(resolve(folder, "../.."))];
  if (kind !== "graphs") return summary;
  const paths = new ResultPaths(results, basename(resolve(folder, "..")));
  const roles = await headRoles(paths, summary) ?? summary.roles;
  return roles ? { ...summary, roles } : summary;
}
