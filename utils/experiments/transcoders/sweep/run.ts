/**
 * Runs a sweep: trains the coders of all arms at each checkpoint, evaluates them beside floors, and writes a result file.
 *
 *  1. Plan every arm as `train_transcoder.ts` plans its coders (`arms.ts`, `plan.ts`), and say how the arms are grouped
 *     (`groups.ts`).
 *  2. Train each group on one stream of activations. An arm has the bytes that `train_transcoder.ts` gives with its settings,
 *     in a folder of its own. Arms that are there are skipped; those that a stopped run left resume from their states.
 *  3. Evaluate the arms (`evaluation.ts`).
 */
import { dirname, join } from "@std/path";
import { isDryRun, type Progress, resultSettings } from "../../../cli/mod.ts";
import { FOLDED, type HookedModel, loadTokenizer } from "../../../model/mod.ts";
import { ResultPaths, type TranscoderSweep, transcoderSweeps } from "../../../results/mod.ts";
import { bytesPerRow, captured, evaluationRows } from "../../../transcoders/mod.ts";
import { forEachCheckpoint } from "../../checkpoint_loop.ts";
import { missingSteps, openLast, planLines, printPlan } from "../../estimate/mod.ts";
import { CaptureThread, threadShares } from "../capture_thread.ts";
import { trainSets } from "../checkpoint.ts";
import type { Checkpoint } from "../checkpoint_input.ts";
import { dropSets, finishedSets } from "../guard.ts";
import { planOf } from "../plan.ts";
import { optimiserOf } from "../recipe.ts";
import { modelOf, openRows } from "../model.ts";
import { checkpointsOf, configAt, removeStates } from "../run.ts";
import { RECORDED_MODEL, unrecorded } from "../settings.ts";
import { armsOf } from "./arms.ts";
import { evaluateArms, isEvaluated, type PlannedArm, type SweepEvaluation } from "./evaluation.ts";
import { groupsOf, streamsOf } from "./groups.ts";
import { ARM_KEYS, type SweepSettings } from "./settings.ts";

/** Keys of the sweep that do not change what is measured of an arm. */
const OWN_FREE: (keyof SweepSettings)[] = ["arms", "arms_budget", "figures", "eval_every"];

/** What a sweep leaves. */
export interface SweepEnd {
  /** 0, or 1 when an arm failed */
  exitCode: number;
  /** path of the result file */
  path: string;
  /** its entries by checkpoint */
  entries: ReadonlyMap<number, TranscoderSweep>;
}

/**
 * Trains and evaluates the arms of a sweep.
 * @throws UserError naming a setting that does not fit the model, or a folder with coders of another training.
 */
export async function sweepCoders(settings: SweepSettings): Promise<SweepEnd> {
  const ref = modelOf(settings);
  const steps = ref.steps();
  const dryRun = isDryRun();
  const config = dryRun ? (await openLast(ref, steps)).model : await configAt(ref, steps.at(-1)!);
  const paths = new ResultPaths("results", settings.model);
  const outputDir = settings.output_dir ?? dirname(transcoderSweeps.path(paths, "sweep"));
  const workDir = settings.work_dir ??
    join("results", "training", "transcoders", paths.model, "sweep");
  const planned = armsOf(settings).map((arm): PlannedArm => {
    const [output_dir, work_dir] = [outputDir, workDir].map((dir) => join(dir, arm.name));
    const plan = planOf({ ...arm.settings, output_dir, work_dir }, config);
    optimiserOf(plan); // a schedule that does not fit the steps is refused before anything is read
    return { ...arm, plan };
  });
  const kept = settings.cached_activations_path ?? join(workDir, "activations");
  const streams = streamsOf(planned).map((arms, i, all) =>
    arms.map(({ plan, ...arm }): PlannedArm => {
      const cached_activations_path = all.length > 1 ? join(kept, `stream_${i}`) : kept;
      return { ...arm, plan: { ...plan, settings: { ...plan.settings, cached_activations_path } } };
    })
  );
  const arms = streams.flat();
  const budget = settings.arms_budget * 1e9;
  const described: string[] = [];
  for (const stream of streams) described.push(await description(stream, budget));
  const weights = await ref.weightDigests(steps);
  const checkpoints = new Map(
    arms.map((arm) => [arm.name, checkpointsOf(arm.plan, steps, weights)]),
  );
  const done = new Map<string, Set<number>>();
  for (const { name, plan } of arms) {
    const starts = new Map(checkpoints.get(name)!.map(({ step, start }) => [step, start]));
    if (settings.overwrite && !dryRun) await dropSets(plan, steps);
    done.set(name, await finishedSets({ plan, steps, starts, weights }));
  }
  // What the arms are evaluated on does not change their coders, but what is measured of them.
  const free = unrecorded(settings).filter((key) =>
    !key.startsWith("eval_")
  ) as (keyof SweepSettings)[];
  const results = await transcoderSweeps.open({
    path: join(outputDir, "sweep.json"),
    settings: {
      ...resultSettings({ ...settings }, [...free, ...ARM_KEYS, ...OWN_FREE], RECORDED_MODEL),
      layers: arms[0].plan.taps.map(({ layer }) => layer),
    },
    header: { model: paths.model },
    weights,
    overwrite: settings.overwrite,
    dryRun,
  });
  for (const line of described) console.log(line);
  if (dryRun) {
    const isDone = (step: number) =>
      !settings.overwrite && results.has(step) &&
      arms.every(({ name }) => done.get(name)!.has(step));
    const missing = await missingSteps(ref, steps.filter((step) => !isDone(step)));
    printPlan([...planLines(steps, isDone, [results]), `logs in ${workDir}`], missing);
    return { exitCode: 0, path: results.path, entries: new Map() };
  }

  const folder = await ref.folder(steps.at(-1)!);
  const tokenizer = await loadTokenizer(folder);
  const { eosId } = tokenizer;
  const excluded = settings.exclude_special_tokens && eosId !== undefined ? [eosId] : [];
  const evaluated = await evaluationRows({
    tokenizer,
    excluded,
    text: settings.eval_text,
    fitText: settings.eval_fit_text,
    rows: settings.dataset_rows,
    cacheDir: join(workDir, "tokens"),
    batch: settings.eval_batch,
    context: settings.context_size,
    tokens: settings.eval_tokens,
    fitTokens: settings.eval_fit_tokens,
    seed: settings.eval_seed,
  });
  const evaluation: SweepEvaluation = {
    streams,
    results,
    text: { ...evaluated, seed: settings.eval_seed },
  };
  const text = await openRows(settings, folder, workDir);
  const { capture, training: threads } = threadShares(settings.threads);
  const runtime = ref.runtime(config, { threads, arena: capture === 0 });
  const processing = settings.input_convention === "folded" ? FOLDED : undefined;
  const isTrained = (step: number) => arms.every(({ name }) => done.get(name)!.has(step));

  /** Trains the arms of a checkpoint that are not there; returns the errors of those that fail. */
  const train = async (step: number, model: HookedModel, progress: Progress) => {
    const missing = streams.map((arms) => arms.filter(({ name }) => !done.get(name)!.has(step)));
    const groups = (await Promise.all(missing.map((arms) => groupsOf(arms, budget)))).flat();
    const bar = progress.begin("group", groups.length);
    const errors: string[] = [];
    for (const { arms: group } of groups) {
      const { taps, settings } = group[0].plan;
      const thread = capture > 0
        ? await CaptureThread.start({ settings, taps, workDir, threads: capture })
        : undefined;
      const source = thread?.at(step) ?? captured(model, taps, text.rows);
      const inputs = group.map(({ name, plan }) => {
        const own = checkpoints.get(name)!;
        const at = own.findIndex((checkpoint: Checkpoint) => checkpoint.step === step);
        const [checkpoint, before] = [own[at], own[at - 1]];
        const ahead = thread !== undefined;
        return { plan, checkpoint, before, model, source, ahead, threads, heldOut: evaluated };
      });
      const ends = await trainSets(inputs, bar).finally(() => thread?.stop());
      for (const [i, end] of ends.entries()) {
        const { name, plan } = group[i];
        if (end instanceof Error) errors.push(`arm ${name}: ${end.message}`);
        else {
          await removeStates(plan, inputs[i].checkpoint);
          done.get(name)!.add(step);
          progress.line(`${name}  ${end}`);
        }
      }
      bar.advance();
    }
    return errors;
  };

  try {
    const { exitCode } = await forEachCheckpoint({
      steps,
      isDone: async (step) => isTrained(step) && await isEvaluated(evaluation, step),
      prefetch: (step) => ref.open(step, runtime, { processing }),
      async run(step, model, progress) {
        const errors = await train(step, model, progress);
        await evaluateArms(evaluation, step, model, progress);
        if (errors.length > 0) throw new Error(errors.join("\n"));
        return `${arms.length} arms`;
      },
      release: (model) => model.close(),
    });
    const entries = new Map(
      steps.filter((step) => results.has(step)).map((step) => [step, results.get(step)]),
    );
    return { exitCode, path: results.path, entries };
  } finally {
    text.close();
    await runtime.close();
  }
}

/** Says what is trained on a stream, how it is grouped, and what that takes. */
async function description(arms: readonly PlannedArm[], budget: number): Promise<string> {
  const count = (n: number) => n.toLocaleString("en");
  const { taps, steps, blockRows, settings } = arms[0].plan;
  const groups = await groupsOf(arms, budget);
  const passes = groups.length === 1
    ? "one pass of the model"
    : `${groups.length} passes of the model, with ${
      groups.map((group) => group.arms.length).join(", ")
    } arms`;
  const most = Math.max(...groups.map(({ bytes }) => bytes));
  return `${arms.length} arms of ${taps.length} layers, ${count(steps)} steps of ` +
    `${count(settings.train_batch_size)} tokens, ${passes}\n` +
    `buffer: ${count(blockRows)} rows, ${
      (blockRows * bytesPerRow(taps) / 1e6).toFixed(0)
    } MB, and as much to fill it ahead; ` +
    `coders side by side: about ${(most / 1e6).toFixed(0)} MB`;
}
