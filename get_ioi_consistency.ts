/**
 * Algorithmic consistency of the indirect-object circuit over training: how much of the direct, S2-inhibition and tertiary
 * effects heads of the known types explain (definitions: `utils/heads/roles/consistency.ts`).
 *
 *   deno run -A get_ioi_consistency.ts configs/consistency/pythia-nano.json
 *
 * Needs the circuits that get_circuits_over_time.ts finds, and uses the CSPA scores of get_model_cspa.ts if there are any.
 * Updates `algorithmic_consistency/ioi/{model}.json` after each checkpoint. A stopped run continues when started again.
 */
import { z } from "zod";
import { runScript } from "./utils/cli/mod.ts";
import {
  type Head,
  headGrid,
  headName,
  ioiConsistency,
  nameCopyScores,
  readCircuitHeads,
  repeatedTokenScores,
  THRESHOLDS,
} from "./utils/heads/mod.ts";
import { type Consistency, ioiConsistencies } from "./utils/results/mod.ts";
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
} from "./utils/experiments/mod.ts";

export const script = {
  name: "get_ioi_consistency",
  dryRun: true,
  description:
    "Measures how much of the indirect-object circuit's effects heads of the known types explain, at every checkpoint.",
  examples: [
    "configs/consistency/pythia-nano.json",
    "--model pythia-160m --ckpt-schedule sparse --copy-threshold 20",
  ],
  schema: z.object({
    ...modelKeys,
    ...promptKeys,
    copy_threshold: z.number().min(0).max(100).default(THRESHOLDS.copy)
      .describe("copy score in percent that a name mover exceeds"),
    cspa_threshold: z.number().max(1).default(THRESHOLDS.cspa)
      .describe("CSPA that a copy-suppression head exceeds"),
    direct_threshold: z.number().min(0).default(THRESHOLDS.direct)
      .describe("compute CSPA for heads whose direct effect is below minus this"),
    effect_threshold: z.number().min(0).default(THRESHOLDS.effect)
      .describe("effect, negated, that S2-inhibition and tertiary heads fall below"),
    ...repeatKeys,
    ...cspaKeys,
  }),
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config, {
      circuits: "ioi",
      processing: FOLDED,
      recorded: RECORDED_PROMPTS,
    });
    const { paths, tokenizer, shape: { nHeads } } = experiment;
    const { flips, pairs, readout } = await ioiPrompts(tokenizer, config);
    const repeat = repeatSettings(config, experiment);
    const repeated = randomTokens(config, repeat);
    const cspa = await cspaSource(config, paths, experiment);
    const thresholds = {
      copy: config.copy_threshold,
      cspa: config.cspa_threshold,
      direct: config.direct_threshold,
      effect: config.effect_threshold,
    };
    const results = await experiment.results(ioiConsistencies, { settings: repeat });
    const isAble = (step: number) => results.get(step).able ?? true;
    const list = (pick: (heads: Consistency["heads"]) => string[]) => (step: number) =>
      isAble(step) && pick(results.get(step).heads).join(" ") || "–";
    const share = (key: "direct_effects" | "s2i_effects" | "tertiary_effects") => (step: number) =>
      isAble(step) ? results.get(step)[key] : undefined;

    return await experiment.run({
      files: [results],
      measure: async (step, model, progress) => {
        const circuit = await readCircuitHeads(paths.storedGraph("ioi", step), model.config);
        const levels = progress.begin("level", 3);
        let cspaFrom: Consistency["cspa_from"] = "computed";
        const scores = {
          ...await repeatedTokenScores(model, repeated),
          copy: await nameCopyScores(model, pairs),
          cspa: async (candidates: readonly Head[]) => {
            const found = await cspa(model, step, candidates);
            cspaFrom = found.from;
            return found.scores;
          },
        };
        const found = await ioiConsistency(
          model,
          flips,
          readout,
          circuit,
          scores,
          thresholds,
          () => levels.advance(),
        );
        const { classes, effects } = found;
        const grid = (values: Float32Array | null) => values && headGrid(values, nHeads);
        const { direct_effects, s2i_effects, tertiary_effects } = found;
        await results.set(step, {
          able: found.able,
          direct_effects,
          s2i_effects,
          tertiary_effects,
          heads: {
            name_movers: classes.nameMovers.map(headName),
            negative_name_movers: classes.negativeNameMovers.map(headName),
            copy_suppression: classes.copySuppression.map(headName),
            negative_copy_suppression: classes.negativeCopySuppression.map(headName),
            s2_inhibition: classes.s2Inhibition.map(headName),
            induction: classes.induction.map(headName),
            duplicate_token: classes.duplicateToken.map(headName),
          },
          effects: {
            direct: headGrid(effects.direct, nHeads),
            s2i: grid(effects.s2i),
            tertiary: grid(effects.tertiary),
          },
          cspa_from: cspaFrom,
        });
        if (!found.able) return "the model does not do the task";
        return `direct ${direct_effects.toFixed(0)} %  S2I ${s2i_effects.toFixed(0)} %  ` +
          `tertiary ${tertiary_effects.toFixed(0)} %`;
      },
      columns: () => [
        { header: "direct %", value: share("direct_effects"), digits: 1 },
        { header: "S2I %", value: share("s2i_effects"), digits: 1 },
        { header: "tertiary %", value: share("tertiary_effects"), digits: 1 },
        // get_circuit_components_over_time.ts asks for attention to IO instead of an effect
        { header: "name movers (copy, effect < 0)", value: list((h) => h.name_movers) },
        { header: "S2 inhibition", value: list((h) => h.s2_inhibition) },
      ],
      closing: () => {
        console.log("–: no such heads, or the model does not do the task");
        console.log(`written to ${results.path}`);
      },
    });
  });
}
