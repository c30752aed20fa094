/**
 * Judges attribution graphs of features by interventions, over a task's prompts: how well influence predicts ablations, and
 * whether the pruned graph is sufficient and necessary (definitions: `utils/feature_circuits/judging`).
 *
 *   deno run -A judge_attribution_graph.ts configs/feature_circuits/judge_pythia-nano_ioi.json
 *   deno run -A judge_attribution_graph.ts --task sva --coders 'results/transcoders/pythia-nano/step{step}' --step 6144
 *
 * Updates `{results_dir}/feature_circuits/{model}/{task}/judgement.json` after each checkpoint. A stopped run continues when
 * started again.
 */
import { z } from "zod";
import { formatTable, hasColors, runScript, UserError } from "./utils/cli/mod.ts";
import { bosKey, modelKeys, openExperiment, withTaskName } from "./utils/experiments/mod.ts";
import {
  featureStatistics,
  type JudgementSummary,
  judgePrompt,
  type MeanEstimate,
  type PromptJudgement,
  summariseJudgements,
} from "./utils/feature_circuits/mod.ts";
import { graphJudgements } from "./utils/results/mod.ts";
import { loadTask, promptDigest, readoutOf } from "./utils/tasks/mod.ts";
import { codersDigest, openCoders } from "./utils/transcoders/mod.ts";

export const script = {
  name: "judge_attribution_graph",
  description:
    "Ablates the features of attribution graphs and masks all but a pruned graph: is influence what ablations say, and is " +
    "the graph sufficient and necessary?",
  examples: [
    "configs/feature_circuits/judge_pythia-nano_ioi.json",
    "--task sva --coders 'results/transcoders/pythia-nano/step{step}' --step 6144",
  ],
  schema: z.object({
    ...modelKeys,
    ...bosKey,
    coders: z.string().min(1).default("models/transcoders/{model}/step{step}").describe(
      "folder or Hub repository of the transcoders, one per layer; {model} and {step} stand for the model's name and the " +
        "checkpoint",
    ),
    step: z.int().min(0).optional().describe(
      "the one checkpoint to judge at; default: the last one, unless custom_schedule says which",
    ),
    task: z.string().min(1).default("ioi").describe("task"),
    task_file: z.string().optional()
      .describe("prompts of your own: CSV or JSONL with clean, corrupted, correct, wrong"),
    n_prompts: z.int().min(1).default(20).describe("number of prompts"),
    node_threshold: z.number().min(0).max(1).default(0.8)
      .describe("share of influence that the pruned graph's nodes have"),
    edge_threshold: z.number().min(0).max(1).default(0.98)
      .describe("share of the edge scores that its edges have"),
    attention: z.enum(["frozen_attention", "free"]).default("frozen_attention")
      .describe("attention patterns under masks: as in the clean run, or computed"),
    controls: z.int().min(0).default(5).describe("random circuits per prompt"),
    seed: z.int().default(42).describe("random seed of prompts and random circuits"),
  }),
};

const text = (x: MeanEstimate | null) =>
  x && `${x.value.toFixed(3)} [${x.interval.map((v) => v.toFixed(2)).join(", ")}]`;

/** Prints what one checkpoint's prompts say. */
function printSummary({ frozen_attention, free, masks }: JudgementSummary): void {
  const colors = hasColors(Deno.stdout);
  const names = ["influence", "total", "direct", "signed", "strongest", "norm"] as const;
  console.log("\nSpearman's ρ with the effects of single ablations (mean over prompts, 95 %)");
  console.log(formatTable<typeof names[number]>(
    [
      { header: "predicted by", value: (name) => name },
      { header: "attention frozen", value: (name) => text(frozen_attention[name]) },
      { header: "free", value: (name) => text(free[name]) },
    ],
    names,
    { colors },
  ));
  console.log("\nThe pruned graph under masks (ratios of means over prompts, 95 %)");
  console.log(formatTable<JudgementSummary["masks"][number]>(
    [
      { header: "fill", value: ({ fill }) => fill },
      { header: "errors", value: ({ errors }) => errors },
      { header: "sufficiency", value: (mask) => text(mask.sufficiency) },
      { header: "random", value: (mask) => text(mask.random_sufficiency) },
      { header: "necessity", value: (mask) => text(mask.necessity) },
      { header: "random", value: (mask) => text(mask.random_necessity) },
    ],
    masks,
    { colors },
  ));
}

if (import.meta.main) {
  await runScript(script, async (given) => {
    const config = withTaskName(given);
    const { step, task, cache_dir: cacheDir, custom_schedule: custom } = config;
    const opened = step === undefined ? await openExperiment(config) : undefined;
    const steps = step !== undefined
      ? [step]
      : custom.length > 0
      ? custom
      : [opened!.steps.at(-1)!];
    const experiment = config.ckpt_schedule === "main"
      ? opened ?? await openExperiment(config)
      : await openExperiment({ ...config, custom_schedule: steps });
    const data = await loadTask(task, experiment.tokenizer, {
      n: config.n_prompts,
      seed: config.seed,
      file: config.task_file,
    });
    data.metric = { name: "logit_diff", mode: data.metric.mode };
    const { ids, weights, width } = readoutOf(data);
    const prompts = data.prompts.map(({ clean, position }, i) => {
      const part = <T extends { subarray(from: number, to: number): T }>(values: T) =>
        values.subarray(i * width, (i + 1) * width);
      return {
        tokens: clean.slice(0, position + 1),
        metric: { ids: part(ids), weights: part(weights) },
      };
    });
    const results = await experiment.results(graphJudgements, {
      free: ["step"],
      settings: config.task_file === undefined ? {} : { prompts: await promptDigest(data) },
    }, task);
    const openAt = async (step: number) => {
      const path = config.coders.replaceAll("{model}", experiment.paths.model)
        .replaceAll("{step}", String(step));
      return (await openCoders(path, { cacheDir })).coders;
    };
    for (const step of experiment.steps.filter((step) => results.has(step))) {
      if (results.get(step).coders_digest === await codersDigest(await openAt(step))) continue;
      throw new UserError(
        `${results.path} was made of other transcoders: they have since changed (step ${step}); ` +
          "start from scratch with --overwrite",
      );
    }

    return await experiment.run({
      files: [results],
      measure: async (step, model, progress) => {
        const coders = await openAt(step);
        const statistics = await featureStatistics(
          model,
          coders,
          prompts.map(({ tokens }) => tokens),
        );
        const part = progress.begin("prompts", prompts.length);
        const judged: PromptJudgement[] = [];
        for (const [i, prompt] of prompts.entries()) {
          judged.push(
            await judgePrompt(model, coders, prompt, statistics, {
              nodeThreshold: config.node_threshold,
              edgeThreshold: config.edge_threshold,
              attention: config.attention,
              controls: config.controls,
              seed: config.seed + i,
            }),
          );
          part.advance();
        }
        const summary = summariseJudgements(judged);
        await results.set(step, {
          coders_digest: await codersDigest(coders),
          summary,
          prompts: judged,
        });
        return `ρ ${text(summary.frozen_attention.influence) ?? "–"}`;
      },
      columns: () => {
        const of = (step: number) => results.get(step).summary;
        return [
          { header: "metric", value: (step) => of(step).metric.value, digits: 2 },
          { header: "features", value: (step) => of(step).features.value, digits: 0 },
          { header: "circuit", value: (step) => of(step).circuit.value, digits: 1 },
          { header: "replacement", value: (step) => of(step).replacement.value, digits: 3 },
          { header: "completeness", value: (step) => of(step).completeness.value, digits: 3 },
          {
            header: "ρ influence",
            value: (step) => of(step).frozen_attention.influence?.value,
            digits: 3,
          },
          { header: "free", value: (step) => of(step).free.influence?.value, digits: 3 },
          { header: "norm", value: (step) => of(step).frozen_attention.norm?.value, digits: 3 },
        ];
      },
      closing: () => {
        printSummary(results.get(results.steps().at(-1)!).summary);
        console.log(`\nwritten to ${results.path}`);
      },
    });
  });
}
