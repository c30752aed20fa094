/**
 * Dashboards of features at checkpoints: a result file per checkpoint, written when it is whole, and files for other tools
 * beside it, written at the end. A stopped run starts again with the checkpoint where it stopped.
 */
import { dirname, join } from "@std/path";
import { type Column, formatDuration, isDryRun } from "../../cli/mod.ts";
import { UserError, writeFileAtomic } from "../../base/mod.ts";
import {
  circuitTracerFeatures,
  type Estimate,
  makeDashboards,
  neuronpediaBatches,
} from "../../feature_dashboards/mod.ts";
import {
  type FeatureDashboards,
  featureDashboards,
  type FeatureDashboardsHeader,
  modelFolder,
  type ResultFile,
} from "../../results/mod.ts";
import { type Coder, codersDigest, openCoders } from "../../transcoders/mod.ts";
import { type Experiment, openExperiment } from "../experiment.ts";
import { stepsOf } from "../feature_circuits/mod.ts";
import { type DashboardSettings, FREE_FOR_DASHBOARDS } from "./settings.ts";
import { dashboardText, vocabularyOf } from "./text.ts";

const STEP = "{step}";

/** Returns the folder or repository of the coders, `{step}` left as it is. */
const patternOf = ({ coders, model }: DashboardSettings) =>
  coders.replaceAll("{model}", modelFolder(model));

/** Opens the experiment at the checkpoints of the settings. @throws UserError naming coders that are not there. */
export function openDashboards(config: DashboardSettings): Promise<Experiment> {
  const pattern = patternOf(config), { custom_schedule: checkpoints } = config;
  if (!pattern.includes(STEP) && checkpoints.length > 1) {
    throw new UserError(
      `coders: ${pattern} names one set of transcoders for ${checkpoints.length} checkpoints; put ${STEP} into the name`,
      2,
    );
  }
  const last = () => pattern.includes(STEP) ? stepsOf({ name: "main", pattern }).slice(-1) : [];
  const steps = checkpoints.length > 0 ? checkpoints : last();
  const schedule = steps.length > 0 ? "suite" : "main";
  return openExperiment({ ...config, ckpt_schedule: schedule, custom_schedule: steps });
}

/** Makes the dashboards of every checkpoint that has none. @returns the script's exit code */
export async function dashboardsOverTime(
  experiment: Experiment,
  config: DashboardSettings,
): Promise<number> {
  const { layers, format, cache_dir: cacheDir, scan = modelFolder(config.model) } = config;
  const vocabulary = vocabularyOf(experiment), pattern = patternOf(config);
  const source = (step: number) => pattern.replaceAll(STEP, String(step));
  const open = async (step: number) =>
    (await openCoders(source(step), { cacheDir, format, layers })).coders;
  const files = new Map<number, ResultFile<FeatureDashboards>>();
  for (const step of experiment.steps) {
    const header: Omit<FeatureDashboardsHeader, "model"> = {
      step,
      coders: source(step),
      vocabulary,
    };
    const options = { free: FREE_FOR_DASHBOARDS, header };
    files.set(step, await experiment.results(featureDashboards, options, step));
    if (!isDryRun()) await checkUnchanged(files.get(step)!, step, await open(step));
  }
  const at = (step: number) => files.get(step)!.get(step);
  const has = (step: number) => files.get(step)?.has(step) ?? false;
  const paths = [...files.values()].map(({ path }) => path);
  if (isDryRun()) return await experiment.plan(has, paths.map((path) => ({ path })));
  const text = await dashboardText(experiment, config);
  const exitCode = await experiment.run({
    files: [{ path: paths.at(-1)!, has, steps: () => experiment.steps.filter(has) }],
    measure: async (step, model, progress) => {
      const started = performance.now();
      const dashboards = await makeDashboards(model, await open(step), text, vocabulary, {
        top: config.top,
        bands: config.bands,
        perBand: config.per_band,
        before: config.before,
        after: config.after,
        seed: config.seed,
        readingTokens: config.reading_tokens,
        lists: {
          tokens: config.tokens_shown,
          inputs: config.inputs_shown,
          similar: config.similar_shown,
          bins: 24,
        },
        onEstimate: (estimate) => console.log(`step ${step}: ${estimateText(estimate)}`),
        onStage(stage, parts) {
          const part = progress.begin(stage, parts);
          return () => part.advance();
        },
      });
      await files.get(step)!.set(step, dashboards);
      const features = dashboards.layers.reduce((sum, { features }) => sum + features.length, 0);
      return `${features} features, ${dashboards.tokens} tokens in ` +
        `${((performance.now() - started) / 1000).toFixed(1)} s`;
    },
    columns: () => summaryColumns(at(experiment.steps.filter(has).at(-1)!), at),
    closing: () => {
      console.log("\nMeans over features; in parentheses those of random coders.");
      for (const path of paths) console.log(`written to ${path}`);
      console.log(`deno run -A plotting/dashboards.ts ${dirname(paths.at(-1)!)}`);
    },
  });
  for (const step of experiment.steps.filter(has)) {
    await writeExports(dirname(files.get(step)!.path), at(step), config, vocabulary, scan);
  }
  return exitCode;
}

function estimateText({ seconds, bytes }: Estimate): string {
  return `estimated ${formatDuration(Math.ceil(seconds) * 1000)} for the text, ` +
    `${Math.ceil(bytes / 1e6)} MB besides model and coders`;
}

async function checkUnchanged(
  file: ResultFile<FeatureDashboards>,
  step: number,
  coders: readonly Coder[],
): Promise<void> {
  if (!file.has(step) || file.get(step).coders_digest === await codersDigest(coders)) return;
  throw new UserError(
    `${file.path} was made of other transcoders: they have since changed (step ${step}); start from scratch with ` +
      "--overwrite, or choose another results_dir",
  );
}

async function writeExports(
  folder: string,
  dashboards: FeatureDashboards,
  config: DashboardSettings,
  vocabulary: readonly string[],
  scan: string,
): Promise<void> {
  if (config.exports.includes("circuit-tracer")) {
    for (const [name, bytes] of circuitTracerFeatures(dashboards, { vocabulary, scan })) {
      await writeFileAtomic(join(folder, "features", name), bytes);
    }
  }
  if (!config.exports.includes("neuronpedia")) return;
  const { context, text = "embedded corpus, validation split" } = config;
  const about = { dataset: text, context, prompts: Math.ceil(config.text_tokens / context) };
  const options = { vocabulary, scan, model: modelFolder(config.model) };
  for (const [name, json] of neuronpediaBatches(dashboards, options, about)) {
    await writeFileAtomic(join(folder, "neuronpedia", name), json);
  }
}

function summaryColumns(
  { scores }: FeatureDashboards,
  at: (step: number) => FeatureDashboards,
): Column<number>[] {
  const mean = (step: number, name: string, which: "coder" | "floor") => {
    const layers = at(step).layers.map(({ summary }) => summary[name][which]);
    const measured = layers.reduce((sum, layer) => sum + layer.measured, 0);
    const sum = layers.reduce((all, { mean, measured }) => all + (mean?.[0] ?? 0) * measured, 0);
    return measured === 0 ? "–" : (sum / measured).toFixed(2);
  };
  return [
    {
      header: "alive",
      value: (step) => at(step).layers.reduce((sum, { alive }) => sum + alive, 0),
    },
    ...scores.map((name) => ({
      header: name,
      value: (step: number) => `${mean(step, name, "coder")} (${mean(step, name, "floor")})`,
    })),
  ];
}
