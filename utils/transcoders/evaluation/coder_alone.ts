/**
 * How good one coder is, without floors: cheap enough to run during a training. The rest of the model runs as it is.
 *
 *     ce_loss_without_sae     cross-entropy of the model as it is
 *     ce_loss_with_sae        the coder's output, for the clean model's inputs, takes the value at its output hook
 *     ce_loss_with_ablation   zeros take that value
 *     CE_loss_score           (ablation − with) / (ablation − without)
 *     kl_with_sae             KL(clean ‖ with)
 *     held_out_fvu, _l0       fraction of variance unexplained and active features, as in `fit_quality.ts`
 *
 * The names are those of transcoder_circuits, which replaces the value at the input hook; for transcoders that is a defect.
 */
import { tensor } from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { Coder } from "../coder.ts";
import { cleanRun, withLogits } from "./clean_run.ts";
import { coderOutputs } from "./coder_run.ts";
import { FitMeter } from "./fit_quality.ts";
import { givenOutputs } from "./stand_in.ts";
import { LossMeter } from "./token_losses.ts";
import type { TokenRows } from "./token_rows.ts";

/** The numbers of the header. `CE_loss_score` is absent where the ablation does not raise the loss. */
export type CoderAlone = Record<string, number>;

/**
 * Evaluates one coder alone.
 * @throws Error naming a coder that does not fit the model, or if no position counts.
 */
export async function evaluateAlone(
  model: HookedModel,
  coder: Coder,
  rows: readonly TokenRows[],
): Promise<CoderAlone> {
  const { runtime } = model;
  const { config } = coder;
  const [clean, own, zero] = [1, 2, 3].map(() => new LossMeter(runtime));
  const fit = new FitMeter(runtime, config.features, config.dOut);
  for (const batch of rows) {
    const { prompts, counted } = batch;
    const run = await withLogits(model, await cleanRun(model, [config], batch));
    const [{ input, target }] = run.points;
    const [{ activations, output }] = await coderOutputs(runtime, [coder], [input]);
    await fit.add(activations, output, target, counted);
    await clean.add(prompts, run.logits, run.logits, counted);
    const none = tensor(new Float32Array(output.data.length), [...output.shape]);
    for (const [meter, given] of [[own, output], [zero, none]] as const) {
      const logits = await model.allLogits(prompts, givenOutputs([config], [given], run));
      await meter.add(prompts, run.logits, logits, counted);
    }
  }
  const { fvu, l0 } = fit.quality();
  const ablated = zero.losses(), { ce } = clean.losses(), replaced = own.losses();
  return {
    held_out_fvu: fvu,
    held_out_l0: l0,
    ce_loss_without_sae: ce,
    ce_loss_with_sae: replaced.ce,
    ce_loss_with_ablation: ablated.ce,
    ...ablated.ce > ce &&
      { CE_loss_score: (ablated.ce - replaced.ce) / (ablated.ce - ce) },
    kl_with_sae: replaced.kl,
  };
}
