/**
 * Checks the greater-than circuit at every checkpoint: do its heads attend to the first year and point to it, and do its
 * MLPs promote later years (definitions: `utils/heads/roles/greater_than_circuit.ts`)?
 *
 *   deno run -A verify_greater_than.ts configs/verify_greater_than/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds. Updates `circuit_verification/{model}/greater_than.json` after
 * each checkpoint. A stopped run continues when started again.
 */
import { z } from "zod";
import { alsoNamed, runScript } from "./utils/cli/mod.ts";
import { mean } from "./utils/base/mod.ts";
import { greaterThanNodes, greaterThanParts, readCircuitHeads } from "./utils/heads/mod.ts";
import { greaterThanChecks } from "./utils/results/mod.ts";
import { bosKey, modelKeys, openExperiment, RECORDED_PROMPTS } from "./utils/experiments/mod.ts";
import { loadTask } from "./utils/tasks/mod.ts";

export const script = {
  name: "verify_greater_than",
  dryRun: true,
  description:
    "Checks what the heads and MLPs of the greater-than circuit do, at every checkpoint.",
  examples: [
    "configs/verify_greater_than/pythia-nano.json",
    "--model pythia-160m --ckpt-schedule sparse --n-prompts 1000",
  ],
  schema: z.object({
    ...modelKeys,
    ...bosKey,
    n_prompts: alsoNamed(
      z.int().min(1).max(100_000).default(1000).describe("greater-than prompts"),
      "dataset_size",
    ),
    seed: z.int().default(42).describe(
      "random seed for the prompts, the same ones at every checkpoint",
    ),
    batch_size: z.int().min(1).default(100).describe("prompts in one batch"),
  }),
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config, {
      circuits: "greater_than",
      recorded: RECORDED_PROMPTS,
    });
    const { paths } = experiment;
    const { prompts } = await loadTask("greater_than", experiment.tokenizer, {
      n: config.n_prompts,
      seed: config.seed,
    });
    const results = await experiment.results(greaterThanChecks, { free: ["batch_size"] });
    const best = (values: Record<string, number>) => {
      const [name, value] = Object.entries(values).reduce(
        (a, b) => b[1] > a[1] ? b : a,
        ["–", -Infinity],
      );
      return name === "–" ? "–" : `${name} ${value.toFixed(2)}`;
    };
    const parts = (step: number) => results.get(step);
    const average = (values: Record<string, number>) =>
      Object.keys(values).length === 0 ? undefined : mean(Object.values(values));

    return await experiment.run({
      files: [results],
      measure: async (step, model) => {
        const circuit = await readCircuitHeads(
          paths.storedGraph("greater_than", step),
          model.config,
        );
        const nodes = greaterThanNodes(circuit);
        const parts = await greaterThanParts(model, prompts, nodes, config.batch_size);
        await results.set(step, parts);
        return `${nodes.heads.length} heads, ${nodes.mlps.length} MLPs  ` +
          `looks at YY ${best(parts.attn_patterns)}`;
      },
      columns: () => [
        { header: "heads", value: (step) => Object.keys(parts(step).attn_logits).length },
        { header: "look at YY", value: (step) => average(parts(step).attn_patterns), digits: 2 },
        { header: "point to YY", value: (step) => average(parts(step).attn_logits), digits: 2 },
        { header: "most", value: (step) => best(parts(step).attn_logits) },
        { header: "MLPs promote by", value: (step) => average(parts(step).mlp_logits), digits: 2 },
        { header: "most", value: (step) => best(parts(step).mlp_logits) },
      ],
    });
  });
}
