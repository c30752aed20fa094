/**
 * How a coder of the settings is trained: objective, learning rate, optimiser.
 *
 *   relu                as in transcoder_circuits: an input bias of its own, L1, ghost gradients as an option
 *   topk, batchtopk     AuxK; chosen by decoder norm unless the rows are kept at norm 1
 *   jumprelu            an L0 penalty with its own gradient for thresholds
 *
 * The bias of an autoencoder's input is that of its output. Other transcoders have no input bias: `b_enc` has its place.
 */
import { UserError } from "../../base/mod.ts";
import {
  type ActivationSettings,
  auxK,
  type CoderObjectiveSettings,
  type CoderOptimiserSettings,
  type CoderShape,
  ghost,
  kernelsLack,
  l0,
  l1,
  openCoders,
  preAct,
  schedule,
  sparseConnection,
  type Term,
} from "../../transcoders/mod.ts";
import type { Plan } from "./plan.ts";
import type { TranscoderSettings } from "./settings.ts";

/** Features up to which all products of a step are dense: their rows are then cheaper to multiply than to gather. */
const DENSE = 16_384;
/** Largest defaults of the windows, transcoder_circuits' own. */
const DEAD_AFTER = 1000, SAMPLING_WINDOW = 2000;

/** Returns the steps that firing frequencies are counted over. */
export function samplingWindow({ settings, steps }: Plan): number {
  return settings.feature_sampling_window ?? Math.min(SAMPLING_WINDOW, Math.ceil(steps / 4));
}

/** Returns the steps without firing after which a feature is dead. */
export function deadWindow({ settings, steps }: Plan): number {
  return settings.dead_feature_window ?? Math.min(DEAD_AFTER, Math.ceil(steps / 10));
}

/**
 * Returns what the coder of a tap is trained for.
 * @param index place of the tap in the plan
 * @throws UserError when the coders of a sparse connection have another width.
 */
export async function objectiveOf(plan: Plan, index: number): Promise<CoderObjectiveSettings> {
  const { settings, taps, features } = plan;
  const { dIn, dOut } = taps[index];
  const { kind, activation, normalize_decoder: unit } = settings;
  const { form: wanted = features[index] <= DENSE ? "dense" : "sparse" } = settings;
  const form = wanted === "kernels" ? undefined : wanted;
  const inputBias = kind === "sae" ? "shared" : activation === "relu" ? "own" : undefined;
  const shape: CoderShape = {
    rows: settings.train_batch_size,
    ...{ dIn, dOut },
    features: features[index],
    ...(inputBias && { inputBias }),
    skip: settings.skip,
    threshold: activation === "jumprelu",
  };
  return {
    ...{ shape, form },
    activation: activationOf(settings),
    reconstruction: settings.reconstruction ?? (activation === "relu" ? "relative" : "fvu"),
    terms: [...termsOf(settings, !unit), ...await connections(plan, index)],
    dead: { after: deadWindow(plan) },
    normalize: settings.normalize_activations ?? activation !== "relu",
  };
}

function activationOf(settings: TranscoderSettings): ActivationSettings {
  const { activation: kind, k, normalize_decoder, jumprelu_bandwidth: bandwidth } = settings;
  switch (kind) {
    case "relu":
      return { kind };
    case "jumprelu":
      return { kind, bandwidth };
    default:
      return { kind, k, byDecoderNorm: !normalize_decoder };
  }
}

function termsOf(settings: TranscoderSettings, byDecoderNorm: boolean): Term[] {
  const { pre_act_loss_coefficient: below, auxk_coefficient: coefficient } = settings;
  switch (settings.activation) {
    case "relu":
      return [
        l1({ coefficient: settings.l1_coefficient, warmUp: settings.l1_warm_up_steps }),
        ...settings.use_ghost_grads ? [ghost()] : [],
      ];
    case "jumprelu":
      return [
        l0({ coefficient: settings.l0_coefficient, warmUp: settings.l0_warm_up_steps }),
        ...below > 0 ? [preAct(below)] : [],
      ];
    default:
      return coefficient > 0 ? [auxK({ coefficient, byDecoderNorm })] : [];
  }
}

async function connections({ settings, taps }: Plan, index: number): Promise<Term[]> {
  const { sparse_connection_sae_path: path, sparse_connection_use_W_enc: encoder } = settings;
  if (!settings.is_sparse_connection || path === null) return [];
  const { coders } = await openCoders(path, { cacheDir: settings.cache_dir });
  const { layer, dOut } = taps[index];
  const other = coders.length === 1
    ? coders[0]
    : coders.find(({ config }) => config.layer === layer);
  const width = other && (encoder ? other.config.dIn : other.config.dOut);
  if (!other || width !== dOut) {
    throw new UserError(
      `sparse_connection_sae_path: expected ${path} to have a coder for layer ${layer} with vectors of width ${dOut}, ` +
        `found ${other ? `width ${width}` : `layers ${coders.map(({ config }) => config.layer)}`}`,
      2,
    );
  }
  const { data } = encoder ? other.weights.W_enc : other.weights.W_dec;
  return [sparseConnection(settings.sparse_connection_l1_coeff, Float32Array.from(data), dOut)];
}

/**
 * Returns whether kernels make the steps of a coder: where nobody chose another form and they can.
 * @throws UserError naming what they lack when they were chosen.
 */
export function byKernels({ settings }: Plan, objective: CoderObjectiveSettings): boolean {
  const { form, clip } = settings;
  if (form !== undefined && form !== "kernels") return false;
  const lack = kernelsLack(objective, { clip: clip ?? undefined });
  if (form && lack) throw new UserError(`form: kernels do not have ${lack}; leave form out`, 2);
  return lack === undefined;
}

/**
 * Returns the settings of the optimiser.
 * @param stepsBefore steps that Adam's moments at the start have been made by
 * @throws UserError when warm-up and decay leave no step between them.
 */
export function optimiserOf({ settings, steps }: Plan, stepsBefore = 0): CoderOptimiserSettings {
  const { lr, lr_scheduler_name, lr_end: lrEnd, lr_decay_steps: decay } = settings;
  const warmUp = settings.lr_warm_up_steps ?? Math.floor(steps / 20);
  try {
    return {
      rate: schedule(lr_scheduler_name, {
        ...{ lr, lrEnd, steps, warmUp, decay },
        cycles: settings.n_restart_cycles,
      }),
      unitDecoder: settings.normalize_decoder,
      clip: settings.clip ?? undefined,
      adam: { beta1: settings.adam_beta1, beta2: settings.adam_beta2, epsilon: 1e-8 },
      stepsBefore,
    };
  } catch (cause) {
    if (cause instanceof RangeError) throw new UserError(cause.message, 2, { cause });
    throw cause;
  }
}
