/**
 * Circuits in features over training: at every checkpoint with transcoders, the features behind a task, and how they became a
 * circuit. Definitions: `utils/feature_circuits/{tasks,identity,formation}`.
 *
 *   deno run -A get_feature_circuits_over_time.ts configs/feature_circuits/pythia-nano.json
 *
 * Writes below `results/feature_circuits/{model}/`: circuits and their formation by task and set of coders, the identity of
 * features by set. A stopped run continues when started again, and ends with the same bytes. `plotting/feature_formation.ts`
 * draws them.
 */
import {
  atCoderSteps,
  featureCircuitSchema,
  featureCircuitsOverTime,
  openExperiment,
  planFeatureCircuits,
  printFeatureCircuits,
  shardOf,
  shardText,
} from "./utils/experiments/mod.ts";
import { isDryRun, runScript } from "./utils/cli/mod.ts";

export const script = {
  name: "get_feature_circuits_over_time",
  description:
    "Finds the circuit of a task in transcoder features at every checkpoint, and how it formed.",
  examples: [
    "configs/feature_circuits/pythia-nano.json",
    "configs/feature_circuits/pythia-nano.json --tasks ioi --warm-coders 'results/transcoders/warm/step{step}'",
  ],
  schema: featureCircuitSchema,
  dryRun: "plan" as const,
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(atCoderSteps(config));
    if (isDryRun()) return await planFeatureCircuits(experiment, config);
    const results = await featureCircuitsOverTime(experiment, config);
    if (experiment.shard) {
      console.log(shardText(experiment.shard, shardOf(experiment.steps, experiment.shard)));
      return results.exitCode;
    }
    printFeatureCircuits(results);
    console.log(`\nwritten below ${config.results_dir}/feature_circuits/${experiment.paths.model}`);
    return results.exitCode;
  });
}
