/**
 * Dashboards of features: for every feature of a model's transcoders what it fires on, what it writes and reads, and how well
 * short rules, the current token or the position tell when it fires, beside a random coder.
 *
 *   deno run -A get_feature_dashboards.ts configs/dashboards/pythia-nano.json
 *   deno run -A plotting/dashboards.ts results/dashboards/pythia-nano
 *
 * Writes below `{results_dir}/dashboards/{model}/step{step}`: `dashboards.json`; `features/` for circuit-tracer's viewer; on
 * demand `neuronpedia/`. Definitions: `utils/feature_dashboards`.
 */
import { runScript } from "./utils/cli/mod.ts";
import { dashboardSchema, dashboardsOverTime, openDashboards } from "./utils/experiments/mod.ts";

export const script = {
  name: "get_feature_dashboards",
  description: "Makes dashboards of all features of a model's transcoders in one pass over text.",
  examples: [
    "configs/dashboards/pythia-nano.json",
    "--custom-schedule 1024,6144 --exports circuit-tracer,neuronpedia",
    "--model gpt2 --coders pchlenski/gpt2-transcoders --layers 8 --text openwebtext.jsonl.gz --text-tokens 1000000",
  ],
  schema: dashboardSchema,
  dryRun: "plan" as const,
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    return await dashboardsOverTime(await openDashboards(config), config);
  });
}
