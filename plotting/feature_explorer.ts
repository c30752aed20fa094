/**
 * Makes the feature explorer: one page on which the feature circuits of tasks form over training.
 *
 * Usage: deno run -A plotting/feature_explorer.ts results/feature_circuits/pythia-nano [--output features.html]
 *   [--dashboards results/dashboards/pythia-nano]
 */
import { Command } from "@commander-js/extra-typings";
import { UserError, writeFileAtomic } from "../utils/base/mod.ts";
import { featureDashboards, findResults } from "../utils/results/mod.ts";
import { buildFeatureExplorer } from "./feature_explorer/page.ts";
import { readFeatureRuns } from "./feature_explorer/read.ts";
import { tellUserErrors } from "./figures/mod.ts";

if (import.meta.main) {
  const command = new Command("plotting/feature_explorer.ts")
    .description("Make the page on which feature circuits form over training.")
    .argument("<paths...>", "folders of results/feature_circuits, or files in them")
    .option("-o, --output <file>", "path of the page", "feature_explorer.html")
    .option(
      "--dashboards <paths...>",
      "dashboards of the circuits' coders at any checkpoints (get_feature_dashboards.ts); a click on a feature shows its own",
    )
    .addHelpText(
      "after",
      "\nEvaluations of the same coders (results/transcoders/…/evaluation.json) add a curve.\n\n" +
        "Examples:\n  deno run -A plotting/feature_explorer.ts results/feature_circuits/pythia-nano" +
        "\n  deno run -A plotting/feature_explorer.ts results/feature_circuits/pythia-nano " +
        "--dashboards results/dashboards/pythia-nano",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const runs = await readFeatureRuns(command.args);
    const { output, dashboards: paths = [] } = command.opts();
    const found = paths.length > 0 ? await findResults(paths, [featureDashboards]) : [];
    const digests = new Set(
      runs.flatMap(({ checkpoints }) => checkpoints.map(({ coders }) => coders)),
    );
    const dashboards = found.filter(({ entries, header }) =>
      digests.has(entries.get(header.step)?.coders_digest ?? "")
    );
    if (paths.length > 0 && dashboards.length === 0) {
      throw new UserError(
        `--dashboards: expected dashboards of the coders of ${command.args.join(", ")}, found ` +
          `those of others in ${found.map(({ path }) => path).join(", ")}`,
        2,
      );
    }
    await writeFileAtomic(output, buildFeatureExplorer(runs, dashboards));
    console.log(output);
  });
}
