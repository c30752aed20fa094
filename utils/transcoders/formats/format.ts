/** What every file format of coders can do. */
import { join } from "@std/path";
import type { Coder, CoderConfig } from "../coder.ts";
import type { CoderDtype } from "./stored_dtype.ts";

/** Names of the formats. */
export const FORMAT_NAMES = ["native", "circuit-tracer", "sae-lens", "sparsify", "tcc"] as const;
/** Name of a format. */
export type FormatName = typeof FORMAT_NAMES[number];

/** How coders are written. */
export interface WriteOptions {
  /** number format of the matrices; default float32 */
  dtype?: CoderDtype;
}

/** A file format of coders. Paths are relative to the folder of the set, with forward slashes. */
export interface CoderFormat {
  /** name of the format */
  name: FormatName;
  /**
   * Returns the files of a set that {@link read} needs, out of all files of a folder; empty if it is not of this format.
   * @param layers layers wanted; default: all
   */
  filesOf(files: readonly string[], layers?: readonly number[]): string[];
  /**
   * Reads the coders in a folder, in the order of their layers.
   * @param files result of {@link filesOf}
   * @throws Error naming file, key or tensor, what was found and what was expected
   */
  read(dir: string, files: readonly string[]): Promise<Coder[]>;
  /**
   * Writes coders to a folder. Every file appears complete or not at all.
   * @returns sentences on how the files differ from the coders, if they do
   * @throws Error naming the coder, and the property that the format cannot express
   */
  write(dir: string, coders: readonly Coder[], options?: WriteOptions): Promise<string[]>;
}

/** Returns the folders that hold both files, as `""` or `a/b/`. */
export function foldersWith(files: readonly string[], ...names: string[]): string[] {
  return files.filter((path) => path.endsWith(names[0]))
    .map((path) => path.slice(0, -names[0].length))
    .filter((folder) =>
      (folder === "" || folder.endsWith("/")) && names.every((n) => files.includes(folder + n))
    )
    .sort(byNumber);
}

/** Orders names by the numbers in them: `layer_2` before `layer_10`. */
export const byNumber = (a: string, b: string): number =>
  a.localeCompare(b, "en", { numeric: true });

/** Returns the layer that a path names, as in `layers.3.mlp/`, `layer_3.safetensors` or `blocks.3.`. */
export function layerOfPath(path: string): number | undefined {
  const match = /(?:^|[^a-zA-Z])(?:layers?|h|blocks|W_enc|W_dec)[._](\d+)(?:[^\d]|$)/.exec(path);
  return match ? Number(match[1]) : undefined;
}

/** Tells whether a path is of one of the wanted layers, or does not say its layer. */
export function isWanted(path: string, layers: readonly number[] | undefined): boolean {
  const layer = layerOfPath(path);
  return layers === undefined || layer === undefined || layers.includes(layer);
}

/** Orders coders by layer, then head. */
export const byLayer = ({ config: a }: Coder, { config: b }: Coder): number =>
  a.layer - b.layer || (a.head ?? 0) - (b.head ?? 0);

/** Returns the folder name of a coder in a set: `layer_3`, `layer_3_head_1`. */
export function coderFolder({ layer, head }: CoderConfig): string {
  return `layer_${layer}${head === undefined ? "" : `_head_${head}`}`;
}

/**
 * Returns a folder per coder.
 * @throws Error naming two coders that would share one
 */
export function coderFolders(dir: string, coders: readonly Coder[]): [string, Coder][] {
  const pairs = coders.map((c): [string, Coder] => [join(dir, coderFolder(c.config)), c]);
  const twice = pairs.find(([path], i) => pairs.findIndex(([other]) => other === path) < i);
  if (twice) throw new Error(`${twice[0]}: two coders would have this folder; write them apart`);
  return pairs;
}

/** Returns the part of the metadata that a format keeps of the file it read; empty for coders from elsewhere. */
export function keptMetadata(
  { metadata }: CoderConfig,
  format: FormatName,
): Record<string, unknown> {
  const kept = metadata[format];
  return typeof kept === "object" && kept !== null ? { ...kept } : {};
}

/** Returns the name of the model that a coder is for, if its metadata has one. */
export function modelName({ metadata }: CoderConfig): string | undefined {
  return typeof metadata.model_name === "string" ? metadata.model_name : undefined;
}
