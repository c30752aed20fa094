/**
 * Puts heads of every checkpoint into every other: a source × target grid of the task's metric (definitions:
 * `utils/heads/roles/component_swap.ts`).
 *
 *   deno run -A get_component_swaps.ts configs/swaps/pythia-nano_ioi.json
 *
 * Updates `comp_swap/{model}/{task}.json` after each target checkpoint. A stopped run continues when started again. For
 * each group of heads, an entry holds the target's own metric and, by source step, the metric with the source's heads and
 * the difference.
 */
import { z } from "zod";
import {
  type ComponentSwaps,
  componentSwaps,
  headsByType,
  type ResultPaths,
} from "./utils/results/mod.ts";
import { runScript, UserError } from "./utils/cli/mod.ts";
import { mean } from "./utils/base/mod.ts";
import {
  checkHeads,
  type Head,
  type HeadDonor,
  headDonor,
  parseHead,
  SwapTarget,
} from "./utils/heads/mod.ts";
import { bosKey, modelKeys, openExperiment, resultPaths } from "./utils/experiments/mod.ts";
import { loadTask, readoutOf, TASK_NAMES } from "./utils/tasks/mod.ts";

export const script = {
  name: "get_component_swaps",
  dryRun: true,
  description: "Puts heads of every checkpoint into every other checkpoint and measures the task.",
  examples: [
    "configs/swaps/pythia-nano_ioi.json",
    "configs/swaps/pythia-160m_ioi.json --custom-schedule 1000,4000,16000,64000,143000",
  ],
  schema: z.object({
    ...modelKeys,
    ...bosKey,
    task: z.enum(TASK_NAMES as [string, ...string[]]).default("ioi").describe("task to measure"),
    n_prompts: z.int().min(1).max(100_000).optional().describe(
      "prompts; default: the task's own number",
    ),
    seed: z.int().default(42).describe("random seed for the prompts"),
    batch_size: z.int().min(1).default(100).describe("prompts in one batch"),
    components: z.record(z.string(), z.array(z.string().regex(/^a\d+\.h\d+$/)).min(1)).default({})
      .describe(
        'groups of heads, e.g. {"nmh": ["a8.h2", "a8.h10"]}; default (ioi): circuit, nmh and s2i heads of the last step ' +
          "in heads_over_time.json",
      ),
  }),
};

/**
 * Returns the configured groups of heads; for ioi, by default those of the last step in heads_over_time.json.
 * @throws UserError if there are none.
 */
async function groupsOf(
  { components, task }: { components: Record<string, string[]>; task: string },
  paths: ResultPaths,
): Promise<Record<string, Head[]>> {
  const parse = (names: string[]) => names.map(parseHead);
  const given = Object.entries(components);
  if (given.length > 0) return Object.fromEntries(given.map(([k, names]) => [k, parse(names)]));
  const path = headsByType.path(paths);
  const file = task === "ioi" ? await headsByType.readIfThere(paths) : undefined;
  const last = file?.entries.get(file.steps.at(-1)!);
  if (!last) {
    throw new UserError(
      `components: name the heads to swap, or for ioi run ${headsByType.madeBy} first (${path})`,
      2,
    );
  }
  const found = { whole_circuit: last.circuit, nmh: last.nmh, s2i: last.s2i };
  const filled = Object.entries(found).filter(([, names]) => names.length > 0);
  if (filled.length === 0) {
    throw new UserError(
      `components: ${path} has no head of the circuit at its last step; name the heads`,
    );
  }
  return Object.fromEntries(filled.map(([name, names]) => [name, parse(names)]));
}

if (import.meta.main) {
  await runScript(script, async (config) => {
    const groups = await groupsOf(config, resultPaths(config));
    const experiment = await openExperiment(config);
    const { steps } = experiment;
    for (const heads of Object.values(groups)) checkHeads(heads, experiment.model);
    const data = await loadTask(config.task, experiment.tokenizer, {
      n: config.n_prompts,
      seed: config.seed,
    });
    const readout = readoutOf(data);
    const results = await experiment.results(componentSwaps, {
      free: ["batch_size"],
      // every entry depends on all steps: they are its sources
      settings: {
        components: Object.fromEntries(
          Object.entries(groups).map(([name, heads]) => [name, heads.map((h) => h.join("."))]),
        ),
        sources: steps,
      },
      header: { metric: data.metric.name },
    }, config.task);

    const heads = Object.values(groups).flat();
    const donors = new Map<number, HeadDonor>();
    for (const step of steps.every((s) => results.has(s)) ? [] : steps) {
      const source = await experiment.open(step);
      donors.set(step, await headDonor(source.weights.asSource(), heads));
      source.close();
    }

    const [first] = Object.keys(groups);
    return await experiment.run({
      files: [results],
      measure: async (step, model, progress) => {
        const swaps = progress.begin("swap", Object.keys(groups).length * steps.length);
        const found: ComponentSwaps = {};
        for (const [name, own] of Object.entries(groups)) {
          const target = await SwapTarget.of(model, own, data.prompts, readout, config.batch_size);
          const baseline = mean(await target.baseline());
          const values = {
            baseline_val: baseline,
            swapped_val: {},
            difference: {},
          } as ComponentSwaps[string];
          for (const source of steps) {
            const swapped = mean(await target.swapped(donors.get(source)!));
            values.swapped_val[source] = swapped;
            values.difference[source] = swapped - baseline;
            swaps.advance();
          }
          found[name] = values;
        }
        await results.set(step, found);
        return Object.entries(found).map(([name, g]) => {
          const last = g.difference[steps.at(-1)!];
          return `${name} ${g.baseline_val.toFixed(2)} ${last < 0 ? "−" : "+"} ${
            Math.abs(last).toFixed(2)
          }`;
        }).join("  ");
      },
      stepHeader: "target",
      columns: () => [
        {
          header: data.metric.name,
          value: (step) => results.get(step)[first].baseline_val,
          digits: 2,
        },
        ...Object.keys(groups).map((name) => ({
          header: `with ${name} of step ${steps.at(-1)}`,
          value: (step: number) => results.get(step)[name].swapped_val[steps.at(-1)!],
          digits: 2,
        })),
      ],
    });
  });
}
