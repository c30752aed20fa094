/**
 * Our own format: a folder per coder, a set of coders in one folder.
 *
 *     layer_3/cfg.json              everything except the weights: the fields of CoderConfig
 *     layer_3/weights.safetensors   the weights in the internal form, by their internal names
 *
 * Weights are float32. With `dtype` "float16" in `cfg.json` the matrices are float16, and vectors stay float32. The weights are
 * written first, so a folder with a `cfg.json` is complete.
 */
import { join } from "@std/path";
import { z } from "zod";
import { writeJsonAtomic } from "../../base/mod.ts";
import type { F32 } from "../../onnx/mod.ts";
import { openSafetensors, writeSafetensors } from "../../tensor_files/mod.ts";
import {
  checkCoder,
  type Coder,
  type CoderConfig,
  coderShapes,
  type CoderWeight,
  type CoderWeights,
} from "../coder.ts";
import {
  byLayer,
  coderFolders,
  type CoderFormat,
  foldersWith,
  isWanted,
  type WriteOptions,
} from "./format.ts";
import { checkNames, fieldsOf, readObject, readTensor } from "./reading.ts";
import { CODER_DTYPES, stored, storedCoder } from "./stored_dtype.ts";

const CONFIG = "cfg.json", WEIGHTS = "weights.safetensors";
/** Name and version of the format, the first key of `cfg.json`. */
const FORMAT = "circuits-over-time/coder@1";

const size = z.int().positive();
const schema = z.object({
  format: z.literal(FORMAT),
  dtype: z.enum(CODER_DTYPES).optional(),
  kind: z.enum(["transcoder", "sae", "cross_layer"]),
  activation: z.discriminatedUnion("name", [
    z.object({ name: z.literal("relu") }),
    z.object({ name: z.literal("topk"), k: size, signed: z.boolean().optional() }),
    z.object({ name: z.literal("batchtopk"), k: z.number().positive(), threshold: z.number() }),
    z.object({ name: z.literal("jumprelu") }),
  ]),
  dIn: size,
  dOut: size,
  features: size,
  skip: z.boolean(),
  layer: z.int().min(0),
  inputHook: z.string(),
  outputHook: z.string(),
  head: z.int().min(0).optional(),
  inputConvention: z.enum(["raw", "folded"]),
  decoderLayers: z.array(z.int().min(0)).optional(),
  metadata: z.record(z.string(), z.unknown()),
});

/** Reads one coder of our own format. @throws Error naming file, key or tensor, what was found and expected. */
export async function readCoder(dir: string): Promise<Coder> {
  const path = join(dir, CONFIG);
  const { format: _, dtype: __, ...config } = fieldsOf(schema, await readObject(path), path);
  const files = await openSafetensors(join(dir, WEIGHTS));
  const shapes = Object.entries(coderShapes(config)) as [CoderWeight, number[]][];
  checkNames(files, shapes.map(([name]) => name));
  const weights: Partial<Record<CoderWeight, F32>> = {};
  for (const [name, shape] of shapes) weights[name] = await readTensor(files, name, shape, CONFIG);
  const coder = { config: config as CoderConfig, weights: weights as CoderWeights };
  checkCoder(coder, path);
  return coder;
}

/**
 * Writes one coder in our own format.
 * @throws Error if its settings and weights disagree, a weight is too large for float16, or naming the path.
 */
export async function writeCoder(
  dir: string,
  coder: Coder,
  { dtype }: WriteOptions = {},
): Promise<void> {
  const { config, weights: all } = storedCoder(coder, dtype);
  const weights = Object.entries(all).filter(([, value]) => value !== undefined);
  await writeSafetensors(
    join(dir, WEIGHTS),
    Object.fromEntries(weights.map(([name, value]) => [name, stored(value as F32, dtype)])),
  );
  await writeJsonAtomic(join(dir, CONFIG), {
    format: FORMAT,
    ...dtype === "float16" && { dtype },
    ...config,
  });
}

/** Our own format. */
export const native: CoderFormat = {
  name: "native",
  filesOf: (files, layers) =>
    foldersWith(files, WEIGHTS, CONFIG).filter((folder) => isWanted(folder, layers))
      .flatMap((folder) => [folder + CONFIG, folder + WEIGHTS]),
  async read(dir, files) {
    const folders = foldersWith(files, WEIGHTS, CONFIG);
    return (await Promise.all(folders.map((folder) => readCoder(join(dir, folder))))).sort(byLayer);
  },
  async write(dir, coders, options) {
    for (const [folder, coder] of coderFolders(dir, coders)) {
      await writeCoder(folder, coder, options);
    }
    return [];
  },
};
