/**
 * What every head does over training: previous-token, duplicate-token and induction scores on repeated random tokens,
 * copy scores and attention to the names on indirect-object prompts, for all heads at every checkpoint.
 *
 *   deno run -A get_full_model_components_over_time.ts configs/comp/pythia-nano.json
 *
 * Updates `components/{model}/full_model_components_over_time.json` after each checkpoint. A stopped run continues when
 * started again.
 */
import { z } from "zod";
import { runScript } from "./utils/cli/mod.ts";
import { componentScores, largestHead, nameMovers } from "./utils/heads/mod.ts";
import { type FullModelComponents, fullModelComponents } from "./utils/results/mod.ts";
import { FOLDED } from "./utils/model/mod.ts";
import {
  modelKeys,
  openExperiment,
  promptKeys,
  randomTokens,
  repeatKeys,
  repeatSettings,
  shardKey,
} from "./utils/experiments/mod.ts";
import { loadTask } from "./utils/tasks/mod.ts";

export const script = {
  name: "get_full_model_components_over_time",
  description:
    "Scores every head at every checkpoint: previous-token, duplicate-token, induction, copy scores, attention to names.",
  examples: [
    "configs/comp/pythia-nano.json",
    "--model pythia-70m --ckpt-schedule sparse --dataset-size 70",
  ],
  schema: z.object({
    ...modelKeys,
    ...shardKey,
    ...promptKeys,
    ...repeatKeys,
    copy_threshold: z.number().min(0).max(100).default(50)
      .describe("copy score in percent above which the table calls a head a name mover"),
  }),
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config, { processing: FOLDED });
    const { prompts } = await loadTask("ioi", experiment.tokenizer, {
      n: config.dataset_size,
      seed: config.seed,
    });
    const repeat = repeatSettings(config, experiment);
    const repeated = randomTokens(config, repeat);
    const results = await experiment.results(fullModelComponents, {
      free: ["copy_threshold"],
      settings: repeat,
    });
    type Grid = (entry: FullModelComponents) => number[][];
    const best = (header: string, grid: Grid, digits: number) => {
      const of = (step: number) => largestHead(grid(results.get(step)));
      return [
        { header, value: (step: number) => of(step).score, digits },
        { header: "head", value: (step: number) => of(step).head },
      ];
    };

    return await experiment.run({
      files: [results],
      measure: async (step, model) => {
        const entry = await componentScores(model, prompts, repeated);
        await results.set(step, entry);
        const induction = largestHead(entry.tertiary_head_scores.induction_scores);
        const copy = largestHead(entry.copy_scores);
        return `induction ${induction.score.toFixed(2)} (${induction.head})  ` +
          `copy ${copy.score.toFixed(0)} % (${copy.head})`;
      },
      columns: () => [
        ...best("previous", (e) => e.tertiary_head_scores.prev_token_scores, 2),
        ...best("duplicate", (e) => e.tertiary_head_scores.duplicate_token_scores, 2),
        ...best("induction", (e) => e.tertiary_head_scores.induction_scores, 2),
        ...best("copy %", (e) => e.copy_scores, 0),
        {
          header: "name movers",
          value: (step) => nameMovers(results.get(step), config.copy_threshold).join(" ") || "–",
        },
      ],
    });
  });
}
