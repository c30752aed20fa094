/**
 * Compares kinds, sparsities and widths of transcoders: trains all arms side by side on one stream of activations, evaluates
 * them beside floors, and draws what they cost against how many features are active.
 *
 *   deno run -A sweep_transcoders.ts configs/transcoders/pythia-nano-sweep.json
 *
 * Results in `{output_dir}`: `{arm}/step{n}/layer_{l}`, one coder each, as `train_transcoder.ts` gives it; `sweep.json`;
 * tables `step{n}.csv` and `step{n}.md`; figures `step{n}_ce` and `step{n}_fvu` (.html, and with Chromium .svg and .png). A
 * stopped run continues when started again, and ends with the same bytes.
 */
import { dirname, join } from "@std/path";
import { printTable, runScript } from "./utils/cli/mod.ts";
import { writeFileAtomic } from "./utils/base/mod.ts";
import {
  SWEEP_NOTE,
  sweepCoders,
  sweepColumns,
  sweepCsv,
  sweepMarkdown,
  sweepRows,
  sweepSchema,
} from "./utils/experiments/mod.ts";
import { saveSweepFigures } from "./plotting/transcoder_sweep.ts";

export const script = {
  name: "sweep_transcoders",
  description:
    "Trains transcoders of several kinds, sparsities and widths side by side and compares them.",
  examples: [
    "configs/transcoders/pythia-nano-sweep.json",
    `configs/transcoders/pythia-nano-sweep.json --arms '[{"activation": ["topk", "batchtopk"], "k": [8, 16]}]'`,
    "configs/transcoders/pythia-nano-sweep.json --ckpt-schedule 512,6144 --total-training-tokens 200000",
  ],
  schema: sweepSchema,
  dryRun: "plan" as const,
};

if (import.meta.main) {
  await runScript(script, async (settings) => {
    const { exitCode, path, entries } = await sweepCoders(settings);
    const folder = dirname(path);
    for (const [step, sweep] of entries) {
      console.log(`\nStep ${step}`);
      printTable(sweepColumns(), sweepRows(sweep));
      await writeFileAtomic(join(folder, `step${step}.csv`), sweepCsv(sweep));
      await writeFileAtomic(join(folder, `step${step}.md`), sweepMarkdown(sweep));
    }
    if (entries.size > 0) {
      console.log(`\n${SWEEP_NOTE}\n\nresults in ${path}, tables beside it`);
      for (const file of await saveSweepFigures(path, settings.figures)) console.log(file);
    }
    return exitCode;
  });
}
