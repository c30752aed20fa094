/**
 * The training steps that an experiment visits.
 *
 * Pythia publishes step 0, the powers of two up to 512, and every 1000th step up to 143000 (Biderman et al. 2023). Every
 * named schedule is an ascending subset of these that includes the final step. PolyPythias' runs over seeds have the same
 * steps (van der Wal et al. 2025). Other model suites have their own list of steps (`suite`); OLMo's, every 1000th step with
 * gaps, is long, so `olmo` takes a few of it.
 */
import { UserError } from "../base/mod.ts";

const FINAL_STEP = 143_000;

/** Tokens in one training step of Pythia: 1024 sequences of 2048 tokens. */
export const PYTHIA_TOKENS_PER_STEP = 2_097_152;

/** `first`, `first + by`, … up to and including `last`. */
const range = (first: number, last: number, by: number): number[] =>
  Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, i) => first + i * by);

const powersOfTwo = Array.from({ length: 10 }, (_, i) => 2 ** i);
const everyThousand = range(1000, FINAL_STEP, 1000);
const lateDetail = [...range(15_000, 65_000, 5000), ...range(70_000, 140_000, 10_000)];

/** The named schedules of Pythia's steps. */
export type PythiaSchedule =
  | "all"
  | "linear"
  | "exponential"
  | "exp_plus_detail"
  | "late_start_exp_plus_detail"
  | "late_start_all"
  | "sparse"
  | "other"
  | "polypythias";

const PYTHIA_SCHEDULES: Record<PythiaSchedule, number[]> = {
  all: [0, ...powersOfTwo, ...everyThousand],
  linear: everyThousand,
  exponential: Array.from({ length: 18 }, (_, i) => 2 ** i)
    .map((step) => step <= 1000 ? step : Math.round(step / 1000) * 1000),
  exp_plus_detail: [...powersOfTwo, ...range(1000, 15_000, 1000), ...lateDetail],
  late_start_exp_plus_detail: [...range(4000, 60_000, 4000), ...lateDetail],
  late_start_all: everyThousand,
  sparse: [
    256,
    512,
    ...range(1000, 9000, 1000),
    ...range(10_000, 45_000, 5000),
    ...range(50_000, 90_000, 10_000),
    100_000,
    120_000,
    140_000,
  ],
  other: [10_000],
  polypythias: [0, ...powersOfTwo, ...everyThousand],
};

/** A named schedule, a list of steps, or the steps of a model folder. */
export type ScheduleName = PythiaSchedule | "custom" | "suite" | "olmo";

/** All schedule names, for config schemas and messages. */
export const SCHEDULE_NAMES: ScheduleName[] = [
  ...Object.keys(PYTHIA_SCHEDULES) as PythiaSchedule[],
  "custom",
  "suite",
  "olmo",
];

/**
 * Returns the training steps of a schedule, ascending and without duplicates. Pythia's schedules end with step 143000;
 * `custom` is `steps.custom`, and `suite` is `steps.suite` (the steps in a model folder or on the Hub). `olmo` takes of
 * the suite the steps nearest to 0, 1000, 2000, 4000, … and the last.
 * @throws UserError naming an unknown schedule and the allowed ones, or a missing or wrong list.
 */
export function scheduleSteps(
  name: string,
  steps: { custom?: readonly number[]; suite?: readonly number[] } = {},
): number[] {
  if (name === "custom") return ascending(given(steps.custom, name, "custom_schedule"));
  const ofSuite = () => ascending(given(steps.suite, name, "the steps of the model folder"));
  if (name === "suite") return ofSuite();
  if (name === "olmo") return doubling(ofSuite());
  if (!Object.hasOwn(PYTHIA_SCHEDULES, name)) {
    throw new UserError(
      `unknown checkpoint schedule "${name}": expected one of ${SCHEDULE_NAMES.join(", ")}`,
      2,
    );
  }
  return ascending([...PYTHIA_SCHEDULES[name as PythiaSchedule], FINAL_STEP]);
}

function given(steps: readonly number[] | undefined, name: string, source: string) {
  if (!steps?.length) throw new UserError(`checkpoint schedule "${name}" needs ${source}`, 2);
  const wrong = steps.find((step) => !Number.isInteger(step) || step < 0);
  if (wrong !== undefined) {
    throw new UserError(`checkpoint schedule "${name}": ${wrong} is not a training step`, 2);
  }
  return steps;
}

/** Returns the steps of an ascending list nearest to 0 and to 1000, 2000, 4000, …, and the last. */
function doubling(suite: readonly number[]): number[] {
  const last = suite.at(-1)!;
  const wanted = [0];
  for (let step = 1000; step < last; step *= 2) wanted.push(step);
  const nearest = (step: number) =>
    suite.reduce((best, x) => Math.abs(x - step) < Math.abs(best - step) ? x : best);
  return ascending([...wanted.map(nearest), last]);
}

const ascending = (steps: readonly number[]): number[] => [...new Set(steps)].sort((a, b) => a - b);
