/**
 * Describes the model of a planned run without fetching weights: its shape, a tokenizer and the download size.
 *
 *     shape       config.json of the folder or the cache; a model with a short name: known; else config.json of the Hub
 *     tokenizer   the model's own if it is here, else that of pythia-nano: prompts then have about the right lengths
 *     download    nothing for what is here; else the Hub's list of files; without a network from the shape, float16
 */
import { UserError } from "../../base/mod.ts";
import {
  cachedFolderWith,
  cachedRevision,
  knownShape,
  loadTokenizer,
  type ModelConfig,
  parseModelConfig,
  readModelConfig,
  resolveModel,
  revisionFiles,
  type Tokenizer,
  unitBytes,
  unitNames,
} from "../../model/mod.ts";
import type { ModelRef } from "../model_ref.ts";

/** A model that may not be here yet. */
export interface PlannedModel {
  /** its shape */
  config: ModelConfig;
  /** its tokenizer, or that of another model */
  tokenizer: Tokenizer;
  /** bytes of a checkpoint that is not here; undefined if all of them are */
  checkpointBytes?: number;
  /** where that number is from */
  downloadFrom?: "the Hub's list of files" | "the model's shape";
  /** what is assumed, in words */
  notes: string[];
}

/** Finds shape, tokenizer and size of a model at a step. @throws UserError if nothing says what shape it has. */
export async function plannedModel(ref: ModelRef, step: number): Promise<PlannedModel> {
  const { source, cacheDir } = ref;
  const revision = ref.revision(step);
  if (source.kind === "folder") {
    const folder = await ref.folder(step);
    const [config, tokenizer] = [await readModelConfig(folder), await loadTokenizer(folder)];
    return { config, tokenizer, notes: [] };
  }
  const { repo } = source;
  const cached = await cachedRevision(repo, revision, cacheDir);
  if (cached !== undefined) {
    const tokenizer = await loadTokenizer(cached).catch(() => undefined);
    if (tokenizer) return { config: await readModelConfig(cached), tokenizer, notes: [] };
  }
  const listed = await revisionFiles(repo, revision, cacheDir);
  const config = await shapeOf(repo, cacheDir, listed?.config);
  const { tokenizer, notes } = await tokenizerOf(repo, cacheDir);
  return {
    config,
    tokenizer,
    checkpointBytes: listed?.bytes ?? bytesOfShape(repo, config),
    downloadFrom: listed ? "the Hub's list of files" : "the model's shape",
    notes,
  };
}

/** Returns the steps of a model that a run would download. */
export async function missingSteps(ref: ModelRef, steps: readonly number[]): Promise<number[]> {
  if (ref.source.kind === "folder") return [];
  const missing: number[] = [];
  for (const step of steps) {
    const here = await cachedRevision(ref.source.repo, ref.revision(step), ref.cacheDir);
    if (here === undefined) missing.push(step);
  }
  return missing;
}

async function shapeOf(
  repo: string,
  cacheDir: string | undefined,
  listed: string | undefined,
): Promise<ModelConfig> {
  if (listed !== undefined) return parseModelConfig(JSON.parse(listed), `${repo}/config.json`);
  const folder = await cachedFolderWith(repo, "config.json", cacheDir);
  if (folder !== undefined) return await readModelConfig(folder);
  const known = knownShape(repo);
  if (known) return known.config;
  throw new UserError(
    `${repo}: its shape is not known here and the Hub cannot be reached; an estimate needs its config.json`,
  );
}

async function tokenizerOf(
  repo: string,
  cacheDir: string | undefined,
): Promise<Pick<PlannedModel, "tokenizer" | "notes">> {
  const folder = await cachedFolderWith(repo, "tokenizer.json", cacheDir);
  if (folder !== undefined) return { tokenizer: await loadTokenizer(folder), notes: [] };
  return {
    tokenizer: await loadTokenizer(await resolveModel("pythia-nano")),
    notes: [`the tokenizer of ${repo} is not here: lengths of prompts are those of pythia-nano`],
  };
}

/** Returns the bytes of a checkpoint's file, from the shape. */
function bytesOfShape(repo: string, config: ModelConfig): number {
  const { elementBytes = 2, maskBytes = 0 } = knownShape(repo) ?? {};
  const units = unitNames(config).filter((unit) => !(config.tied && unit === "unembed"));
  const weights = units.reduce((sum, unit) => sum + unitBytes(config, unit) / 4, 0);
  return weights * elementBytes + maskBytes + 2.1e6;
}
