/**
 * Evaluates a set of coders, and floors beside them.
 *
 * 1. Fit the floors on rows of their own (`floors/`).
 * 2. On the rows of the evaluation, compare what coders and floors give for the clean model's inputs with their targets
 *    (`fit_quality.ts`), count how often features fire (`density.ts`), and run the model with them under three protocols
 *    (`protocols.ts`).
 * 3. Give each loss as a score between ablation and the model as it is:
 *
 *        score = (CE_ablated − CE) / (CE_ablated − CE_clean) = 1 − ΔCE / ΔCE_ablated
 *
 *    where the ablation takes the same places under the same protocol.
 */
import type {
  EvaluatedArm,
  ReplacementLosses,
  StandInPlace,
  TranscoderEvaluation,
} from "../../results/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { Coder } from "../coder.ts";
import { codersDigest } from "../coder_digest.ts";
import { replacement } from "../splices/mod.ts";
import { type CleanLogits, cleanRun, withLogits } from "./clean_run.ts";
import { densityReport } from "./density.ts";
import { FitMeter } from "./fit_quality.ts";
import { fitFloors, FLOOR_NAMES, type FloorName } from "./floors/mod.ts";
import { hasMlpJacobian, jacobianCosine } from "./jacobian.ts";
import { type ProtocolLosses, ProtocolMeter } from "./protocols.ts";
import { coderStandIn, type StandIn } from "./stand_in.ts";
import { LossMeter, type TokenLosses } from "./token_losses.ts";
import type { TokenRows } from "./token_rows.ts";

/** What an evaluation runs on. */
export interface EvaluationOptions {
  /** rows that coders and floors are measured on */
  rows: readonly TokenRows[];
  /** rows that floors are fitted on; they should share no text with `rows` */
  fitRows: readonly TokenRows[];
  /** seed of the random floor and of the Jacobian's directions; default 0 */
  seed?: number;
  /** positions for the Jacobian, from the first batch; default 256 */
  jacobianTokens?: number;
  /** called before each stage with its name and number of batches, and after each batch */
  onStage?: (stage: string, batches: number) => () => void;
}

/** Stand-ins that are measured together: the coders, and the floors by name. */
type ArmName = "coders" | FloorName;

/** Everything that is added up for one stand-in. */
interface Arm {
  name: ArmName;
  standIn: StandIn;
  fit: FitMeter[];
  protocols: ProtocolMeter;
  jacobian: (number | null)[];
}

/**
 * Evaluates coders on a model; see the header. All coders are in place at once, so there is one per layer.
 * @throws Error naming a coder that does not fit the model, two coders of one layer, or if no position counts.
 */
export async function evaluateCoders(
  model: HookedModel,
  coders: readonly Coder[],
  options: EvaluationOptions,
): Promise<TranscoderEvaluation> {
  const { rows, fitRows, seed = 0, jacobianTokens = 256, onStage = () => () => {} } = options;
  const { runtime } = model;
  const configs = coders.map(({ config }) => config);
  if (!configs.some(({ kind }) => kind === "cross_layer")) replacement(model, { coders });
  const onBatch = onStage("floors", 2 * fitRows.length);
  const floors = await fitFloors(model, coders, fitRows, { seed, onBatch });
  const arms = (["coders", ...FLOOR_NAMES] as const).flatMap((name): Arm[] => {
    const standIn = name === "coders" ? coderStandIn(model, coders) : floors[name];
    if (!standIn) return [];
    return [{
      name,
      standIn,
      fit: configs.map(({ dOut }, i) => new FitMeter(runtime, standIn.features[i], dOut)),
      protocols: new ProtocolMeter(model, configs, standIn),
      jacobian: configs.map(() => null),
    }];
  });
  const clean = new LossMeter(runtime);
  const onRows = onStage("evaluation", rows.length);
  for (const [b, batch] of rows.entries()) {
    const run = await withLogits(model, await cleanRun(model, configs, batch));
    await clean.add(batch.prompts, run.logits, run.logits, batch.counted);
    for (const arm of arms) {
      await addBatch(arm, run);
      if (b > 0) continue;
      const settings = { tokens: jacobianTokens, seed };
      for (const [i, coder] of (arm.standIn.coders ?? []).entries()) {
        if (!hasMlpJacobian(coder)) continue;
        arm.jacobian[i] = await jacobianCosine(model, coder, run.points[i].input, batch, settings);
      }
    }
    onRows();
  }
  const measured = arms.map((arm) => ({ arm, losses: arm.protocols.losses() }));
  const lossesOf = (name: ArmName) => measured.find(({ arm }) => arm.name === name)!.losses;
  const { ce } = clean.losses();
  const scored = scorer(ce, lossesOf("zero"), lossesOf("mean"));
  const [own, ...others] = measured;
  return {
    ce,
    tokens: rows.reduce((sum, { count }) => sum + count, 0),
    coders_digest: await codersDigest(coders),
    features: configs.map(({ layer, features }, i) => {
      const { dead, dense, histogram } = densityReport(own.arm.fit[i].densities());
      return { layer, features, dead, dense, density_histogram: histogram };
    }),
    coders: evaluated(own.arm, coders, scored(own.losses)),
    floors: Object.fromEntries(
      others.map(({ arm, losses }) => [arm.name, evaluated(arm, coders, scored(losses))]),
    ),
  };
}

async function addBatch({ standIn, fit, protocols }: Arm, run: CleanLogits): Promise<void> {
  const outputs = await standIn.outputs(run);
  for (const [i, { output, activations }] of outputs.entries()) {
    await fit[i].add(activations, output, run.points[i].target, run.rows.counted);
  }
  await protocols.add(run, outputs);
}

/** Returns a function from losses to losses with rise and scores. */
function scorer(clean: number, zero: ProtocolLosses, mean: ProtocolLosses) {
  const score = (delta: number, ablated: TokenLosses) =>
    ablated.ce > clean ? 1 - delta / (ablated.ce - clean) : null;
  const one = (found: TokenLosses, atZero: TokenLosses, atMean: TokenLosses): ReplacementLosses => {
    const delta = found.ce - clean;
    return {
      ce: found.ce,
      delta_ce: delta,
      kl: found.kl,
      score_zero: score(delta, atZero),
      score_mean: score(delta, atMean),
    };
  };
  return (found: ProtocolLosses): ProtocolLosses<ReplacementLosses> => ({
    alone: found.alone.map((losses, i) => one(losses, zero.alone[i], mean.alone[i])),
    clean: one(found.clean, zero.clean, mean.clean),
    propagating: one(found.propagating, zero.propagating, mean.propagating),
  });
}

function evaluated(
  { standIn, fit, jacobian }: Arm,
  coders: readonly Coder[],
  { alone, clean, propagating }: ProtocolLosses<ReplacementLosses>,
): EvaluatedArm {
  const places = coders.map(({ config: { layer } }, i): StandInPlace => {
    const { l0, mse, fvu, explained_variance_uncentred } = fit[i].quality();
    return {
      layer,
      l0: standIn.features[i] > 0 ? l0 : null,
      mse,
      fvu,
      explained_variance_uncentred,
      jacobian_cosine: jacobian[i],
      alone: alone[i],
    };
  });
  return { places, clean, propagating };
}
