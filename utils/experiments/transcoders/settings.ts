/**
 * Settings of a training of coders: the keys of `train_transcoder.ts`. Keys of transcoder_circuits keep their names.
 * The exports have types of zod, which `deno doc` does not know; they are marked internal to it.
 */
import { z } from "zod";
import { CODER_DTYPES, SCHEDULE_NAMES as RATE_SCHEDULES } from "../../transcoders/mod.ts";
import { alsoNamed } from "../../cli/mod.ts";
import { MODEL_SCHEDULES } from "../model_keys.ts";
import { shardKey } from "../shard.ts";

const count = z.int().min(1);
const factor = z.number().min(0);

/** Which model, which checkpoints, which hook points. */
const modelPart = {
  model: alsoNamed(
    z.string().default("pythia-nano").describe("model name, Hugging Face id or local folder"),
    "model_name",
  ),
  ckpt_schedule: alsoNamed(
    z.array(z.union([z.int().min(0), z.enum(["last", ...MODEL_SCHEDULES])])).min(1)
      .default(["last"]).describe(
        "checkpoints of the model to train coders for: steps, or schedules such as suite (all steps in the model's " +
          "folder); last: the last of them",
      ),
    "checkpoints",
  ),
  ...shardKey,
  cache_dir: z.string().optional()
    .describe("folder of downloaded models; default: Hugging Face's cache"),
  input_convention: z.enum(["raw", "folded"]).default("raw")
    .describe("the model's weights as stored, or after TransformerLens' default processing"),
  kind: z.enum(["transcoder", "sae"]).default("transcoder")
    .describe("transcoder: from an MLP's input to its output; sae: gives back what it reads"),
  layers: z.array(z.int().min(0)).optional()
    .describe("layers, side by side on one stream; default: that of hook_point, or all"),
  hook_point: z.string().optional().describe(
    "what a coder reads, with {l} for the layer; default blocks.{l}.mlp.hook_in (OLMo 2: blocks.{l}.hook_mlp_in), of an sae blocks.{l}.hook_mlp_out",
  ),
  out_hook_point: z.string().nullable().optional()
    .describe("what a transcoder gives; default blocks.{l}.hook_mlp_out"),
  hook_point_head_index: z.int().min(0).nullable().default(null)
    .describe("head, for an sae on the values of one head"),
};

/** Which tokens, and how their activations are kept. */
const dataPart = {
  dataset_path: z.string().default("nano").describe(
    "nano: the embedded corpus; or a file: .txt, .jsonl, either with .gz, or token ids (.bin, .npy, .safetensors)",
  ),
  dataset_rows: z.enum(["packed", "padded", "stored"]).default("packed")
    .describe("how documents of a file become rows"),
  text_field: z.string().optional().describe("key of the text in a .jsonl file"),
  repeated_ids_share: z.number().min(0).max(1).default(0.02)
    .describe("share of the embedded corpus that is random tokens repeated"),
  context_size: z.int().min(2).default(64).describe("tokens per row"),
  exclude_special_tokens: z.boolean().default(true)
    .describe("leave out the positions of beginning-of-sequence and end-of-text tokens"),
  total_training_tokens: count.default(1_000_000)
    .describe("tokens per checkpoint, rounded down to whole steps"),
  train_batch_size: count.default(1024).describe("tokens per step"),
  store_batch_size: count.default(64).describe("rows per pass of the model"),
  n_batches_in_buffer: count.optional()
    .describe("passes of the model in a full buffer; default: as many as memory_budget allows"),
  memory_budget: z.number().positive().default(0.15)
    .describe("gigabytes of buffered activations; decides how far tokens are shuffled"),
  cache_activations: z.boolean().default(false)
    .describe("train on activations rounded to float16, kept on the disk for later runs"),
  cached_activations_path: z.string().optional()
    .describe("folder of these; default activations in work_dir"),
  cache_budget: z.number().positive().default(8)
    .describe("gigabytes that the kept activations of a checkpoint may take"),
};

/** What a coder is, and what it is trained for. */
const coderPart = {
  activation: z.enum(["relu", "topk", "batchtopk", "jumprelu"]).default("topk")
    .describe("how features are chosen"),
  k: z.number().positive().default(16).describe("active features, for topk and batchtopk"),
  expansion_factor: z.number().positive().default(8).describe(
    "features per dimension of the input",
  ),
  features: count.optional().describe("number of features; default: by expansion_factor"),
  skip: z.boolean().default(false).describe("add a linear path from input to output"),
  reconstruction: z.enum(["relative", "squared", "fvu"]).optional().describe(
    "loss: squares by the target's norm, plain squares, or share of the variance; default relative for relu, else fvu",
  ),
  normalize_activations: z.boolean().optional().describe(
    "train on inputs and targets of unit variance and fold the factors in; default true, except for relu",
  ),
  normalize_decoder: z.boolean().default(true).describe("keep decoder rows at norm 1"),
  l1_coefficient: factor.default(1e-3).describe("factor of the activations' sum, for relu"),
  l1_warm_up_steps: z.int().min(0).default(0).describe("steps over which it rises"),
  l0_coefficient: factor.default(1e-3).describe("factor of the number active, for jumprelu"),
  l0_warm_up_steps: z.int().min(0).default(0).describe("steps over which it rises"),
  jumprelu_bandwidth: z.number().positive().default(0.05)
    .describe("width of the rectangle in a threshold's gradient"),
  jumprelu_init_threshold: z.number().positive().default(0.01).describe("first threshold"),
  pre_act_loss_coefficient: factor.default(0)
    .describe("factor of how far dead features are below their thresholds, for jumprelu"),
  auxk_coefficient: factor.default(1 / 32)
    .describe("factor of the dead features' loss on the residual, for topk and batchtopk"),
  use_ghost_grads: z.boolean().default(false).describe("ghost gradients, for relu"),
  is_sparse_connection: z.boolean().default(false)
    .describe("penalise connections with the features of other coders"),
  sparse_connection_sae_path: z.string().nullable().default(null)
    .describe("those coders: one per layer, or one for all"),
  sparse_connection_l1_coeff: factor.default(1e-3).describe("factor of the connections' sum"),
  sparse_connection_use_W_enc: z.boolean().default(true)
    .describe("connections with their encoder rows instead of decoder rows"),
};

/** How a coder starts. */
const startPart = {
  start: z.enum(["tied", "random", "mlp", "mlp_out"]).default("tied").describe(
    "encoder and decoder: tied and random; random; the MLP's neurons and tied; the neurons' outputs and tied",
  ),
  b_dec_init_method: z.enum(["geometric_median", "mean", "zeros"]).default("mean")
    .describe("start of the biases, from a sample of activations"),
  from_pretrained_path: z.string().nullable().default(null)
    .describe("coders whose weights are the start: a folder or a repository"),
  warm_start: z.enum(["off", "weights", "moments"]).default("off").describe(
    "start from the coders of the checkpoint before: not at all, from their weights, or from weights and Adam's moments",
  ),
};

/** How a coder is trained. */
const trainingPart = {
  lr: z.number().positive().default(0.01).describe("peak learning rate"),
  lr_scheduler_name: z.enum(RATE_SCHEDULES as [typeof RATE_SCHEDULES[number]])
    .default("warmup_cosine").describe("learning-rate schedule"),
  lr_warm_up_steps: z.int().min(0).optional().describe("default: a twentieth of the steps"),
  lr_decay_steps: z.int().min(0).default(0).describe(
    "steps of a last linear decay to 0 (warmup_*)",
  ),
  lr_end: factor.optional().describe("rate at the end of a cosine; default lr / 10"),
  n_restart_cycles: count.default(1).describe("cosines of a schedule with restarts"),
  adam_beta1: z.number().min(0).lt(1).default(0.9).describe("decay of Adam's first moment"),
  adam_beta2: z.number().min(0).lt(1).default(0.999).describe("decay of Adam's second moment"),
  clip: z.number().positive().nullable().default(null).describe("largest norm of a gradient"),
  dead_feature_window: count.optional().describe(
    "steps without firing after which a feature is dead; default: a tenth of the steps, at most 1000",
  ),
  dead_feature_threshold: factor.default(1e-8)
    .describe("firing frequency below which dead_features counts a feature"),
  feature_sampling_method: z.enum(["l2"]).nullable().default(null).describe(
    "resampling of features that did not fire in dead_feature_window steps, from inputs weighed by their squared loss: l2, or not at all",
  ),
  resample_batches: count.default(32).describe("batches that inputs are drawn from"),
  feature_reinit_scale: z.number().positive().default(0.2)
    .describe("encoder norm of a resampled feature, as a share of the living ones' mean"),
  feature_sampling_window: count.optional()
    .describe("steps that firing frequencies are counted over; default: a quarter, at most 2000"),
  form: z.enum(["kernels", "sparse", "dense"]).optional().describe(
    "arithmetic of a step, the same numbers up to rounding; default kernels for relu and topk, else dense up to 16384 " +
      "features",
  ),
  seed: z.int().default(42).describe("random seed of start values, text and order"),
};

/** Where files go. */
const placePart = {
  n_checkpoints: z.int().min(0).default(0).describe("coders saved on the way, in work_dir"),
  eval_tokens: z.int().min(0).default(4096).describe(
    "held-out tokens that every set is evaluated on at the end, under three protocols beside floors; 0: not at all",
  ),
  eval_fit_tokens: count.default(8192).describe("tokens that floors are fitted on"),
  eval_text: z.string().min(1).optional().describe(
    "text or token file to evaluate on; default: text that training does not reach",
  ),
  eval_every: z.int().min(0).default(0).describe(
    "steps between evaluations of each coder alone during training, into its log; 0: none",
  ),
  dtype: z.enum(CODER_DTYPES).default("float32").describe(
    "number format of the coders' matrices; biases and thresholds stay float32",
  ),
  save_every: count.default(64).describe("steps between saved states"),
  output_dir: z.string().optional()
    .describe("folder of the coders; default results/transcoders/{model}"),
  work_dir: z.string().optional().describe(
    "folder of logs and resumable states; default results/training/transcoders/{model}",
  ),
  threads: count.optional().describe("threads of ONNX Runtime; default one per core"),
  overwrite: z.boolean().default(false)
    .describe("drop the coders and states of these checkpoints and start from scratch"),
};

/**
 * Checks settings and fills in defaults.
 * @internal
 */
export const transcoderSchema = z.object({
  ...modelPart,
  ...dataPart,
  ...coderPart,
  ...startPart,
  ...trainingPart,
  ...placePart,
}).refine((c) => c.total_training_tokens >= c.train_batch_size, {
  path: ["total_training_tokens"],
  error: "expected at least train_batch_size",
}).refine((c) => c.activation !== "topk" || Number.isInteger(c.k), {
  path: ["k"],
  error: "expected an integer for topk",
}).refine((c) => !c.use_ghost_grads || c.activation === "relu", {
  path: ["use_ghost_grads"],
  error: "ghost gradients are for relu; topk and batchtopk have auxk_coefficient",
}).refine((c) => !c.is_sparse_connection || c.sparse_connection_sae_path !== null, {
  path: ["sparse_connection_sae_path"],
  error: "is_sparse_connection needs the other coders",
}).refine((c) => c.kind === "transcoder" || !c.out_hook_point && !c.start.startsWith("mlp"), {
  path: ["kind"],
  error: "an sae gives back what it reads: no out_hook_point, and no start from an MLP",
}).refine((c) => c.kind === "sae" || c.hook_point_head_index === null, {
  path: ["hook_point_head_index"],
  error: "a head is for saes only",
}).refine((c) => c.eval_every === 0 || c.eval_tokens > 0, {
  path: ["eval_every"],
  error: "evaluations during training need eval_tokens",
});

/**
 * Settings of a training of coders, as the schema gives them.
 * @internal
 */
export type TranscoderSettings = z.output<typeof transcoderSchema>;

/** What the records of coders call the model. */
export const RECORDED_MODEL = { model: "model_name" } as const;

/** Settings that do not change the coders of a checkpoint, or that the plan replaces by what follows from them. */
const FREE = [
  ...["ckpt_schedule", "cache_dir", "cached_activations_path", "cache_budget", "n_checkpoints"],
  ...["shard", "save_every", "output_dir", "work_dir", "threads", "overwrite", "memory_budget"],
  ...["eval_tokens", "eval_fit_tokens", "eval_text", "eval_every"],
  ...["n_batches_in_buffer", "layers", "features", "expansion_factor"],
] as (keyof TranscoderSettings)[];

/** Settings that are recorded only where they differ from this, so that sets from before these keys stay valid. */
const PLAIN: Partial<TranscoderSettings> = { dtype: "float32", feature_sampling_method: null };
/** Settings of resampling. */
const RESAMPLING = ["resample_batches", "feature_reinit_scale"] as const;

/** Returns the settings that the fingerprint leaves out: {@link FREE}, and newer ones at their plain value. */
export function unrecorded(settings: TranscoderSettings): (keyof TranscoderSettings)[] {
  const keys = Object.keys(PLAIN) as (keyof TranscoderSettings)[];
  return [
    ...FREE,
    ...keys.filter((key) => settings[key] === PLAIN[key]),
    ...settings.feature_sampling_method === null ? RESAMPLING : [],
  ];
}
