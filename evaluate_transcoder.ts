/**
 * Evaluates transcoders and sparse autoencoders at one checkpoint or at many, beside floors.
 *
 *   deno run -A evaluate_transcoder.ts transcoders/pythia-nano --model pythia-nano --step 6144
 *   deno run -A evaluate_transcoder.ts 'transcoders/pythia-nano/step{step}' --model pythia-nano
 *
 * Updates `{results_dir}/transcoders/{model}/{name}/evaluation.json` after each checkpoint. A stopped run continues when
 * started again.
 */
import { z } from "zod";
import { runScript, UserError } from "./utils/cli/mod.ts";
import { modelKeys, openExperiment } from "./utils/experiments/mod.ts";
import { ResultPaths, transcoderEvaluations } from "./utils/results/mod.ts";
import {
  codersDigest,
  evaluateCoders,
  evaluationRows,
  FORMAT_NAMES,
  openCoders,
  printEvaluation,
} from "./utils/transcoders/mod.ts";

const STEP = "{step}";

export const script = {
  name: "evaluate_transcoder",
  dryRun: "plan" as const,
  description:
    "Measures how good transcoders are at each checkpoint of a model's training, beside floors.",
  examples: [
    "transcoders/pythia-nano --model pythia-nano --step 6144",
    "'transcoders/pythia-nano/step{step}' --model pythia-nano",
    "EleutherAI/Pythia-160m-SST-k32-32k --model pythia-160m --step 143000 --text pile.jsonl.gz",
  ],
  schema: z.object({
    coders: z.string().min(1).describe(
      "folder, .pt file or Hub repository of the transcoders, one per layer; {step} stands for the checkpoint. " +
        "Also the script's argument, unless that is a config file",
    ),
    ...modelKeys,
    step: z.int().min(0).optional().describe(
      "the one checkpoint to evaluate; unless given, the schedule says which",
    ),
    name: z.string().min(1).optional().describe(
      "name of the results; default: the folder of the transcoders",
    ),
    format: z.enum(FORMAT_NAMES).optional()
      .describe("format of the files; default: what their names say"),
    layers: z.array(z.int().min(0)).optional().describe("layers to evaluate; default: all"),
    text: z.string().min(1).optional().describe(
      "text or token file to measure on; default: the validation split of the embedded corpus",
    ),
    fit_text: z.string().min(1).optional().describe(
      "text or token file to fit the floors on; default: the rest of text, or the corpus' training split",
    ),
    rows: z.enum(["packed", "padded", "stored"]).default("packed")
      .describe("how the documents of a file become rows"),
    context: z.int().min(2).default(64)
      .describe("tokens per row; pythia-nano was trained on 64"),
    batch: z.int().min(1).default(16).describe("rows per batch"),
    tokens: z.int().min(1).default(16_384).describe("tokens to measure on"),
    fit_tokens: z.int().min(1).default(65_536).describe("tokens to fit the floors on"),
    include_eos: z.boolean().default(false).describe(
      "also replace and count positions of the end-of-text token",
    ),
    seed: z.int().default(0).describe("random seed of the text and of the random features"),
  }),
};

/** Keys that change no number. */
const FREE = ["step", "name"];

/** Returns the arguments with a first one that is not a config file as the key `coders`. */
function withCoders(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  const isCoders = first !== undefined && !first.startsWith("-") && !/\.(json|ya?ml)$/i.test(first);
  return isCoders ? ["--coders", first, ...rest] : [...args];
}

if (import.meta.main) {
  await runScript({ ...script, args: withCoders(Deno.args) }, async (config) => {
    const { coders: source, step, format, layers, cache_dir: cacheDir } = config;
    const single = step === undefined ? {} : { custom_schedule: [step] };
    const experiment = await openExperiment({ ...config, ...single });
    if (!source.includes(STEP) && experiment.steps.length > 1) {
      throw new UserError(
        `coders: ${source} names one set of transcoders for ${experiment.steps.length} checkpoints; ` +
          `choose one with --step, or put ${STEP} into the name`,
        2,
      );
    }
    const { tokenizer, model: { maxPositions } } = experiment;
    const { eosId } = tokenizer;
    const text = await evaluationRows({
      ...config,
      tokenizer,
      cacheDir: `${config.results_dir}/tokens`,
      fitText: config.fit_text,
      fitTokens: config.fit_tokens,
      context: Math.min(config.context, maxPositions),
      excluded: config.include_eos || eosId === undefined ? [] : [eosId],
    });
    const name = config.name ?? new ResultPaths("", source.replaceAll(STEP, "0")).model;
    const results = await experiment.results(transcoderEvaluations, { free: FREE }, name);
    const openAt = async (step: number) => {
      const path = source.replaceAll(STEP, String(step));
      return (await openCoders(path, { cacheDir, format, layers })).coders;
    };
    for (const step of experiment.steps.filter((step) => results.has(step))) {
      if (results.get(step).coders_digest === await codersDigest(await openAt(step))) continue;
      throw new UserError(
        `${results.path} was made of other transcoders: they have since changed (step ${step}); ` +
          "start from scratch with --overwrite, or choose another name",
      );
    }

    return await experiment.run({
      files: [results],
      measure: async (step, model, progress) => {
        const entry = await evaluateCoders(model, await openAt(step), {
          ...text,
          seed: config.seed,
          onStage: (stage, batches) => {
            const part = progress.begin(stage, batches);
            return () => part.advance();
          },
        });
        await results.set(step, entry);
        const { places, propagating } = entry.coders;
        const fvus = places.map(({ fvu }) => fvu.toFixed(3)).join(" ");
        return `FVU ${fvus}, Δ CE ${propagating.delta_ce.toFixed(4)}`;
      },
      columns: () => {
        const of = (step: number) => results.get(step);
        return [
          { header: "CE", value: (step) => of(step).ce },
          { header: "Δ CE", value: (step) => of(step).coders.propagating.delta_ce, digits: 4 },
          ...["neurons", "skip", "unigram", "mean"].map((floor) => ({
            header: floor,
            value: (step: number) => of(step).floors[floor]?.propagating.delta_ce,
            digits: 4,
          })),
        ];
      },
      closing: () => {
        const last = results.steps().at(-1)!;
        console.log(`\nStep ${last}:`);
        printEvaluation(results.get(last));
        console.log(`\nwritten to ${results.path}`);
      },
    });
  });
}
