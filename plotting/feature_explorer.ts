/**
 * Makes the feature explorer: one page on which the feature circuits of tasks form over training.
 *
 * Usage: deno run -A plotting/feature_explorer.ts results/feature_circuits/pythia-nano [--output features.html]
 */
import { Command } from "@commander-js/extra-typings";
import { writeFileAtomic } from "../utils/base/mod.ts";
import { buildFeatureExplorer } from "./feature_explorer/page.ts";
import { readFeatureRuns } from "./feature_explorer/read.ts";
import { tellUserErrors } from "./figures/mod.ts";

if (import.meta.main) {
  const command = new Command("plotting/feature_explorer.ts")
    .description("Make the page on which feature circuits form over training.")
    .argument("<paths...>", "folders of results/feature_circuits, or files in them")
    .option("-o, --output <file>", "path of the page", "feature_explorer.html")
    .addHelpText(
      "after",
      "\nEvaluations of the same coders (results/transcoders/…/evaluation.json) add a curve.\n\n" +
        "Example:\n  deno run -A plotting/feature_explorer.ts results/feature_circuits/pythia-nano",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const runs = await readFeatureRuns(command.args);
    const { output } = command.opts();
    await writeFileAtomic(output, buildFeatureExplorer(runs));
    console.log(output);
  });
}
