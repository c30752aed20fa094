/**
 * How well attribution graphs of features predict interventions, over a task's prompts at each checkpoint,
 * `feature_circuits/{model}/{task}/judgement.json`. `utils/feature_circuits/judging` defines every number.
 */
import { z } from "zod";
import { defineResult, type ResultKind } from "../../kind.ts";

const rho = z.number().nullable();

const ranks = z.object({
  /** Spearman's ρ of influence with the size of the ablation's effect */
  influence: rho,
  /** of the size of the total effect in the frozen model */
  total: rho,
  /** of the size of the edge into the target */
  direct: rho,
  /** of the total effect with the effect, signs included */
  signed: rho,
  /** of influence, among the tenth of the features with the largest influence */
  strongest: rho,
  /** of |activation|·‖decoder row‖, the control without a graph */
  norm: rho,
});

const kind = {
  /** what masked activations become */
  fill: z.enum(["zero", "mean"]),
  /** whether the coders' errors are kept */
  errors: z.enum(["kept", "dropped"]),
};

const prompt = z.object({
  /** the metric of the clean run: correct less wrong logits */
  metric: z.number(),
  /** active features */
  features: z.int(),
  /** features with a path to the metric */
  connected: z.int(),
  /** features of the pruned graph */
  circuit: z.int(),
  /** features of the circuit without a random counterpart */
  unmatched: z.number(),
  replacement: z.number(),
  completeness: z.number(),
  /** attention patterns as in the clean run */
  frozen_attention: ranks,
  /** nothing frozen */
  free: ranks,
  /** the metric under masks */
  masks: z.array(z.object({
    ...kind,
    full: z.number(),
    none: z.number(),
    only: z.number(),
    without: z.number(),
    random_only: z.number(),
    random_without: z.number(),
  })),
});

const estimate = z.object({
  value: z.number(),
  /** 95 %, bootstrap over prompts */
  interval: z.tuple([z.number(), z.number()]),
});

const rankEstimates = z.object({
  influence: estimate.nullable(),
  total: estimate.nullable(),
  direct: estimate.nullable(),
  signed: estimate.nullable(),
  strongest: estimate.nullable(),
  norm: estimate.nullable(),
});

const summary = z.object({
  prompts: z.int(),
  metric: estimate,
  features: estimate,
  circuit: estimate,
  replacement: estimate,
  completeness: estimate,
  frozen_attention: rankEstimates,
  free: rankEstimates,
  /** ratios of means over the prompts */
  masks: z.array(z.object({
    ...kind,
    sufficiency: estimate.nullable(),
    necessity: estimate.nullable(),
    random_sufficiency: estimate.nullable(),
    random_necessity: estimate.nullable(),
  })),
});

const entry = z.object({
  /** digest of the coders' settings and weights */
  coders_digest: z.string(),
  /** means over the prompts */
  summary,
  /** each prompt */
  prompts: z.array(prompt),
});

/** Judgement at one checkpoint. */
export type GraphJudgement = z.infer<typeof entry>;

const header = z.object({
  /** folder name of the model */
  model: z.string(),
  shape: z.object({ nLayers: z.int(), nHeads: z.int() }),
});

/** Header of the file. */
export type GraphJudgementHeader = z.infer<typeof header>;

/** `feature_circuits/{model}/{task}/judgement.json`. */
export const graphJudgements: ResultKind<
  GraphJudgementHeader,
  GraphJudgement,
  [task: string]
> = defineResult({
  format: "circuits-over-time/graph-judgement/1",
  madeBy: "judge_attribution_graph.ts",
  path: (paths, task) => paths.graphJudgement(task),
  header,
  entry,
});
