/**
 * Copy suppression over training: the CSPA score of every head at every checkpoint.
 *
 *   deno run -A get_model_cspa.ts configs/cspa/pythia-nano.json
 *
 * Text comes from a file, or from the validation split of the embedded corpus. Each checkpoint's entry holds the scores
 * (at most 1) and the two mean divergences that they compare, in nats, `[L][H]`; layers before `start_layer` hold 0. Updates
 * `cspa/{model}/all_checkpoints.json` after each checkpoint. A stopped run continues when started again.
 */
import { z } from "zod";
import { runScript, UserError } from "./utils/cli/mod.ts";
import {
  checkCspaModel,
  corpusDocuments,
  cspaScores,
  fileDocuments,
  functionWordIds,
  headGrid,
  largestHead,
} from "./utils/heads/mod.ts";
import { copySuppression } from "./utils/results/mod.ts";
import { FOLDED } from "./utils/model/mod.ts";
import { modelKeys, openExperiment, shardKey } from "./utils/experiments/mod.ts";

export const script = {
  name: "get_model_cspa",
  dryRun: true,
  description:
    "Measures how much of each head is copy suppression (copy-suppression-preserving ablation), at every checkpoint.",
  examples: [
    "configs/cspa/pythia-nano.json",
    "--model pythia-160m --text openwebtext.jsonl --custom-schedule 1000,16000,143000 --start-layer 6",
  ],
  schema: z.object({
    ...modelKeys,
    ...shardKey,
    text: z.string().optional().describe(
      "file of documents: .jsonl with one text per line, or plain text separated by <|endoftext|>; default: embedded corpus",
    ),
    start_layer: z.int().min(0).default(0).describe("first layer to score"),
    mean_docs: z.int().min(1).max(100_000).default(100).describe(
      "documents for the mean output of each head",
    ),
    eval_docs: z.int().min(1).max(100_000).default(17).describe("documents for the scores"),
    tokens: z.int().min(2).max(100_000).default(61).describe("tokens of each document"),
    k_unembeddings: z.number().positive().max(1).default(0.05)
      .describe("share of the tokens so far whose suppression is kept"),
    seed: z.int().default(6).describe("random seed for the choice of documents"),
  }).refine((c) => c.eval_docs <= c.mean_docs, {
    path: ["eval_docs"],
    error: "expected at most mean_docs",
  }),
};

if (import.meta.main) {
  await runScript(script, async (config) => {
    const experiment = await openExperiment(config, { processing: FOLDED });
    const { tokenizer, model: { nLayers, nHeads, maxPositions } } = experiment;
    checkCspaModel(experiment.model);
    if (config.tokens > maxPositions) {
      throw new UserError(
        `tokens: ${config.model} has ${maxPositions} positions, found ${config.tokens}`,
        2,
      );
    }
    if (config.start_layer >= nLayers) {
      throw new UserError(
        `start_layer: ${config.model} has layers 0 … ${nLayers - 1}, found ${config.start_layer}`,
        2,
      );
    }
    const wanted = { count: config.mean_docs, length: config.tokens, seed: config.seed };
    const docs = config.text === undefined
      ? corpusDocuments(tokenizer, wanted)
      : await fileDocuments(config.text, tokenizer, wanted);
    const functionWords = functionWordIds(tokenizer);
    const results = await experiment.results(copySuppression);
    const largest = (step: number) => largestHead(results.get(step).scores);

    return await experiment.run({
      files: [results],
      measure: async (step, model, progress) => {
        const layers = progress.begin("layer", nLayers - config.start_layer);
        const found = await cspaScores(model, docs, {
          evalDocs: config.eval_docs,
          kUnembeddings: config.k_unembeddings,
          functionWords,
          startLayer: config.start_layer,
          onLayer: () => layers.advance(),
        });
        const scores = headGrid(found.scores, nHeads);
        await results.set(step, {
          scores,
          kl_kept: headGrid(found.kept, nHeads),
          kl_ablated: headGrid(found.ablated, nHeads),
        });
        const { head, score } = largestHead(scores);
        return `largest CSPA ${(100 * score).toFixed(1)} % (${head})`;
      },
      columns: () => [
        { header: "CSPA %", value: (step) => 100 * largest(step).score, digits: 1 },
        { header: "head", value: (step) => largest(step).head },
        {
          header: "heads > 10 %",
          value: (step) => results.get(step).scores.flat().filter((score) => score > 0.1).length,
        },
      ],
    });
  });
}
