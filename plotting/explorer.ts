/**
 * Makes the explorer page of a model and task from its summary.json, and the roles of heads from the files of the head
 * scripts. The page shows how a circuit forms over training.
 *
 * Usage: deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi [--output explorer.html]
 */
import { Command } from "@commander-js/extra-typings";
import { join, resolve } from "@std/path";
import { UserError, writeFileAtomic } from "../utils/base/mod.ts";
import { buildExplorer } from "./explorer/page.ts";
import { tellUserErrors } from "./figures/mod.ts";
import { withCurrentRoles } from "./result_files/current_roles.ts";
import { storedAttention } from "./result_files/stored_attention.ts";
import { findSummaries } from "./result_files/summaries.ts";

if (import.meta.main) {
  const command = new Command("plotting/explorer.ts")
    .description("Make the explorer page of a model and task from its summary.json.")
    .argument("<paths...>", "summary.json files, or folders to search for them")
    .option("-o, --output <file>", "path of the page (default: explorer.html beside the summary)")
    .option(
      "-c, --compare <paths...>",
      "summaries of other tasks or runs, whose circuits the page compares with",
    )
    .addHelpText(
      "after",
      "\nExample:\n  deno run -A plotting/explorer.ts results/graphs/pythia-160m/ioi",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const found = await findSummaries(command.args);
    const { output, compare = [] } = command.opts();
    const others = compare.length > 0 ? await findSummaries(compare) : [];
    if (output && found.length > 1) {
      throw new UserError(
        `--output names one file, but the paths hold ${found.length} summaries; leave it out, or name one`,
        2,
      );
    }
    for (const { folder, summary } of found) {
      const file = output ?? join(folder, "explorer.html");
      const page = buildExplorer(
        await withCurrentRoles(folder, summary),
        await storedAttention(folder),
        others.filter((other) => resolve(other.folder) !== resolve(folder)).map((other) =>
          other.summary
        ),
      );
      await writeFileAtomic(file, page);
      console.log(file);
    }
  });
}
