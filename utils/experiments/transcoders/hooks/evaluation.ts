/**
 * Evaluates the coders of a training on held-out text (`held_out.ts`).
 *
 *   at the end     every set before it is written: three protocols beside floors, as evaluate_transcoder.ts does. The
 *                  record of the set has the result, and `{output_dir}/held_out_evaluation.json` collects those of all sets
 *   on the way     every `eval_every` steps each coder alone, into its log (`evaluateAlone`)
 */
import { join } from "@std/path";
import type { Progress } from "../../../cli/mod.ts";
import { readJson } from "../../../base/mod.ts";
import { type HookedModel, listLocalSteps } from "../../../model/mod.ts";
import { type TranscoderEvaluation, transcoderEvaluations } from "../../../results/mod.ts";
import {
  type Coder,
  evaluateAlone,
  evaluateCoders,
  type EvaluationRows,
} from "../../../transcoders/mod.ts";
import type { Hook } from "../../../training/mod.ts";
import type { CheckpointInput } from "../checkpoint_input.ts";
import { coderOf, type CoderRun } from "../coder_run.ts";
import { recordPath, remove, setFolder, type SetRecord } from "../output.ts";
import type { Plan } from "../plan.ts";

/** Evaluates a set on held-out rows; see the header. */
export async function evaluateSet(
  coders: readonly Coder[],
  model: HookedModel,
  rows: EvaluationRows,
  progress: Progress,
): Promise<TranscoderEvaluation> {
  return await evaluateCoders(model, coders, {
    ...rows,
    onStage(stage, batches) {
      const part = progress.begin(stage, batches);
      return () => part.advance();
    },
  });
}

/** Returns the hook of evaluations on the way; never due without `eval_every`. */
export function evaluationHook(input: CheckpointInput): Hook<CoderRun> {
  const { plan: { settings: { eval_every: every } }, model, heldOut } = input;
  return {
    due: (step) => heldOut !== undefined && every > 0 && step > 0 && step % every === 0,
    async run({ step, run }) {
      run.log.add({ step, ...await evaluateAlone(model, coderOf(run), heldOut!.rows) });
    },
    saves: false,
  };
}

/** Returns what a set's line says of its evaluation: the protocols, beside as many real neurons. */
export function evaluationText({ coders, floors }: TranscoderEvaluation): string {
  const each = (values: readonly number[], digits: number) =>
    values.map((value) => value.toFixed(digits)).join(" ");
  const { places, clean, propagating } = coders;
  const { neurons } = floors;
  const fvus = (of: typeof places) => each(of.map(({ fvu }) => fvu), 4);
  const beside = neurons && ` (real neurons ${neurons.propagating.delta_ce.toFixed(4)}, FVU ` +
      `${fvus(neurons.places)})`;
  return `held out: FVU ${fvus(places)}, ` +
    `Δ CE alone ${each(places.map(({ alone }) => alone.delta_ce), 4)}, ` +
    `clean ${clean.delta_ce.toFixed(4)}, propagating ${propagating.delta_ce.toFixed(4)}` +
    (beside ?? "");
}

/** Returns what an evaluation is made of besides the coders: the settings of `{output_dir}/held_out_evaluation.json`. */
export function evaluationSettings({ settings }: Plan): Record<string, unknown> {
  const { eval_tokens, eval_fit_tokens, eval_text } = settings;
  return { eval_tokens, eval_fit_tokens, ...eval_text !== undefined && { eval_text } };
}

/** What the collected file says about the model. */
export interface ModelSummary {
  /** folder name of the model */
  model: string;
  /** its shape */
  shape: { nLayers: number; nHeads: number };
}

/**
 * Writes `{output_dir}/held_out_evaluation.json` from the records of all sets there, in the format of evaluate_transcoder.ts. Sets
 * that were evaluated with other settings are left out. Removes the file where no set has an evaluation.
 */
export async function collectEvaluations(plan: Plan, header: ModelSummary): Promise<void> {
  const on = evaluationSettings(plan);
  const found: [number, TranscoderEvaluation, string | null][] = [];
  for (const step of listLocalSteps(plan.outputDir)) {
    const record = await readJson(recordPath(setFolder(plan.outputDir, step))) as
      | Partial<SetRecord>
      | undefined;
    if (JSON.stringify(record?.evaluated_on) !== JSON.stringify(on)) continue;
    const evaluation = record?.evaluation as TranscoderEvaluation | undefined;
    if (evaluation) found.push([step, evaluation, record?.model?.weights ?? null]);
  }
  const path = join(plan.outputDir, "held_out_evaluation.json");
  if (found.length === 0) return await remove(path);
  const file = await transcoderEvaluations.open({
    path,
    settings: { ...plan.fingerprint, ...on },
    header,
    weights: new Map(found.flatMap(([step, , digest]) => digest === null ? [] : [[step, digest]])),
    overwrite: true,
  });
  for (const [step, evaluation] of found) await file.set(step, evaluation);
}
