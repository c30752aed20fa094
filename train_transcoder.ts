/**
 * Trains transcoders or sparse autoencoders for all layers of a model, at any of its checkpoints.
 *
 *   deno run -A train_transcoder.ts configs/transcoders/pythia-nano.json
 *   deno run -A train_transcoder.ts configs/transcoders/pythia-nano.json --ckpt-schedule suite
 *
 * Results: `{output_dir}/step{n}/layer_{l}/`, one coder each, `{output_dir}/step{n}/TRAINING.json` on how they were made, and
 * in `work_dir` a log per coder. A stopped run continues when started again, and ends with the same bytes.
 */
import { runScript } from "./utils/cli/mod.ts";
import { trainCoders, transcoderSchema } from "./utils/experiments/mod.ts";

export const script = {
  name: "train_transcoder",
  description: "Trains transcoders for the layers of a model, at any of its checkpoints.",
  examples: [
    "configs/transcoders/pythia-nano.json",
    "configs/transcoders/pythia-nano.json --ckpt-schedule suite",
    "configs/transcoders/pythia-nano.json --layers 2 --k 8 --features 1536 --output-dir results/transcoders/wide",
  ],
  schema: transcoderSchema,
  dryRun: "plan" as const,
};

if (import.meta.main) await runScript(script, (settings) => trainCoders(settings));
