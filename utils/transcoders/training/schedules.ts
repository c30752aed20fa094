/**
 * Learning-rate schedules by name. t = 1 … T counts steps, w is the warm-up, e the end rate, c the half cosine
 * (1 + cos πp)/2. transcoder_circuits' (a warm-up starts with step 0 and moves before the optimiser, so step 1 has 2/w):
 *
 *   constant                     lr
 *   constantwithwarmup           lr · min(1, (t + 1)/w)
 *   linearwarmupdecay            lr · (t + 1)/w for t < w, then lr · (T − t)/(T − w)
 *   cosineannealing              e + (lr − e)·c,  p = t/T
 *   cosineannealingwarmup        lr · (t + 1)/w for t < w, then e + (lr − e)·c,  p = (t − w)/(T − w)
 *   cosineannealingwarmup_tcc    the same with e in place of the factor e/lr, as written there: it ends at lr·e
 *   cosineannealingwarmrestarts  e + (lr − e)·c,  p = (t mod P)/P,  P = ⌊T/cycles⌋
 *
 * SAELens': lr · t/w for t ≤ w, then one of three for M = T − w − D steps (s = t − w − 1), then linearly from there to 0
 * over the last D steps:
 *
 *   warmup_constant              lr
 *   warmup_cosine                e + (lr − e)·c,  p = s/M
 *   warmup_cosine_restarts       e + (lr − e)·c,  p = (s mod P)/P,  P = ⌊M/cycles⌋, and e once the M steps are over
 *
 * sparsify's:
 *
 *   linear_from_zero             lr · (t − 1)/w for t ≤ w, then lr · (T − t + 1)/(T − w)
 */

/** Settings of a schedule. */
export interface ScheduleSettings {
  /** peak rate */
  lr: number;
  /** rate that a cosine ends at; default lr/10 */
  lrEnd?: number;
  /** T, steps of the run */
  steps: number;
  /** w, steps of warm-up; default 0 */
  warmUp?: number;
  /** D, steps of the final decay of SAELens' schedules; default 0 */
  decay?: number;
  /** number of cosines of a schedule with restarts; default 1 */
  cycles?: number;
}

/** Settings with their defaults filled in. */
type Filled = Required<ScheduleSettings>;

const half = (p: number) => (1 + Math.cos(Math.PI * p)) / 2;
const cosine = ({ lr, lrEnd }: Filled, p: number) => lrEnd + (lr - lrEnd) * half(p);

/** Warm-up from step 2/w, as transcoder_circuits' scheduler does, and what comes after it. */
function afterWarmUp(after: (t: number, s: Filled) => number) {
  return (t: number, s: Filled) => t < s.warmUp ? s.lr * (t + 1) / s.warmUp : after(t, s);
}

/** Share of what follows the warm-up that is over. */
const share = (t: number, { warmUp, steps }: Filled) => (t - warmUp) / (steps - warmUp);

/** Warm-up, a main part, and a linear decay, as SAELens joins them. */
function inThreeParts(main: (s: number, length: number, settings: Filled) => number) {
  return (t: number, settings: Filled) => {
    const { lr, warmUp, steps, decay } = settings;
    if (t <= warmUp) return lr * t / warmUp;
    const s = t - warmUp - 1, length = steps - warmUp - decay;
    if (s < length) return main(s, length, settings);
    return main(length, length, settings) * (1 - (s - length) / Math.max(1, decay));
  };
}

/** Name of a schedule. */
export type ScheduleName =
  | "constant"
  | "constantwithwarmup"
  | "linearwarmupdecay"
  | "cosineannealing"
  | "cosineannealingwarmup"
  | "cosineannealingwarmup_tcc"
  | "cosineannealingwarmrestarts"
  | "warmup_constant"
  | "warmup_cosine"
  | "warmup_cosine_restarts"
  | "linear_from_zero";

const SCHEDULES: Record<ScheduleName, (t: number, settings: Filled) => number> = {
  constant: (_: number, { lr }: Filled) => lr,
  constantwithwarmup: afterWarmUp((_, { lr }) => lr),
  linearwarmupdecay: afterWarmUp((t, s) => s.lr * (1 - share(t, s))),
  cosineannealing: (t: number, s: Filled) => cosine(s, t / s.steps),
  cosineannealingwarmup: afterWarmUp((t, s) => cosine(s, share(t, s))),
  cosineannealingwarmup_tcc: afterWarmUp((t, s) =>
    s.lr * (s.lrEnd + (1 - s.lrEnd) * half(share(t, s)))
  ),
  cosineannealingwarmrestarts(t: number, s: Filled) {
    const period = Math.floor(s.steps / s.cycles);
    return cosine(s, t % period / period);
  },
  warmup_constant: inThreeParts((_s, _length, { lr }) => lr),
  warmup_cosine: inThreeParts((s, length, settings) => cosine(settings, s / length)),
  warmup_cosine_restarts: inThreeParts((s, length, settings) => {
    const period = Math.floor(length / settings.cycles);
    return cosine(settings, s === length ? 1 : s % period / period);
  }),
  linear_from_zero: (t: number, { lr, warmUp, steps }: Filled) =>
    t <= warmUp ? lr * (t - 1) / warmUp : lr * (steps - t + 1) / (steps - warmUp),
};

/** Names of all schedules. */
export const SCHEDULE_NAMES = Object.keys(SCHEDULES) as ScheduleName[];

/**
 * Returns the rate of each step as a function of its number, counted from 1.
 * @throws RangeError when the warm-up and the decay leave no step between them, or a cycle has no step.
 */
export function schedule(name: ScheduleName, settings: ScheduleSettings): (t: number) => number {
  const { lr, steps, warmUp = 0, decay = 0, cycles = 1 } = settings;
  const filled: Filled = { lr, lrEnd: settings.lrEnd ?? lr / 10, steps, warmUp, decay, cycles };
  if (warmUp + decay >= steps) {
    throw new RangeError(
      `schedule "${name}": ${warmUp} steps of warm-up and ${decay} of decay leave none of ${steps}`,
    );
  }
  if (!(Number.isInteger(cycles) && cycles >= 1 && cycles <= steps - warmUp - decay)) {
    throw new RangeError(
      `schedule "${name}": expected 1 to ${steps - warmUp - decay} cycles, found ${cycles}`,
    );
  }
  return (t) => SCHEDULES[name](t, filled);
}
