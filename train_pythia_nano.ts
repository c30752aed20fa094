/**
 * Trains `pythia-nano`, the embedded suite of checkpoints, from scratch with the project's own engine.
 *
 *   deno run -A train_pythia_nano.ts configs/train_pythia_nano.json --output-dir models/pythia-nano-again
 *
 * The same config gives the same checkpoints, also after an interruption. The embedded suite itself is only replaced with
 * `--overwrite`; `--output-dir` and `--work-dir` train a copy. Results: `{output_dir}/step{n}/` in Hugging Face layout,
 * `{output_dir}/TRAINING.json` on how they were made, and in `work_dir` the log and the resumable state.
 */
import { runScript } from "./utils/cli/mod.ts";
import { runTraining, trainingSchema } from "./utils/language_model/mod.ts";

export const script = {
  name: "train_pythia_nano",
  description: "Trains the embedded suite of checkpoints from scratch.",
  examples: [
    "configs/train_pythia_nano.json --output-dir models/pythia-nano-again",
    "configs/train_pythia_nano.json --seed 1 --output-dir models/pythia-nano-seed1 --work-dir results/training/seed1",
  ],
  schema: trainingSchema,
};

if (import.meta.main) {
  const command = ["deno run -A train_pythia_nano.ts", ...Deno.args].join(" ");
  await runScript(script, (settings) => runTraining(settings, command));
}
