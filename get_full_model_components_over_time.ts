/**
 * What every head does over training: previous-token, duplicate-token and induction scores on repeated random tokens,
 * copy scores and attention to the names on indirect-object prompts, for all heads at every checkpoint.
 *
 *   deno run -A get_full_model_components_over_time.ts configs/comp/pythia-nano.json
 *
 * Writes `components/{model}/full_model_components_over_time.json` (layout: `utils/heads/component_scores.ts`) after each
 * checkpoint; run again, it continues.
 */
import { z } from "zod";
import { forEachCheckpoint } from "./utils/experiment/checkpoint_loop.ts";
import { resultSettings } from "./utils/experiment/config.ts";
import { openResultFile } from "./utils/experiment/result_file.ts";
import { ResultPaths } from "./utils/experiment/result_path.ts";
import { runScript, UserError } from "./utils/experiment/script.ts";
import { printTable } from "./utils/experiment/table.ts";
import { repeatedTokens } from "./utils/heads/attention_scores.ts";
import {
  COMPONENT_FORMAT,
  type ComponentEntry,
  componentEntry,
  componentScores,
  nameMovers,
} from "./utils/heads/component_scores.ts";
import { largestHead } from "./utils/heads/head_grid.ts";
import { readModelConfig } from "./utils/model/config.ts";
import { loadTokenizer } from "./utils/model/tokenizer.ts";
import { FOLDED } from "./utils/model/weight_processing.ts";
import {
  checkpointFolder,
  FREE_KEYS,
  modelKeys,
  openCheckpointModel,
  resultModel,
  runtimeOf,
  trainingSteps,
} from "./utils/scripts/model_keys.ts";
import { loadTask } from "./utils/tasks/tasks.ts";

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
    dataset_size: z.int().min(1).default(70).describe("indirect-object prompts"),
    seed: z.int().default(42).describe("of the prompts and of the random tokens"),
    sequences: z.int().min(1).default(2).describe("sequences of random tokens"),
    sequence_length: z.int().min(2).optional().describe(
      "random tokens before they repeat; default: 100, or an eighth of the positions of a small model",
    ),
    first_id: z.int().min(0).default(100).describe("smallest random token id"),
    last_id: z.int().min(0).optional()
      .describe("largest random token id; default: 19999, or the last of a small vocabulary"),
    copy_threshold: z.number().min(0).max(100).default(50)
      .describe("copy score in percent above which the table calls a head a name mover"),
  }),
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const steps = trainingSteps(config);
    const folder = await checkpointFolder(config, steps.at(-1)!);
    const tokenizer = await loadTokenizer(folder);
    const model = await readModelConfig(folder);
    const { nLayers, nHeads, maxPositions } = model;
    const runtime = runtimeOf(config, model);
    const { prompts } = await loadTask("ioi", tokenizer, {
      n: config.dataset_size,
      seed: config.seed,
    });
    const half = config.sequence_length ?? Math.min(100, Math.floor(maxPositions / 8));
    if (2 * half > maxPositions) {
      throw new UserError(
        `sequence_length: ${config.model} has ${maxPositions} positions, so at most ${
          Math.floor(maxPositions / 2)
        } tokens can be repeated, found ${half}`,
        2,
      );
    }
    const lastId = config.last_id ?? Math.min(19_999, tokenizer.vocabSize - 1);
    const repeated = repeatedTokens({
      batch: config.sequences,
      half,
      ids: [config.first_id, lastId],
      seed: config.seed,
    });
    const results = await openResultFile<ComponentEntry>({
      path: new ResultPaths(config.results_dir, resultModel(config))
        .components("full_model_components_over_time"),
      format: COMPONENT_FORMAT,
      settings: {
        ...resultSettings<Record<string, unknown>>(config, [...FREE_KEYS, "copy_threshold"]),
        sequence_length: half,
        last_id: lastId,
      },
      header: { model: resultModel(config), shape: { nLayers, nHeads } },
      entry: componentEntry,
      overwrite: config.overwrite,
    });

    const { exitCode } = await forEachCheckpoint({
      steps,
      isDone: (step) => results.has(step),
      prefetch: (step) => openCheckpointModel(config, step, runtime, { processing: FOLDED }),
      run: async (step, model) => {
        const entry = await componentScores(model, prompts, repeated);
        await results.set(step, entry);
        const induction = largestHead(entry.tertiary_head_scores.induction_scores);
        const copy = largestHead(entry.copy_scores);
        return `induction ${induction.score.toFixed(2)} (${induction.head})  ` +
          `copy ${copy.score.toFixed(0)} % (${copy.head})`;
      },
      release: (model) => model.close(),
    });

    const best = (header: string, grid: (entry: ComponentEntry) => number[][], digits: number) => {
      const of = (step: number) => largestHead(grid(results.get(step)));
      return [
        { header, value: (step: number) => of(step).score, digits },
        { header: "head", value: (step: number) => of(step).head },
      ];
    };
    printTable<number>([
      { header: "step", value: (step) => step },
      ...best("previous", (e) => e.tertiary_head_scores.prev_token_scores, 2),
      ...best("duplicate", (e) => e.tertiary_head_scores.duplicate_token_scores, 2),
      ...best("induction", (e) => e.tertiary_head_scores.induction_scores, 2),
      ...best("copy %", (e) => e.copy_scores, 0),
      {
        header: "name movers",
        value: (step) => nameMovers(results.get(step), config.copy_threshold).join(" ") || "–",
      },
    ], results.steps());
    console.log(`written to ${results.path}`);
    return exitCode;
  });
}
