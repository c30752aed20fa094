/**
 * The coders of a checkpoint on the disk:
 *
 *     {output_dir}/step{n}/layer_{l}/cfg.json, weights.safetensors   the coder, in our own format
 *     {output_dir}/step{n}/layer_{l}/sparsity.safetensors            `log_feature_sparsity` [F], of the last window
 *     {output_dir}/step{n}/TRAINING.json                             how the set was made
 *
 * Everything is written to a folder beside it, which is renamed at the end: a folder `step{n}` is complete.
 */
import { join } from "@std/path";
import { isThere, UserError, writeJsonAtomic } from "../../base/mod.ts";
import { writeSafetensors } from "../../tensor_files/mod.ts";
import { type Coder, type CoderDtype, coderName, writeCoder } from "../../transcoders/mod.ts";
import type { Start } from "./start.ts";

/** Format of the record, its first key. */
const FORMAT = "circuits-over-time/coder-training/1";

/** A coder and its firing frequencies. */
export interface MadeCoder {
  coder: Coder;
  /** log10 frequencies of the last window, `[F]` */
  logFrequencies: Float32Array;
}

/** What the record of a set says. */
export interface SetRecord {
  /** what determines the coders besides the model's weights */
  settings: Record<string, unknown>;
  /** the model, its training step and a digest of its weights, null for a model on the Hub */
  model: { name: string; step: number; weights: string | null };
  /** tokens trained on */
  tokens: number;
  /** training steps */
  steps: number;
  /** how the coders started */
  start: Start;
  /** by layer: means over the last steps of what the log has */
  final: Record<string, Record<string, number>>;
  /** settings of that evaluation */
  evaluated_on?: Record<string, unknown>;
  /** result of an evaluation at the end, if there was one */
  evaluation?: unknown;
}

/** Returns the folder of a checkpoint's coders. */
export const setFolder = (outputDir: string, step: number): string =>
  join(outputDir, `step${step}`);

/** Returns the path of the record of a set. */
export const recordPath = (folder: string): string => join(folder, "TRAINING.json");

/** Returns the name of a coder's folder and files. */
export const coderFile = ({ layer, head }: { layer: number; head?: number }): string =>
  `layer_${layer}${head === undefined ? "" : `_head_${head}`}`;

/**
 * Writes a set, completely or not at all.
 * @param dtype number format of the matrices
 * @throws Error naming a coder with a weight that is not finite, or too large for the number format.
 */
export async function writeSet(
  outputDir: string,
  made: readonly MadeCoder[],
  record: SetRecord,
  dtype: CoderDtype = "float32",
): Promise<void> {
  const folder = setFolder(outputDir, record.model.step);
  const temporary = join(outputDir, `.step${record.model.step}.tmp`);
  await remove(temporary);
  for (const { coder, logFrequencies } of made) {
    checkFinite(coder);
    const path = join(temporary, coderFile(coder.config));
    await writeSafetensors(join(path, "sparsity.safetensors"), {
      log_feature_sparsity: {
        dtype: "F32",
        shape: [logFrequencies.length],
        data: logFrequencies,
      },
    });
    await writeCoder(path, coder, { dtype });
  }
  await writeJsonAtomic(recordPath(temporary), { format: FORMAT, ...record });
  await remove(folder);
  await Deno.rename(temporary, folder);
}

/** Checks the weights of a coder. @throws UserError naming the coder and the weight. */
export function checkFinite({ config, weights }: Coder): void {
  for (const [name, tensor] of Object.entries(weights)) {
    if (!tensor || tensor.data.every(Number.isFinite)) continue;
    throw new UserError(
      `${
        coderName(config)
      }: expected finite weights, found some in ${name} that are not; nothing is written. ` +
        "Choose a lower lr or a longer warm-up, and start from scratch with --overwrite",
    );
  }
}

/** Removes a file or a folder if it exists. */
export async function remove(path: string): Promise<void> {
  if (isThere(path)) await Deno.remove(path, { recursive: true });
}
