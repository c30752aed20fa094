/**
 * The training runs of a transcoder reference case, made with our objectives: which peer's objective a run is, by its prefix,
 * and where its tensors and numbers are.
 */
import {
  type CoderBatch,
  coderObjective,
  type CoderOptimiserSettings,
  type CoderShape,
  type Form,
  reluL1,
  saelensJumpRelu,
  saelensTopK,
  schedule,
  SCHEDULE_NAMES,
  type ScheduleSettings,
  sparsifyTopK,
} from "../transcoders/mod.ts";
import type { Objective } from "../training/mod.ts";

/** Settings of a run, as far as a peer has them. */
export interface RunSettings {
  lr: number;
  schedule: string;
  warm_up: number;
  decay_steps?: number;
  clip_grad_norm?: number;
  dead_feature_window?: number;
  l1_coefficient?: number;
  use_ghost_grads?: boolean;
  k?: number;
  aux_loss_coefficient?: number;
  rescale_acts_by_decoder_norm?: boolean;
  aux_decoder_bias?: boolean;
  mode?: "tanh" | "step";
  bandwidth?: number;
  l0_coefficient?: number;
  l0_warm_up_steps?: number;
  pre_act_loss_coefficient?: number | null;
  tanh_scale?: number;
  auxk_alpha?: number;
  dead_feature_threshold_tokens?: number;
  skip?: boolean;
}

/** `training.json` of a case. */
export interface TrainingCase {
  batch: number;
  steps: number;
  d: number;
  F: number;
  lr: number;
  lr_tables: Record<string, number[]>;
  runs: Record<string, { settings: RunSettings; steps: Record<string, number>[] }>;
}

/** How a run is made with our parts. */
export interface OurRun {
  /** what is trained */
  objective: Objective<CoderBatch>;
  /** how */
  optimiser: CoderOptimiserSettings;
  /** whether the targets are the inputs */
  autoencoder?: boolean;
  /** the peer's name of each parameter; a matrix `[d, F]` there is marked by `transposed` */
  names: Record<string, { name: string; transposed?: boolean }>;
  /** the start values: key in the reference, by parameter */
  start: Record<string, { name: string; transposed?: boolean }>;
  /** the peer's names of our numbers, and what ours are divided by; null for one that the peer does not have */
  numbers: Record<string, { name: string; divisor?: number } | null>;
}

/** Name of a tensor in the reference. */
type Named = OurRun["names"][string];

const W_ENC: Named = { name: "W_enc", transposed: true };
const START: OurRun["start"] = {
  W_enc: W_ENC,
  b_enc: { name: "b_enc" },
  W_dec: { name: "W_dec" },
  b_dec: { name: "b_dec_out" },
  b_in: { name: "b_dec" },
  W_skip: { name: "W_skip" },
  log_threshold: { name: "log_threshold" },
};

/** Settings of a run and what all objectives need. */
interface Given {
  name: string;
  s: RunSettings;
  shape: CoderShape;
  form: Form;
  deadAfter: number;
  steps: number;
}

/**
 * Returns a run of a case by its name and settings.
 * @throws Error naming a run of a peer, or a schedule, that we do not know.
 */
export function ourRun(
  name: string,
  s: RunSettings,
  { batch, d, F, steps }: TrainingCase,
  form: Form,
): OurRun {
  const shape: CoderShape = { rows: batch, dIn: d, dOut: d, features: F };
  const given = { name, s, shape, form, deadAfter: s.dead_feature_window ?? 0, steps };
  if (name.startsWith("tcc")) return ofTranscoderCircuits(given);
  if (name.startsWith("saelens")) return ofSaelens(given);
  if (name.startsWith("sparsify")) return ofSparsify(given);
  throw new Error(
    `training.json: no objective for the run "${name}"; known: tcc*, saelens*, sparsify*`,
  );
}

/** Returns the rate of a schedule of a reference. */
function rateOf(name: string, settings: ScheduleSettings): (t: number) => number {
  const known = SCHEDULE_NAMES.find((schedule) => schedule === name);
  if (!known) throw new Error(`training.json: no schedule "${name}"; known: ${SCHEDULE_NAMES}`);
  return schedule(known, settings);
}

/** Returns the rate of a table of a case, which has warm-ups of 8 (transcoder_circuits) and 4 steps (SAELens, decay 5). */
export function tableRate(key: string, { lr, steps }: TrainingCase): (t: number) => number {
  const [peer, name] = key.split(".");
  if (peer === "saelens") {
    const ours = name.replace(/^cosineannealing(warm)?/, "cosine_").replace(/_$/, "");
    return rateOf(`warmup_${ours}`, { lr, steps, warmUp: 4, decay: 5 });
  }
  const asWritten = name === "cosineannealingwarmup" ? `${name}_tcc` : name;
  return rateOf(asWritten, { lr, steps, warmUp: 8 });
}

function ofTranscoderCircuits({ name, s, shape, form, deadAfter, steps }: Given): OurRun {
  const autoencoder = name.includes("sae");
  const bias: Named = { name: "b_dec" };
  return {
    autoencoder,
    objective: coderObjective(reluL1({
      shape: { ...shape, inputBias: autoencoder ? "shared" : "own" },
      form,
      deadAfter,
      sparsity: { coefficient: s.l1_coefficient! },
      ghosts: s.use_ghost_grads,
    })),
    optimiser: {
      unitDecoder: true,
      rate: rateOf(s.schedule, { lr: s.lr, warmUp: s.warm_up, steps }),
    },
    start: autoencoder ? { ...START, b_dec: bias } : START,
    names: {
      W_enc: W_ENC,
      ...autoencoder ? { b_dec: bias } : { b_in: bias, b_dec: { name: "b_dec_out" } },
    },
    numbers: {},
  };
}

function ofSaelens({ name, s, shape, form, deadAfter, steps }: Given): OurRun {
  const common = { shape, form, deadAfter };
  const settings = name.includes("jumprelu")
    ? saelensJumpRelu({
      ...common,
      bandwidth: s.bandwidth!,
      sparsity: { coefficient: s.l0_coefficient!, warmUp: s.l0_warm_up_steps },
      tanhScale: s.mode === "tanh" ? s.tanh_scale : undefined,
      preActCoefficient: s.pre_act_loss_coefficient ?? undefined,
    })
    : saelensTopK({
      ...common,
      k: s.k!,
      auxCoefficient: s.aux_loss_coefficient,
      byDecoderNorm: s.rescale_acts_by_decoder_norm,
      auxDecoderBias: s.aux_decoder_bias,
    });
  const schedule = { lr: s.lr, warmUp: s.warm_up, decay: s.decay_steps, steps };
  return {
    objective: coderObjective(settings),
    optimiser: { clip: s.clip_grad_norm, rate: rateOf(`warmup_${s.schedule}`, schedule) },
    start: START,
    names: { W_enc: W_ENC },
    numbers: {
      auxk: { name: "auxiliary_reconstruction_loss" },
      pre_act: { name: "pre_act_loss" },
      norm: { name: "grad_norm" },
    },
  };
}

function ofSparsify({ s, shape, form, steps }: Given): OurRun {
  const last = Number(/at step (\d+)/.exec(s.schedule)?.[1] ?? steps);
  return {
    objective: coderObjective(sparsifyTopK({
      shape: { ...shape, skip: s.skip },
      form,
      k: s.k!,
      deadAfterTokens: s.dead_feature_threshold_tokens!,
      auxAlpha: s.auxk_alpha,
      asWritten: true,
    })),
    optimiser: { rate: rateOf("linear_from_zero", { lr: s.lr, warmUp: s.warm_up, steps: last }) },
    start: START,
    names: { W_enc: { name: "encoder.weight" }, b_enc: { name: "encoder.bias" } },
    // Without AuxK, sparsify does not ask which features are dead and writes 0.
    numbers: s.auxk_alpha ? { auxk: { name: "auxk", divisor: s.auxk_alpha } } : { dead: null },
  };
}
