/**
 * Makes the page of attribution graphs: positions × layers, edges of a node, its inputs and outputs, pruning, pins and groups.
 *
 * Usage: deno run -A plotting/attribution_graph.ts results/attribution_graphs/pythia-nano/step6144 --output graphs.html
 */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { join } from "@std/path";
import { isFolder, writeFileAtomic } from "../utils/base/mod.ts";
import { buildGraphPage, MOST_FEATURES } from "./attribution_graph/page.ts";
import { readGraphs } from "./attribution_graph/read.ts";
import { tellUserErrors } from "./figures/mod.ts";

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("expected a whole number from 1 on");
}

if (import.meta.main) {
  const command = new Command("plotting/attribution_graph.ts")
    .description("Make the page of attribution graphs.")
    .argument(
      "<paths...>",
      "graphs of get_attribution_graph.ts, or in Neuronpedia's schema, or folders of them",
    )
    .option("-o, --output <file>", "path of the page (default: attribution_graphs.html)")
    .option(
      "--most-features <number>",
      "features of a graph on the page, those with the largest influence",
      wholeNumber,
      MOST_FEATURES,
    )
    .addHelpText(
      "after",
      "\nExample:\n  deno run -A plotting/attribution_graph.ts results/attribution_graphs/pythia-nano/step6144",
    )
    .parse(Deno.args, { from: "user" });
  await tellUserErrors(async () => {
    const { output, mostFeatures } = command.opts();
    const graphs = await readGraphs(command.args);
    const folder = isFolder(command.args[0]) ? command.args[0] : "";
    const file = output ?? join(folder, "attribution_graphs.html");
    await writeFileAtomic(file, buildGraphPage(graphs, mostFeatures));
    console.log(file);
  });
}
