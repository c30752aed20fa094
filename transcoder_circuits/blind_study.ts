/** Blind comparison of transcoders, sparse autoencoders and random coders: settings, the draw, and its two files. */
import { dirname, join } from "@std/path";
import { z } from "zod";
import {
  isFile,
  isFolder,
  readJson,
  UserError,
  writeFileAtomic,
  writeJsonAtomic,
} from "../utils/base/mod.ts";
import {
  featureModelKeys,
  openFeatureModel,
  tokenText,
  trainCoders,
  transcoderSchema,
} from "../utils/experiments/mod.ts";
import {
  type BlindStudy,
  drawStudy,
  floorCoders,
  type RatedKind,
} from "../utils/feature_dashboards/mod.ts";
import { buildRatingPage } from "../plotting/ratings/mod.ts";
import { type RatingKey, ratingKey } from "../utils/results/mod.ts";
import { openCoders } from "../utils/transcoders/mod.ts";
import { textRows } from "./features_on_text.ts";

/** Settings of a study. */
export const ratingPageSchema = z.object({
  ...featureModelKeys,
  saes: z.string().min(1).default("results/transcoders/{model}/sae/step{step}").describe(
    "folder or Hub repository of the sparse autoencoders; {model} and {step} stand for the checkpoint",
  ),
  layers: z.array(z.int().min(0)).optional().describe("layers to draw from; default: all"),
  per_kind: z.int().min(1).default(50).describe("features of each kind"),
  text: z.string().min(1).optional().describe(
    "text or token file; default: the validation split of the embedded corpus",
  ),
  text_tokens: z.int().min(64).default(65_536).describe("tokens that features are looked up in"),
  least_frequency: z.number().min(0).max(1).default(1e-4).describe(
    "features that fire on a smaller share of tokens are left out, as transcoder_circuits does",
  ),
  top: z.int().min(1).default(8).describe("top examples of a feature, one per row"),
  bands: z.int().min(0).default(3).describe("quantile bands of a feature's firings"),
  per_band: z.int().min(1).default(3).describe("examples from each band"),
  before: z.int().min(0).default(16).describe("tokens shown before an example's peak"),
  after: z.int().min(0).default(6).describe("tokens shown after it"),
  seed: z.int().default(0).describe(
    "random seed of the draw, of the order and of the random coder",
  ),
  output: z.string().min(1).optional().describe(
    "folder for rate.html and key.json; default: interp_comparison/{model}/step{step} below results_dir",
  ),
  overwrite: z.boolean().default(false).describe("replace another study in the folder"),
});

/** The settings. */
export type RatingPageSettings = z.output<typeof ratingPageSchema>;

/** A study and where its files are. */
export interface WrittenStudy extends BlindStudy {
  /** the page to rate on */
  page: string;
  /** the key, for after the rating */
  keyFile: string;
}

/**
 * Draws a study and writes its page and its key. The same settings give the same files.
 * @throws UserError if no autoencoder is found, or if the folder holds another study.
 */
export async function makeRatingPage(settings: RatingPageSettings): Promise<WrittenStudy> {
  const features = await openFeatureModel(settings);
  const { model, name, step, paths } = features;
  try {
    const { saes: pattern, layers, seed, cache_dir: cacheDir } = settings;
    const coders = features.coders.filter(({ config }) => layers?.includes(config.layer) ?? true);
    const saes = pattern.replaceAll("{model}", paths.model).replaceAll("{step}", String(step));
    if (!isFolder(saes) && saes.split("/").length > 2) { // a name with one slash may be a repository
      throw new UserError(
        `saes: found no sparse autoencoders in ${saes}; train them (deno run -A train_transcoder.ts ` +
          `--model-name ${name} --checkpoints ${step} --kind sae --hook-point 'blocks.{l}.mlp.hook_in' --output-dir ${
            dirname(saes)
          }), ` +
          "or name yours with --saes",
        2,
      );
    }
    const opened = await openCoders(saes, { cacheDir, layers });
    const batches = await textRows(features, settings.text_tokens, settings.text);
    const random = await floorCoders(model, coders, batches, seed);
    const kinds: RatedKind[] = [
      { kind: "transcoder", source: features.source, coders },
      { kind: "sae", source: saes, coders: opened.coders },
      { kind: "random", source: `random directions, seed ${seed}`, coders: random },
    ];
    const vocabulary = Array.from(
      { length: model.config.vocabSize },
      (_, id) => tokenText(features.tokenizer, id),
    );
    const drawn = await drawStudy(model, kinds, batches, vocabulary, {
      perKind: settings.per_kind,
      leastFrequency: settings.least_frequency,
      top: settings.top,
      bands: settings.bands,
      perBand: settings.per_band,
      before: settings.before,
      after: settings.after,
      seed,
      model: name,
      step,
    });
    const folder = settings.output ??
      join(settings.results_dir, "interp_comparison", paths.model, `step${step}`);
    const page = join(folder, "rate.html"), keyFile = join(folder, "key.json");
    await refuseOther(keyFile, drawn.key, settings.overwrite);
    await writeFileAtomic(page, buildRatingPage(drawn.study));
    await writeJsonAtomic(keyFile, drawn.key);
    return { ...drawn, page, keyFile };
  } finally {
    model.close();
  }
}

/** Refuses to replace the key of another study: its ratings would be lost. */
async function refuseOther(file: string, { study }: RatingKey, overwrite: boolean): Promise<void> {
  if (overwrite || !isFile(file)) return;
  const found = ratingKey.safeParse(await readJson(file));
  if (found.success && found.data.study === study) return;
  throw new UserError(
    `${file} is the key of another study${found.success ? `, ${found.data.study}` : ""}; choose ` +
      "another --output, or replace it with --overwrite",
    2,
  );
}

/**
 * Trains sparse autoencoders on the MLP inputs of a checkpoint, as wide and as sparse as the embedded transcoders, where the
 * folder does not have them yet.
 * @param folder folder for `step{n}`
 * @returns the folder of the coders
 */
export async function autoencoders(
  folder: string,
  { model, step, tokens }: { model: string; step: number; tokens: number },
): Promise<string> {
  const found = join(folder, `step${step}`);
  if (isFolder(found)) return found;
  const log = console.log;
  console.log = () => {};
  try {
    await trainCoders(transcoderSchema.parse({
      model,
      ckpt_schedule: [step],
      kind: "sae",
      hook_point: "blocks.{l}.mlp.hook_in",
      activation: "topk",
      k: 16,
      expansion_factor: 8,
      repeated_ids_share: 0.06,
      train_batch_size: 512,
      total_training_tokens: tokens,
      output_dir: folder,
      work_dir: join(folder, "work"),
    }));
  } finally {
    console.log = log;
  }
  return found;
}
