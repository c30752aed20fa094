/**
 * What the experiments on the indirect-object circuit share: settings, prompts in six flips, and the scores of single
 * heads that their definitions use.
 */
import { z } from "zod";
import { alsoNamed } from "../cli/mod.ts";
import { copySuppression, type ResultPaths } from "../results/mod.ts";
import { UserError } from "../base/mod.ts";
import {
  checkCspaModel,
  corpusDocuments,
  cspaScores,
  fileDocuments,
  FLIPS,
  functionWordIds,
  type Head,
  placeOf,
  repeatedTokens,
} from "../heads/mod.ts";
import type { HookedModel, ModelConfig, Readout, Tokenizer } from "../model/mod.ts";
import { bosKey } from "./bos.ts";
import { type IoiFlipName, loadTask, type PromptPair, readoutOf } from "../tasks/mod.ts";

/** Schema fragment: indirect-object prompts. */
export const promptKeys = {
  n_prompts: alsoNamed(
    z.int().min(1).max(100_000).default(70).describe("indirect-object prompts"),
    "dataset_size",
  ),
  seed: z.int().default(42).describe("random seed for the prompts and all other random choices"),
  ...bosKey,
} as const;

/** What result files call the number of prompts. */
export const RECORDED_PROMPTS = { n_prompts: "dataset_size" } as const;

/** Schema fragment: repeated random tokens. */
export const repeatKeys = {
  sequences: z.int().min(1).max(10_000).default(2).describe("sequences of random tokens"),
  sequence_length: z.int().min(2).max(100_000).optional().describe(
    "random tokens before they repeat; default: 100, or an eighth of the positions of a small model",
  ),
  first_id: z.int().min(0).default(100).describe("smallest random token id"),
  last_id: z.int().min(0).optional()
    .describe("largest random token id; default: 19999, or the last of a small vocabulary"),
} as const;

/** Schema fragment: where CSPA scores come from. */
export const cspaKeys = {
  cspa_from: z.enum(["file", "compute"]).default("file").describe(
    "file: take the results of get_model_cspa.ts, and compute the heads in question at steps that it lacks",
  ),
  cspa_text: z.string().optional().describe("file of documents; default: embedded corpus"),
  cspa_mean_docs: z.int().min(1).max(100_000).default(100).describe(
    "documents for the mean output of each head",
  ),
  cspa_eval_docs: z.int().min(1).max(100_000).default(17).describe("documents for the scores"),
  cspa_tokens: z.int().min(2).max(100_000).default(61).describe("tokens of each document"),
} as const;

/** Indirect-object prompts. */
export interface IoiPrompts {
  /** pairs with the circuit's corruption: the indirect object replaces the second subject */
  pairs: PromptPair[];
  /** the same clean prompts with each corruption */
  flips: Record<IoiFlipName, PromptPair[]>;
  /** logit of IO minus logit of S, at END */
  readout: Readout;
}

/** Makes the prompts, the same for every checkpoint. */
export async function ioiPrompts(
  tokenizer: Tokenizer,
  { n_prompts: n, seed }: { n_prompts: number; seed: number },
): Promise<IoiPrompts> {
  const data = await loadTask("ioi", tokenizer, { n, seed });
  const flips = {} as Record<IoiFlipName, PromptPair[]>;
  for (const flip of FLIPS) {
    flips[flip] = (await loadTask("ioi", tokenizer, { n, seed, flip })).prompts;
  }
  return { pairs: data.prompts, flips, readout: readoutOf(data) };
}

/** Returns the settings of repeated random tokens, with the model's defaults filled in. */
export function repeatSettings(
  config: { sequence_length?: number; last_id?: number; model: string },
  { model: { maxPositions }, tokenizer }: { model: ModelConfig; tokenizer: Tokenizer },
): { sequence_length: number; last_id: number } {
  const half = config.sequence_length ?? Math.min(100, Math.floor(maxPositions / 8));
  if (2 * half > maxPositions) {
    throw new UserError(
      `sequence_length: ${config.model} has ${maxPositions} positions, so at most ${
        Math.floor(maxPositions / 2)
      } tokens can be repeated, found ${half}`,
      2,
    );
  }
  return {
    sequence_length: half,
    last_id: config.last_id ?? Math.min(19_999, tokenizer.vocabSize - 1),
  };
}

/** Returns random tokens, each sequence repeated once. */
export function randomTokens(
  { sequences, first_id, seed }: { sequences: number; first_id: number; seed: number },
  { sequence_length, last_id }: { sequence_length: number; last_id: number },
): number[][] {
  return repeatedTokens({
    batch: sequences,
    half: sequence_length,
    ids: [first_id, last_id],
    seed,
  });
}

/** Settings of `cspaKeys`. */
export type CspaSettings = {
  cspa_from: "file" | "compute";
  cspa_text?: string;
  cspa_mean_docs: number;
  cspa_eval_docs: number;
  cspa_tokens: number;
};

/** CSPA scores `[L, H]` and where they come from; computed ones are 0 for heads that are not candidates. */
export interface CspaFound {
  /** `[L, H]` */
  scores: Float32Array;
  /** where the scores come from */
  from: "file" | "computed";
}

/**
 * Returns a source of CSPA scores: the result file for steps that it has, else computed for the candidates.
 * @throws UserError naming the architecture if CSPA is not defined for the model.
 */
export async function cspaSource(
  config: CspaSettings,
  paths: ResultPaths,
  { model, tokenizer }: { model: ModelConfig; tokenizer: Tokenizer },
): Promise<(model: HookedModel, step: number, candidates: readonly Head[]) => Promise<CspaFound>> {
  checkCspaModel(model);
  const file = config.cspa_from === "file" ? await copySuppression.readIfThere(paths) : undefined;
  const wanted = { count: config.cspa_mean_docs, length: config.cspa_tokens };
  let docs: number[][] | undefined;
  return async (model, step, candidates) => {
    const known = file?.entries.get(step)?.scores;
    if (known) return { scores: Float32Array.from(known.flat()), from: "file" };
    const { nLayers, nHeads, maxPositions } = model.config;
    const scores = new Float32Array(nLayers * nHeads);
    if (candidates.length > 0) {
      if (config.cspa_tokens > maxPositions) {
        throw new UserError(`cspa_tokens: the model has ${maxPositions} positions`, 2);
      }
      docs ??= config.cspa_text === undefined
        ? corpusDocuments(tokenizer, wanted)
        : await fileDocuments(config.cspa_text, tokenizer, wanted);
      const all = await cspaScores(model, docs, {
        evalDocs: config.cspa_eval_docs,
        functionWords: functionWordIds(tokenizer),
        startLayer: Math.min(...candidates.map(([layer]) => layer)),
      });
      for (const head of candidates) {
        const place = placeOf(head, model.config);
        scores[place] = all.scores[place];
      }
    }
    return { scores, from: "computed" };
  };
}
