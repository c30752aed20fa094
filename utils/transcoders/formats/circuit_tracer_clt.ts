/**
 * circuit-tracer's cross-layer sets: features read one layer and write to it and all later ones.
 *
 *     W_enc_{i}.safetensors     W_enc_{i} [F, d], b_enc_{i} [F], b_dec_{i} [d]; threshold_{i} [F] or [1, F], W_skip_{i} [d, d]
 *     W_dec_{i}.safetensors     W_dec_{i} [F, L − i, d]
 *
 * Here `ŷ_i += x_i·W_skip`, so W_skip is the transpose of the internal form, unlike in sets of per-layer coders.
 */
import { join } from "@std/path";
import { tensor } from "../../onnx/mod.ts";
import { openSafetensors, writeSafetensors } from "../../tensor_files/mod.ts";
import { checkCoder, type Coder, coderName } from "../coder.ts";
import type { SetConfig } from "./circuit_tracer_config.ts";
import { transposed } from "../layout.ts";
import { checkNames, type JsonObject, matrixSizes, readTensor } from "./reading.ts";
import { type CoderDtype, stored } from "./stored_dtype.ts";

const ENCODER = /^W_enc_(\d+)\.safetensors$/;

/** Returns the files of a cross-layer set; all layers, since they belong together. */
export const filesOfClt = (files: readonly string[]): string[] =>
  files.filter((path) => /^W_(enc|dec)_\d+\.safetensors$/.test(path));

/**
 * Reads all layers of a cross-layer set.
 * @param raw all of `config.yaml`, which the coders keep
 * @throws Error naming file and tensor, what was found and what was expected
 */
export async function readClt(
  dir: string,
  files: readonly string[],
  config: SetConfig,
  raw: JsonObject,
): Promise<Coder[]> {
  const layers = files.flatMap((file) => ENCODER.exec(file)?.[1] ?? []).map(Number);
  layers.sort((a, b) => a - b);
  const missing = layers.findIndex((layer, i) => layer !== i);
  if (missing >= 0) throw new Error(`${join(dir, `W_enc_${missing}.safetensors`)} is missing`);
  return await Promise.all(
    layers.map((layer) => readLayer(dir, layer, layers.length, config, raw)),
  );
}

async function readLayer(
  dir: string,
  layer: number,
  nLayers: number,
  config: SetConfig,
  raw: JsonObject,
): Promise<Coder> {
  const named = (name: string) => `${name}_${layer}`;
  const path = join(dir, `${named("W_enc")}.safetensors`);
  const encoder = await openSafetensors(path);
  const optional = [named("threshold"), named("W_skip")];
  checkNames(encoder, ["W_enc", "b_enc", "b_dec"].map(named).concat(optional));
  const decoder = await openSafetensors(join(dir, `${named("W_dec")}.safetensors`));
  checkNames(decoder, [named("W_dec")]);
  const [F, d] = matrixSizes(encoder, named("W_enc"));
  const read = (name: string, shape: number[]) =>
    readTensor(encoder, named(name), shape, named("W_enc"));
  const [hasThreshold, skip] = optional.map((name) => encoder.has(name));
  const threshold = async () => {
    const row = encoder.info(named("threshold")).shape.length === 2;
    return tensor((await read("threshold", row ? [1, F] : [F])).data, [F]);
  };
  const coder: Coder = {
    config: {
      kind: "cross_layer",
      activation: { name: hasThreshold ? "jumprelu" : "relu" },
      dIn: d,
      dOut: d,
      features: F,
      skip,
      layer,
      inputHook: `blocks.${layer}.${config.feature_input_hook}`,
      outputHook: `blocks.${layer}.${config.feature_output_hook}`,
      inputConvention: "raw",
      decoderLayers: Array.from({ length: nLayers - layer }, (_, i) => layer + i),
      metadata: { model_name: config.model_name, "circuit-tracer": raw },
    },
    weights: {
      W_enc: await read("W_enc", [F, d]),
      b_enc: await read("b_enc", [F]),
      W_dec: await readTensor(
        decoder,
        named("W_dec"),
        [F, nLayers - layer, d],
        `${named("W_enc")} and ${nLayers} layers`,
      ),
      b_dec: await read("b_dec", [d]),
      ...(skip ? { W_skip: transposed(await read("W_skip", [d, d])) } : {}),
      ...(hasThreshold ? { threshold: await threshold() } : {}),
    },
  };
  checkCoder(coder, path);
  return coder;
}

/** Writes the tensors of a cross-layer set. @throws Error naming a coder that such a set cannot express. */
export async function writeClt(
  dir: string,
  coders: readonly Coder[],
  dtype?: CoderDtype,
): Promise<void> {
  for (const { config, weights } of coders) {
    const { layer, activation, decoderLayers } = config;
    if (decoderLayers?.length !== coders.length - layer) {
      throw new Error(
        `${
          coderName(config)
        } writes to layers ${decoderLayers}; in a circuit-tracer set of ${coders.length} layers it ` +
          `writes to ${layer} … ${coders.length - 1}`,
      );
    }
    if (activation.name !== "relu" && activation.name !== "jumprelu") {
      throw new Error(
        `${
          coderName(config)
        } has activation ${activation.name}; cross-layer sets have relu or jumprelu`,
      );
    }
    const { W_enc, b_enc, W_dec, b_dec, W_skip, threshold } = weights;
    await writeSafetensors(join(dir, `W_enc_${layer}.safetensors`), {
      [`W_enc_${layer}`]: stored(W_enc, dtype),
      [`b_enc_${layer}`]: stored(b_enc),
      [`b_dec_${layer}`]: stored(b_dec),
      ...(W_skip ? { [`W_skip_${layer}`]: stored(transposed(W_skip), dtype) } : {}),
      ...(threshold ? { [`threshold_${layer}`]: stored(threshold) } : {}),
    });
    await writeSafetensors(join(dir, `W_dec_${layer}.safetensors`), {
      [`W_dec_${layer}`]: stored(W_dec, dtype),
    });
  }
}
