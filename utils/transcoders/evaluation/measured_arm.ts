/**
 * What is measured of stand-ins on the rows of an evaluation, and the scores that follow:
 *
 *     score = (CE_ablated − CE) / (CE_ablated − CE_clean) = 1 − ΔCE / ΔCE_ablated
 *
 * where the ablation takes the same places under the same protocol.
 */
import type { EvaluatedArm, ReplacementLosses, StandInPlace } from "../../results/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { Coder, CoderConfig } from "../coder.ts";
import { type CleanLogits, cleanRun, withLogits } from "./clean_run.ts";
import { FitMeter } from "./fit_quality.ts";
import { FLOOR_NAMES, type FloorName } from "./floors/mod.ts";
import { hasMlpJacobian, jacobianCosine } from "./jacobian.ts";
import { type ProtocolLosses, ProtocolMeter } from "./protocols.ts";
import type { StandIn } from "./stand_in.ts";
import type { TokenLosses } from "./token_losses.ts";
import type { TokenRows } from "./token_rows.ts";

/** What stand-ins are measured on. */
export interface MeasureOptions {
  /** rows that coders and floors are measured on */
  rows: readonly TokenRows[];
  /** seed of the random floor and of the Jacobian's directions; default 0 */
  seed?: number;
  /** positions for the Jacobian, from the first batch; default 256 */
  jacobianTokens?: number;
}

/** Stand-ins that are measured: coders, and the floors by name. */
export type ArmName = "coders" | FloorName;

/** Everything that is added up for one stand-in. */
export interface Arm {
  /** what it is */
  name: ArmName;
  /** what takes the places */
  standIn: StandIn;
  /** reconstruction, by place */
  fit: FitMeter[];
  /** losses of the model */
  protocols: ProtocolMeter;
  /** Jacobian cosine, by place */
  jacobian: (number | null)[];
}

/** What was measured of one stand-in. */
export interface Measured {
  /** the stand-in */
  arm: Arm;
  /** its losses under each protocol */
  losses: ProtocolLosses;
}

/** Prepares stand-ins to be measured. */
export function armsOf(
  model: HookedModel,
  configs: readonly CoderConfig[],
  standIns: Partial<Record<ArmName, StandIn>>,
): Arm[] {
  return (["coders", ...FLOOR_NAMES] as const).flatMap((name): Arm[] => {
    const standIn = standIns[name];
    if (!standIn) return [];
    return [{
      name,
      standIn,
      fit: configs.map(({ dOut }, i) => new FitMeter(model.runtime, standIn.features[i], dOut)),
      protocols: new ProtocolMeter(model, configs, standIn),
      jacobian: configs.map(() => null),
    }];
  });
}

/** Returns an arm with its losses over all batches so far. */
export const measured = (arm: Arm): Measured => ({ arm, losses: arm.protocols.losses() });

/** Measures stand-ins on the rows of an evaluation. Calls `visit` after each batch. */
export async function measure(
  model: HookedModel,
  configs: readonly CoderConfig[],
  arms: readonly Arm[],
  { rows, seed = 0, jacobianTokens = 256 }: MeasureOptions,
  visit: (run: CleanLogits) => Promise<void> | void,
): Promise<void> {
  for (const [b, batch] of rows.entries()) {
    const run = await withLogits(model, await cleanRun(model, configs, batch));
    for (const arm of arms) {
      await addBatch(arm, run);
      if (b > 0) continue;
      const settings = { tokens: jacobianTokens, seed };
      for (const [i, coder] of (arm.standIn.coders ?? []).entries()) {
        // The formula is that of an MLP without a gate.
        if (!hasMlpJacobian(coder) || model.config.llama) continue;
        arm.jacobian[i] = await jacobianCosine(model, coder, run.points[i].input, batch, settings);
      }
    }
    await visit(run);
  }
}

async function addBatch({ standIn, fit, protocols }: Arm, run: CleanLogits): Promise<void> {
  const outputs = await standIn.outputs(run);
  for (const [i, { output, activations }] of outputs.entries()) {
    await fit[i].add(activations, output, run.points[i].target, run.rows.counted);
  }
  await protocols.add(run, outputs);
}

/** Returns a function from losses to losses with rise and scores. */
export function scorer(clean: number, zero: ProtocolLosses, mean: ProtocolLosses) {
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

/** Returns what a result file says about a stand-in. */
export function evaluated(
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
