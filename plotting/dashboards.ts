/**
 * Makes the page of a checkpoint's features from its dashboards.json: a list with search, and a card for each feature.
 *
 * Usage: deno run -A plotting/dashboards.ts results/dashboards/pythia-nano [--output dashboards.html]
 */
import { Command } from "@commander-js/extra-typings";
import { dirname, join } from "@std/path";
import { UserError, writeFileAtomic } from "../utils/base/mod.ts";
import { featureDashboards, findResults } from "../utils/results/mod.ts";
import { buildDashboards } from "./dashboards/mod.ts";
import { tellUserErrors } from "./figures/mod.ts";

if (import.meta.main) {
  const command = new Command("plotting/dashboards.ts")
    .description("Make the page of a checkpoint's features from its dashboards.json.")
    .argument("<paths...>", "dashboards.json files, or folders to search for them")
    .option("-o, --output <file>", "path of the page (default: dashboards.html beside the file)")
    .addHelpText(
      "after",
      "\nExample:\n  deno run -A plotting/dashboards.ts results/dashboards/pythia-nano",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const found = await findResults(command.args, [featureDashboards]);
    const { output } = command.opts();
    if (output && found.length > 1) {
      throw new UserError(
        `--output names one file, but the paths hold ${found.length} checkpoints; leave it out, or name one`,
        2,
      );
    }
    for (const stored of found) {
      const file = output ?? join(dirname(stored.path), "dashboards.html");
      await writeFileAtomic(file, buildDashboards(stored));
      console.log(file);
    }
  });
}
