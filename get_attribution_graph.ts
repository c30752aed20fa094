/**
 * Attribution graphs of prompts: which features of a model's transcoders, through which others, make an answer.
 *
 *   deno run -A get_attribution_graph.ts configs/attribution_graph/pythia-nano_ioi.json
 *
 * Writes for each prompt, below `{results_dir}/attribution_graphs/{model}/step{step}`, `{slug}.json` for Neuronpedia and
 * circuit-tracer's viewer, and `exact/{slug}.safetensors` with `exact/{slug}.json`: every edge, those from biases included.
 * `attribution_graphs.html` is a page of the first graphs of the run.
 */
import { printTable, runScript } from "./utils/cli/mod.ts";
import {
  attributionGraphSchema,
  featurePrompts,
  graphFolder,
  graphWarnings,
  type MadeGraph,
  makeGraph,
  namedPrompts,
  openFeatureModel,
  pathLines,
} from "./utils/experiments/mod.ts";
import { join } from "@std/path";
import { buildGraphPage } from "./plotting/attribution_graph/page.ts";
import { readGraphs } from "./plotting/attribution_graph/read.ts";
import { writeFileAtomic } from "./utils/base/mod.ts";
import { nodeCount } from "./utils/feature_circuits/mod.ts";

/** Graphs that the page has at most. */
const MOST_ON_PAGE = 12;

export const script = {
  name: "get_attribution_graph",
  page: true,
  description:
    "Computes the attribution graph of prompts: every direct effect between the active features of a model's transcoders, " +
    "their errors, tokens, biases and the answer. Prunes it, scores it, and writes it for Neuronpedia and exactly.",
  examples: [
    "configs/attribution_graph/pythia-nano_ioi.json",
    '--model pythia-nano --prompt "When Mary and John went to the store, John gave a book to"',
    "--task sva --n-prompts 5 --step 1024 --coders 'my_coders/step{step}' --target logits",
    "--task ioi --n-prompts 1 --target feature --target-layer 2 --target-index 17",
    "--model gpt2 --coders pchlenski/gpt2-transcoders --prompt 'The war lasted from 1735 to 17' --max-nodes 5000",
  ],
  schema: attributionGraphSchema,
};

if (import.meta.main) {
  await runScript(script, async (config, { made: madePage }) => {
    const features = await openFeatureModel(config);
    const { name, step, source } = features;
    const prompts = namedPrompts(await featurePrompts(features, config), config.slug);
    console.log(`${name}, step ${step}, coders ${source}`);
    const made: MadeGraph[] = [];
    for (const prompt of prompts) {
      const result = await makeGraph(features, prompt, config);
      made.push(result);
      const { graph, pruned } = result;
      console.log(`\n${prompt.slug}: ${JSON.stringify(prompt.text)}`);
      const value = graph.values[graph.activations.length];
      const { label, token } = graph.targets[0];
      console.log(
        graph.targets.length === 1 && token === undefined
          ? `${label} = ${value.toFixed(3)}`
          : graph.targets.map(({ label, weight }) => `${label} ${weight.toFixed(3)}`).join(", "),
      );
      for (const line of pathLines(graph, pruned, config.top_paths, features)) console.log(line);
      for (const warning of graphWarnings(result, features)) {
        console.log(`warning: ${warning}`);
      }
    }
    console.log();
    printTable<MadeGraph>([
      { header: "prompt", value: ({ prompt }) => prompt.slug },
      { header: "tokens", value: ({ graph }) => graph.tokens.length },
      { header: "features", value: ({ graph }) => graph.activations.length },
      { header: "nodes", value: ({ graph }) => nodeCount(graph) },
      {
        header: "kept nodes",
        value: ({ pruned }) => pruned.nodes.reduce((sum, kept) => sum + kept, 0),
      },
      { header: "kept edges", value: ({ pruned }) => pruned.edges.length / 2 },
      { header: "replacement", value: ({ scores }) => scores.replacement },
      { header: "completeness", value: ({ scores }) => scores.completeness },
      { header: "missed", value: ({ errors }) => Math.max(...errors) },
      { header: "conservation", value: ({ conservation }) => conservation.toExponential(0) },
      { header: "MB", value: ({ bytes }) => bytes / 1e6, digits: 1 },
      { header: "s", value: ({ seconds }) => seconds, digits: 2 },
    ], made);
    const rss = (Deno.memoryUsage().rss / 1e6).toFixed(0);
    const folder = graphFolder(features, config);
    console.log(`\n${made.length} graphs written to ${folder}; memory ${rss} MB`);
    if (config.page && made.length > 0) {
      const paths = made.slice(0, MOST_ON_PAGE).map(({ path }) => path);
      const file = join(folder, "attribution_graphs.html");
      await writeFileAtomic(file, buildGraphPage(await readGraphs(paths)));
      madePage(file);
      console.log(
        made.length > MOST_ON_PAGE ? `page of the first ${MOST_ON_PAGE}: ${file}` : `page: ${file}`,
      );
    }
    features.model.close();
  });
}
