/**
 * What the heads inside the indirect-object circuit do over training: direct effects (copy scores, copy suppression) of
 * heads that write to the logits, S2 inhibition of heads that write to the name movers' queries, and induction,
 * previous-token and duplicate-token scores of all heads of the circuit.
 *
 *   deno run -A get_circuit_components_over_time.ts configs/circuit_components/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds, and uses the CSPA scores of get_model_cspa.ts if there are any.
 * Updates `components/{model}/components_over_time.json` and `heads_over_time.json` (the heads of each type) after each
 * checkpoint. A stopped run continues when started again. Scores are `[L][H]`, 0 for heads without a score.
 */
import { z } from "zod";
import { runScript } from "./utils/cli/mod.ts";
import { circuitComponents, readCircuitHeads } from "./utils/heads/mod.ts";
import { circuitComponentScores, headsByType, type HeadsOfTypes } from "./utils/results/mod.ts";
import { FOLDED } from "./utils/model/mod.ts";
import {
  cspaKeys,
  cspaSource,
  ioiPrompts,
  modelKeys,
  openExperiment,
  promptKeys,
  randomTokens,
  RECORDED_PROMPTS,
  repeatKeys,
  repeatSettings,
  shardKey,
} from "./utils/experiments/mod.ts";

export const script = {
  name: "get_circuit_components_over_time",
  dryRun: true,
  description: "Scores the heads inside the indirect-object circuit at every checkpoint, by type.",
  examples: [
    "configs/circuit_components/pythia-nano.json",
    "--model pythia-160m --ckpt-schedule sparse --first-step 1000",
  ],
  schema: z.object({
    ...modelKeys,
    ...shardKey,
    ...promptKeys,
    first_step: z.int().min(0).default(0).describe("skip checkpoints before this step"),
    copy_threshold: z.number().min(0).max(100).default(10)
      .describe("copy score in percent that a name mover exceeds"),
    cspa_start_layer: z.int().min(0).default(2)
      .describe("first layer whose heads are scored for copy suppression"),
    ...repeatKeys,
    ...cspaKeys,
  }),
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config, {
      recorded: RECORDED_PROMPTS,
      circuits: "ioi",
      firstStep: config.first_step,
      processing: FOLDED,
    });
    const { paths, tokenizer } = experiment;
    const prompts = await ioiPrompts(tokenizer, config);
    const repeat = repeatSettings(config, experiment);
    const repeated = randomTokens(config, repeat);
    const cspa = await cspaSource(config, paths, experiment);
    const common = { free: ["first_step"], settings: repeat };
    const components = await experiment.results(circuitComponentScores, common);
    const heads = await experiment.results(headsByType, common);

    const list = (names: string[]) => names.join(" ") || "–";
    const isAble = (step: number) => components.get(step).able ?? true;
    const listed = (header: string, pick: (entry: HeadsOfTypes) => string[]) => ({
      header,
      value: (step: number) => isAble(step) ? list(pick(heads.get(step))) : "–",
    });

    return await experiment.run({
      files: [components, heads],
      measure: async (step, model) => {
        const circuit = await readCircuitHeads(paths.storedGraph("ioi", step), model.config);
        const found = await circuitComponents(model, prompts, repeated, circuit, {
          copyThreshold: config.copy_threshold,
          cspaStartLayer: config.cspa_start_layer,
          cspa: (candidates) => cspa(model, step, candidates),
        });
        await components.set(step, found.components);
        await heads.set(step, found.heads);
        if (!found.components.able) return "the model does not do the task";
        return `name movers ${list(found.heads.nmh)}  S2 inhibition ${list(found.heads.s2i)}`;
      },
      columns: () => [
        listed("into logits", (e) => e.direct),
        // get_ioi_consistency.ts asks for an effect instead of attention to IO
        listed("name movers (copy, attend to IO)", (e) => e.nmh),
        listed("S2 inhibition", (e) => e.s2i),
      ],
      closing: () => {
        console.log("–: no such heads, or the model does not do the task");
        console.log(`written to ${components.path} and ${heads.path}`);
      },
    });
  });
}
