/**
 * Settings of a sweep: the keys of `train_transcoder.ts`, which all arms share, and `arms`, whose entries replace keys that
 * determine only the coder. A list in an entry stands for as many arms as it has values; lists multiply.
 *
 *     "arms": [{ "activation": "topk", "k": [8, 16], "features": [384, 768] }]     4 arms
 *
 * The exports have types of zod, which `deno doc` does not know; they are marked internal to it.
 */
import { z } from "zod";
import { transcoderSchema } from "../settings.ts";
import { armsOf } from "./arms.ts";

// The arms of a checkpoint are measured together, and a sweep has few checkpoints: no shards.
const { shard: _, ...SHARED } = transcoderSchema.shape;

/** Keys that an arm may have. Text, batches, seed and files are those of all arms. */
export const ARM_KEYS = [
  ...[
    "activation",
    "k",
    "l1_coefficient",
    "l0_coefficient",
    "expansion_factor",
    "features",
    "skip",
  ],
  ...["kind", "hook_point", "out_hook_point", "hook_point_head_index"],
  ...["reconstruction", "normalize_activations", "normalize_decoder", "l1_warm_up_steps"],
  ...["l0_warm_up_steps", "jumprelu_bandwidth", "jumprelu_init_threshold"],
  ...["pre_act_loss_coefficient", "auxk_coefficient", "use_ghost_grads", "is_sparse_connection"],
  ...["sparse_connection_sae_path", "sparse_connection_l1_coeff", "sparse_connection_use_W_enc"],
  ...["start", "b_dec_init_method", "from_pretrained_path", "lr", "lr_scheduler_name"],
  ...["lr_warm_up_steps", "lr_decay_steps", "lr_end", "n_restart_cycles", "adam_beta1"],
  ...["adam_beta2", "clip", "dead_feature_window", "form"],
] as (keyof typeof SHARED)[];

/** Returns the schema of a key's value or a list of values, without its default. */
function oneOrMore(key: keyof typeof SHARED): z.ZodType {
  let value: z.ZodType = SHARED[key];
  while (value instanceof z.ZodDefault || value instanceof z.ZodOptional) {
    value = value.unwrap() as z.ZodType;
  }
  return z.union([value, z.array(value).min(1)]).optional()
    .describe(SHARED[key].description ?? "");
}

const arm = z.strictObject(Object.fromEntries(ARM_KEYS.map((key) => [key, oneOrMore(key)])));

/**
 * Checks the settings of a sweep and fills in defaults.
 * @internal
 */
export const sweepSchema = z.object({
  ...SHARED,
  arms: z.array(arm).min(1).describe(
    "what arms have of their own; a list of values stands for an arm each, and lists multiply",
  ),
  arms_budget: z.number().positive().default(2).describe(
    "gigabytes of coders trained side by side; more arms are trained in groups, each with its own pass of the model",
  ),
  eval_text: z.string().min(1).optional().describe(
    "text or token file to measure on; default: the validation split of the embedded corpus",
  ),
  eval_fit_text: z.string().min(1).optional().describe(
    "text or token file to fit the floors on; default: the rest of eval_text, or the corpus' training split",
  ),
  eval_batch: z.int().min(1).default(16).describe("rows per batch of the evaluation"),
  eval_tokens: z.int().min(1).default(16_384).describe("tokens to measure on"),
  eval_fit_tokens: z.int().min(1).default(65_536).describe("tokens to fit the floors on"),
  eval_seed: z.int().default(0).describe(
    "random seed of the evaluation's text and of random features",
  ),
  figures: z.array(z.enum(["html", "svg", "png"])).default(["html", "svg", "png"])
    .describe("formats of the figures; svg and png need Chromium or Chrome"),
}).superRefine((settings, context) => {
  const names = new Map<string, number>();
  for (const { name, index, settings: own } of armsOf(settings)) {
    const path = ["arms", index];
    for (const issue of transcoderSchema.safeParse(own).error?.issues ?? []) {
      const [key, ...rest] = issue.path.map(String);
      const there = key !== undefined && key in settings.arms[index];
      context.addIssue({
        code: "custom",
        path: there ? [...path, key] : path,
        message: `${there ? "" : `${[key, ...rest].join(".")}: `}${issue.message} (arm ${name})`,
      });
    }
    if (names.has(name)) {
      context.addIssue({
        code: "custom",
        path,
        message: `expected arms that differ; arms[${names.get(name)}] has an arm ${name} too`,
      });
    }
    names.set(name, index);
  }
  if (settings.dataset_path !== "nano" && settings.eval_text === undefined) {
    context.addIssue({
      code: "custom",
      path: ["eval_text"],
      message: "expected a text that the coders are not trained on",
    });
  }
});

/**
 * Settings of a sweep, as the schema gives them.
 * @internal
 */
export type SweepSettings = z.output<typeof sweepSchema>;
