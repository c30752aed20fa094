/**
 * Evaluates the arms of a sweep at one checkpoint: the floors of a stream once, each arm beside them. The result file is
 * written after each arm; arms whose coders it knows are not evaluated again.
 */
import type { Progress } from "../../../cli/mod.ts";
import type { HookedModel } from "../../../model/mod.ts";
import type {
  ResultFile,
  SweepArm,
  SweepStream,
  TranscoderEvaluation,
  TranscoderSweep,
} from "../../../results/mod.ts";
import {
  type Coder,
  CoderEvaluator,
  codersDigest,
  type EvaluationRows,
  openCoders,
} from "../../../transcoders/mod.ts";
import { isFolder, mean } from "../../../base/mod.ts";
import { setFolder } from "../output.ts";
import type { TranscoderSettings } from "../settings.ts";
import type { Arm } from "./arms.ts";
import { onFront } from "./front.ts";
import type { Planned } from "./groups.ts";

/** An arm with its plan. */
export type PlannedArm = Arm & Planned;

/** What an evaluation of arms needs. */
export interface SweepEvaluation {
  /** arms by stream */
  streams: readonly (readonly PlannedArm[])[];
  /** text to measure and to fit on, and the seed of random features */
  text: EvaluationRows & { seed: number };
  /** gets the entry of the checkpoint */
  results: ResultFile<TranscoderSweep>;
}

/** Floors that are the same for all arms of a stream. */
const SHARED_FLOORS = ["zero", "mean", "unigram", "skip"];

/** Reads the coders of an arm; undefined where they are not there. */
async function codersOf({ plan }: Planned, step: number): Promise<Coder[] | undefined> {
  const folder = setFolder(plan.outputDir, step);
  return isFolder(folder) ? (await openCoders(folder)).coders : undefined;
}

/** Whether the result file has all arms of a checkpoint, made of the coders that are there, and no others. */
export async function isEvaluated(
  { streams, results }: SweepEvaluation,
  step: number,
): Promise<boolean> {
  if (!results.has(step)) return false;
  const known = results.get(step).arms;
  const arms = streams.flat();
  if (`${known.map(({ name }) => name)}` !== `${arms.map(({ name }) => name)}`) return false;
  for (const [i, arm] of arms.entries()) {
    const coders = await codersOf(arm, step);
    if (!coders || await codersDigest(coders) !== known[i].coders_digest) return false;
  }
  return true;
}

/** Evaluates the arms whose coders are there and the result file does not know. */
export async function evaluateArms(
  { streams, text, results }: SweepEvaluation,
  step: number,
  model: HookedModel,
  progress: Progress,
): Promise<void> {
  const old = results.has(step) ? results.get(step) : { streams: [], arms: [] };
  const measured: { stream: SweepStream; arms: SweepArm[] }[] = [];
  const count = streams.flat().length;
  const bar = progress.begin("arm evaluated", count);
  for (const arms of streams) {
    const place = placesOf(arms[0]);
    const known = old.streams.find((s) => s.input === place.input && s.output === place.output);
    let evaluator: CoderEvaluator | undefined;
    let stream = known;
    const found: SweepArm[] = [];
    for (const arm of arms) {
      const coders = await codersOf(arm, step);
      if (coders) {
        const digest = await codersDigest(coders);
        const same = known &&
          old.arms.find((one) =>
            one.name === arm.name && one.coders_digest === digest &&
            old.streams[one.stream] === known
          );
        if (same) found.push({ ...same, stream: measured.length });
        else {
          evaluator ??= await CoderEvaluator.open(model, coders, {
            ...text,
            onStage: (stage, batches) => {
              const part = bar.begin(stage, batches);
              return () => part.advance();
            },
          });
          const evaluation = await evaluator.evaluate(coders);
          stream = streamEntry(place, evaluation);
          found.push(armEntry(arm, measured.length, evaluation));
          await results.set(step, entryOf([...measured, { stream, arms: found }]));
        }
      }
      bar.advance();
    }
    if (stream && found.length > 0) measured.push({ stream, arms: found });
  }
  if (measured.length > 0) await results.set(step, entryOf(measured));
}

/** Returns the entry, with the fronts of the arms that it has. */
function entryOf(
  measured: readonly { stream: SweepStream; arms: readonly SweepArm[] }[],
): TranscoderSweep {
  const arms = measured.flatMap((one) => one.arms);
  const front = onFront(arms.map(({ stream, width, l0, coders }) => ({
    group: `${stream} ${width}`,
    l0,
    loss: coders.propagating.delta_ce,
  })));
  return {
    streams: measured.map(({ stream }) => stream),
    arms: arms.map((arm, i) => ({ ...arm, front: front[i] })),
  };
}

/** Returns the hook points of an arm, with `{l}` for the layer. */
function placesOf({ plan: { taps: [tap] } }: Planned): Pick<SweepStream, "input" | "output"> {
  const general = (hook: string) => hook.replace(`blocks.${tap.layer}.`, "blocks.{l}.");
  return { input: general(tap.inputHook), output: general(tap.outputHook) };
}

function streamEntry(
  place: Pick<SweepStream, "input" | "output">,
  { ce, tokens, floors }: TranscoderEvaluation,
): SweepStream {
  const shared = Object.entries(floors).filter(([name]) => SHARED_FLOORS.includes(name));
  return { ce, tokens, ...place, floors: Object.fromEntries(shared) };
}

function armEntry(
  { name, own, settings, plan }: PlannedArm,
  stream: number,
  { coders, floors, features, coders_digest }: TranscoderEvaluation,
): SweepArm {
  const { kind, activation, skip } = settings;
  const others = Object.entries(floors).filter(([floor]) => !SHARED_FLOORS.includes(floor));
  return {
    ...{ name, stream, kind, activation, skip },
    width: plan.features[0],
    sparsity: sparsityOf(settings),
    settings: own,
    l0: mean(coders.places.map(({ l0 }) => l0 ?? 0)),
    fvu: mean(coders.places.map(({ fvu }) => fvu)),
    front: false,
    ...{ coders_digest, features, coders },
    floors: Object.fromEntries(others),
  };
}

/** Returns the setting that decides how many features are active. */
function sparsityOf(settings: TranscoderSettings): SweepArm["sparsity"] {
  const key = settings.activation === "relu"
    ? "l1_coefficient"
    : settings.activation === "jumprelu"
    ? "l0_coefficient"
    : "k";
  return { key, value: settings[key] };
}
