/**
 * Settings of a training run: the keys of `train_pythia_nano.ts`. Both exports have types of zod, which `deno doc` does not
 * know; they are marked internal to it.
 */
import { z } from "zod";

/**
 * Checks settings and fills in defaults.
 * @internal
 */
export const trainingSchema = z.object({
  layers: z.int().min(1).default(4).describe("transformer blocks"),
  heads: z.int().min(1).default(6).describe("attention heads per block"),
  width: z.int().min(1).default(96).describe("width of the residual stream"),
  mlp_width: z.int().min(1).default(192).describe("hidden width of the MLPs"),
  rotary_pct: z.number().min(0).max(1).default(0.5).describe("share of a head that rotates"),
  rotary_base: z.number().positive().default(10000).describe("base of the rotary frequencies"),
  context: z.int().min(2).default(64).describe("positions per row"),
  batch_size: z.int().min(1).default(64).describe("rows per step"),
  steps: z.int().min(1).default(2048).describe("training steps"),
  learning_rate: z.number().positive().default(2e-3).describe("peak learning rate"),
  final_learning_rate: z.number().min(0).max(1).default(0.1)
    .describe("share of the learning rate left at the end"),
  warmup: z.int().min(0).default(100).describe("steps of linear warm-up"),
  weight_decay: z.number().min(0).default(0.1).describe("decoupled weight decay of matrices"),
  beta1: z.number().min(0).lt(1).default(0.9).describe("decay of the first moment"),
  beta2: z.number().min(0).lt(1).default(0.95).describe("decay of the second moment"),
  epsilon: z.number().positive().default(1e-8).describe("added to the root of the second moment"),
  clip: z.number().positive().default(1).describe("largest norm of a gradient"),
  repeated_ids_share: z.number().min(0).max(1).default(0.02)
    .describe("share of documents that are random tokens repeated"),
  seed: z.int().default(0).describe("random seed of initial weights and text"),
  checkpoint_every: z.int().min(1).default(128).describe("steps between checkpoints after 512"),
  extra_checkpoints: z.array(z.int().min(0)).default([])
    .describe("further checkpoints, where abilities appear"),
  checkpoints: z.array(z.int().min(0)).default([])
    .describe("unless empty, the only checkpoints to keep, with the last step"),
  validation_batches: z.int().min(1).default(4).describe("batches of the validation loss"),
  save_every: z.int().min(1).default(64).describe("steps between saved states"),
  threads: z.int().min(1).optional().describe("threads of ONNX Runtime; default one per core"),
  output_dir: z.string().default("models/pythia-nano").describe("folder of the checkpoints"),
  work_dir: z.string().default("results/training/pythia-nano").describe("folder of log and state"),
  overwrite: z.boolean().default(false).describe(
    "start from scratch instead of resuming; drops state, log and the checkpoints in output_dir",
  ),
}).refine((c) => c.warmup <= c.steps, { path: ["warmup"], error: "expected at most steps" })
  .refine((c) => c.extra_checkpoints.every((step) => step <= c.steps), {
    path: ["extra_checkpoints"],
    error: "expected at most steps",
  })
  .refine((c) => c.checkpoints.every((step) => step <= c.steps), {
    path: ["checkpoints"],
    error: "expected at most steps",
  });

/**
 * Settings of a training run, as the schema gives them.
 * @internal
 */
export type TrainingConfig = z.output<typeof trainingSchema>;

/** Settings that do not change what is computed. */
export const PLACES = ["threads", "output_dir", "work_dir", "overwrite", "save_every"] as const;
