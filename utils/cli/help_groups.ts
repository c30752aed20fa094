/** The headings of `--help`: each key belongs to one, by its name. Keys that no group names are the script's method. */

const GROUPS: Record<string, readonly string[]> = {
  "Model and checkpoints": [
    ...["model", "alt_model", "ckpt_schedule", "custom_schedule", "first_step", "shard"],
    ...["coders", "warm_coders", "seed_coders", "null_model", "null_coders", "cache_dir"],
  ],
  "Task and text": [
    ...["task", "task_file", "tasks", "task_files", "n_prompts", "seed", "prepend_bos"],
    ...[
      "eval_metric",
      "prompt",
      "tokens",
      "correct",
      "wrong",
      "text",
      "fit_text",
      "rows",
      "context",
    ],
    ...["text_tokens", "fit_tokens", "include_eos", "dataset_path", "dataset_rows", "text_field"],
    ...["repeated_ids_share", "context_size", "exclude_special_tokens", "total_training_tokens"],
  ],
  "Evaluation of coders": [
    ...["eval_tokens", "eval_fit_tokens", "eval_text", "eval_fit_text", "eval_every"],
    ...["eval_batch", "eval_seed"],
  ],
  "Optimiser": [
    ...["lr", "lr_scheduler_name", "lr_warm_up_steps", "lr_decay_steps", "lr_end"],
    ...["n_restart_cycles", "adam_beta1", "adam_beta2", "clip", "learning_rate", "beta1", "beta2"],
    ...["final_learning_rate", "warmup", "weight_decay", "epsilon"],
  ],
  "Output": [
    ...["results_dir", "output_dir", "work_dir", "output", "overwrite", "pictures", "palette"],
    ...["graph_format", "page", "slug", "exports", "scan", "source_set", "figures", "name"],
    ...["dtype", "n_checkpoints", "save_every"],
  ],
  "Run": ["device", "threads", "memory_budget", "batch_size", "graph_memory", "arms_budget"],
  "Without effect, from original configs": ["large_model", "model_tl_name"],
};

/** The heading of keys that no other names. */
const METHOD = "Method";

/** The headings in the order of the help text. */
export const HELP_GROUPS: readonly string[] = Object.keys(GROUPS).toSpliced(2, 0, METHOD);

/** Returns the heading of a key. */
export function helpGroup(key: string): string {
  return Object.keys(GROUPS).find((group) => GROUPS[group].includes(key)) ?? METHOD;
}
