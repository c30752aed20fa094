/**
 * What the heads inside the indirect-object circuit do over training: direct effects (copy scores, copy suppression) of
 * heads that write to the logits, S2 inhibition of heads that write to the name movers' queries, induction,
 * previous-token and duplicate-token scores of the circuit's heads.
 *
 *   deno run -A get_circuit_components_over_time.ts configs/circuit_components/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds, and uses the CSPA scores of get_model_cspa.ts where they are.
 * Writes `components/{model}/components_over_time.json` and `heads_over_time.json` (the heads of each type) after each
 * checkpoint; run again, it continues. Scores are `[L][H]`, 0 for heads they are not taken of.
 */
import { z } from "zod";
import { forEachCheckpoint } from "./utils/experiment/checkpoint_loop.ts";
import { resultSettings } from "./utils/experiment/config.ts";
import { openResultFile } from "./utils/experiment/result_file.ts";
import { ResultPaths } from "./utils/experiment/result_path.ts";
import { runScript } from "./utils/experiment/script.ts";
import { printTable } from "./utils/experiment/table.ts";
import {
  type CircuitComponents,
  circuitComponents,
  componentsEntry,
  headsEntry,
  type HeadsOfTypes,
} from "./utils/heads/circuit_components.ts";
import { readCircuitHeads } from "./utils/heads/circuit_heads.ts";
import { readModelConfig } from "./utils/model/config.ts";
import { loadTokenizer } from "./utils/model/tokenizer.ts";
import { FOLDED } from "./utils/model/weight_processing.ts";
import {
  cspaKeys,
  cspaSource,
  ioiPrompts,
  promptKeys,
  randomTokens,
  repeatKeys,
  repeatSettings,
  requireCircuits,
} from "./utils/scripts/ioi_setup.ts";
import {
  checkpointFolder,
  FREE_KEYS,
  modelKeys,
  openCheckpointModel,
  resultModel,
  runtimeOf,
  trainingSteps,
} from "./utils/scripts/model_keys.ts";

export const script = {
  name: "get_circuit_components_over_time",
  description: "Scores the heads inside the indirect-object circuit at every checkpoint, by type.",
  examples: [
    "configs/circuit_components/pythia-nano.json",
    "--model pythia-160m --ckpt-schedule sparse --first-step 1000",
  ],
  schema: z.object({
    ...modelKeys,
    ...promptKeys,
    first_step: z.int().min(0).default(0).describe("checkpoints before it are left out"),
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
    const steps = trainingSteps(config).filter((step) => step >= config.first_step);
    const paths = new ResultPaths(config.results_dir, resultModel(config));
    requireCircuits(paths, "ioi", steps);
    const folder = await checkpointFolder(config, steps.at(-1)!);
    const tokenizer = await loadTokenizer(folder);
    const shape = await readModelConfig(folder);
    const { nLayers, nHeads } = shape;
    const runtime = runtimeOf(config, shape);
    const prompts = await ioiPrompts(tokenizer, config);
    const repeat = repeatSettings(config, shape, tokenizer);
    const repeated = randomTokens(config, repeat);
    const cspa = await cspaSource(config, paths, tokenizer);
    const common = {
      settings: {
        ...resultSettings<Record<string, unknown>>(config, [...FREE_KEYS, "first_step"]),
        ...repeat,
      },
      header: { model: resultModel(config), shape: { nLayers, nHeads } },
      overwrite: config.overwrite,
    };
    const components = await openResultFile<CircuitComponents>({
      path: paths.components("components_over_time"),
      format: "circuits-over-time/circuit_components/1",
      entry: componentsEntry,
      ...common,
    });
    const heads = await openResultFile<HeadsOfTypes>({
      path: paths.components("heads_over_time"),
      format: "circuits-over-time/heads_over_time/1",
      entry: headsEntry,
      ...common,
    });

    const { exitCode } = await forEachCheckpoint({
      steps,
      isDone: (step) => components.has(step) && heads.has(step),
      prefetch: (step) => openCheckpointModel(config, step, runtime, { processing: FOLDED }),
      run: async (step, model) => {
        const circuit = await readCircuitHeads(paths.graph("ioi", step), model.config);
        const found = await circuitComponents(model, prompts, repeated, circuit, {
          copyThreshold: config.copy_threshold,
          cspaStartLayer: config.cspa_start_layer,
          cspa: (candidates) => cspa(model, step, candidates),
        });
        await components.set(step, found.components);
        await heads.set(step, found.heads);
        const list = (names: string[]) => names.join(" ") || "–";
        return `name movers ${list(found.heads.nmh)}  S2 inhibition ${list(found.heads.s2i)}`;
      },
      release: (model) => model.close(),
    });

    const list = (pick: (entry: HeadsOfTypes) => string[]) => (step: number) =>
      pick(heads.get(step)).join(" ") || "–";
    printTable<number>([
      { header: "step", value: (step) => step },
      { header: "into logits", value: list((e) => e.direct) },
      { header: "name movers", value: list((e) => e.nmh) },
      { header: "S2 inhibition", value: list((e) => e.s2i) },
    ], heads.steps());
    console.log(`written to ${components.path} and ${heads.path}`);
    return exitCode;
  });
}
