/**
 * Successor scores of every head at every checkpoint: does a head's OV circuit turn "Monday" into "Tuesday"?
 *
 *   deno run -A get_new_successor_head_scores_over_time.ts configs/successor/pythia-nano.json
 *
 * Each checkpoint's entry holds the score on the corrected word lists and on the original's (`compat`), `[L][H]`, 0 … 1.
 * Updates `components/{model}/successor_heads_over_time.json` after each checkpoint. A stopped run continues when started
 * again.
 */
import { z } from "zod";
import { runScript } from "./utils/cli/mod.ts";
import {
  headGrid,
  largestHead,
  successorPairs,
  successorScores,
  type TokenPairs,
} from "./utils/heads/mod.ts";
import { successorHeads } from "./utils/results/mod.ts";
import { modelKeys, openExperiment, shardKey } from "./utils/experiments/mod.ts";

export const script = {
  name: "get_new_successor_head_scores_over_time",
  description:
    "Computes successor scores of every head at every checkpoint, from the weights alone.",
  examples: [
    "configs/successor/pythia-nano.json",
    "--model pythia-70m --ckpt-schedule exponential --threshold 0.4",
  ],
  schema: z.object({
    ...modelKeys,
    ...shardKey,
    threshold: z.number().min(0).max(1).default(0.4)
      .describe("score above which the table counts a head as a successor head"),
  }),
};

const pairCount = (lists: TokenPairs[]) => lists.reduce((n, { inputs }) => n + inputs.length, 0);

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config);
    const { tokenizer, shape } = experiment;
    const corrected = successorPairs(tokenizer, "corrected");
    const compat = successorPairs(tokenizer, "compat");
    const results = await experiment.results(successorHeads, {
      free: ["threshold"],
      header: {
        shape,
        pairs: { corrected: pairCount(corrected), compat: pairCount(compat) },
      },
    });
    const largest = (step: number) => largestHead(results.get(step).corrected);

    return await experiment.run({
      files: [results],
      measure: async (step, model) => {
        const scores = {
          corrected: headGrid(await successorScores(model, corrected), shape.nHeads),
          compat: headGrid(await successorScores(model, compat), shape.nHeads),
        };
        await results.set(step, scores);
        const { head, score } = largestHead(scores.corrected);
        return `largest ${score.toFixed(3)} (${head})`;
      },
      columns: () => [
        { header: "largest", value: (step) => largest(step).score, digits: 3 },
        { header: "head", value: (step) => largest(step).head },
        {
          header: "compat",
          value: (step) => largestHead(results.get(step).compat).score,
          digits: 3,
        },
        {
          header: `heads > ${config.threshold}`,
          value: (step) =>
            results.get(step).corrected.flat().filter((score) => score > config.threshold).length,
        },
      ],
    });
  });
}
