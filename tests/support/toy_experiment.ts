/** The smallest complete experiment: a "model" with score log2(step + 1) at each step. `script_e2e_test.ts` runs it. */
import { z } from "zod";
import { forEachCheckpoint } from "../../utils/experiments/checkpoint_loop.ts";
import { resultSettings } from "../../utils/cli/config.ts";
import { defineResult } from "../../utils/results/kind.ts";
import { ResultPaths } from "../../utils/results/result_path.ts";
import { runScript } from "../../utils/cli/script.ts";
import { printTable } from "../../utils/cli/table.ts";

const toyScores = defineResult({
  format: "toy/1",
  madeBy: "tests/support/toy_experiment.ts",
  path: (paths) => paths.components("toy"),
  header: z.object({}),
  entry: z.object({ score: z.number(), heads: z.array(z.array(z.number())) }),
});

const schema = z.object({
  model: z.string().default("toy").describe("model to score"),
  task: z.enum(["ioi", "sva"]).default("ioi").describe("task to score it on"),
  steps: z.array(z.int().min(0)).default([512, 0, 1, 64, 8]).describe("checkpoints to visit"),
  scale: z.number().default(1).describe("factor of the score"),
  unreadable: z.array(z.int()).default([]).describe("steps whose checkpoint is damaged"),
  pause: z.int().min(0).default(0).describe("milliseconds each checkpoint takes"),
  defect: z.boolean().default(false).describe("fail by a defect of the program"),
  results_dir: z.string().default("results").describe("folder of the results"),
  overwrite: z.boolean().default(false).describe("start from scratch"),
});

if (import.meta.main) {
  await runScript({
    name: "toy_experiment",
    description: "Scores a toy model over training.",
    examples: ["configs/toy.json", "configs/toy.json --steps 0,1,2 --overwrite"],
    schema,
  }, async (config) => {
    if (config.defect) (undefined as unknown as { layer: () => void }).layer();
    const results = await toyScores.open({
      path: toyScores.path(new ResultPaths(config.results_dir, config.model)),
      header: {},
      settings: resultSettings(config, [
        "steps",
        "unreadable",
        "pause",
        "defect",
        "results_dir",
        "overwrite",
      ]),
      overwrite: config.overwrite,
    });
    const { exitCode } = await forEachCheckpoint({
      steps: config.steps,
      isDone: (step) => results.has(step),
      prefetch: (step) =>
        config.unreadable.includes(step)
          ? Promise.reject(new Error(`models/toy/step${step}: the file ends early`))
          : Promise.resolve({ weight: Math.log2(step + 1) }),
      run: async (step, { weight }, progress) => {
        const part = progress.begin("prompt", 5);
        for (let i = 0; i < 5; i++) {
          await new Promise((resolve) => setTimeout(resolve, config.pause / 5));
          part.advance();
        }
        const score = config.scale * weight;
        await results.set(step, { score, heads: [[score / 3, 0.1], [-0, 1e-7]] });
        return `score ${score.toFixed(3)}`;
      },
    });
    printTable(
      [
        { header: "step", value: (step: number) => step },
        { header: "score", value: (step: number) => results.get(step).score },
      ],
      results.steps(),
    );
    return exitCode;
  });
}
