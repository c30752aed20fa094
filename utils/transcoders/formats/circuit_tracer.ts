/**
 * circuit-tracer's sets (github.com/decoderesearch/circuit-tracer), one coder per layer, layers contiguous from 0:
 *
 *     config.yaml               model_name, model_kind, feature_input_hook, feature_output_hook, activation, k, …
 *     layer_{i}.safetensors     W_enc [F, d], b_enc, W_dec [F, d], b_dec; activation_function.threshold [F], W_skip [d, d]
 *
 * `ŷ += x·W_skipᵀ`. The TopK activation keeps negative values. Some files have a scalar tensor `k`, on which circuit-tracer
 * itself fails; the reader takes it, the writer puts k into `config.yaml`. Cross-layer sets: `circuit_tracer_clt.ts`.
 */
import { join } from "@std/path";
import { stringify as stringifyYaml } from "@std/yaml";
import { writeFileAtomic } from "../../base/mod.ts";
import { type CheckpointFiles, openSafetensors, writeSafetensors } from "../../tensor_files/mod.ts";
import type { TensorToWrite } from "../../tensor_files/mod.ts";
import { type Activation, checkCoder, type Coder } from "../coder.ts";
import { filesOfClt, readClt, writeClt } from "./circuit_tracer_clt.ts";
import { type SetConfig, setConfig, setConfigSchema } from "./circuit_tracer_config.ts";
import { type CoderFormat, isWanted } from "./format.ts";
import { constantVector } from "../layout.ts";
import {
  checkNames,
  fieldsOf,
  type JsonObject,
  matrixSizes,
  readTensor,
  readYamlObject,
} from "./reading.ts";
import { type CoderDtype, stored, storedCoder } from "./stored_dtype.ts";

const CONFIG = "config.yaml";
const LAYER = /^layer_(\d+)\.safetensors$/;
const THRESHOLD = "activation_function.threshold";

/** circuit-tracer's format. */
export const circuitTracer: CoderFormat = {
  name: "circuit-tracer",
  filesOf(files, layers) {
    if (!files.includes(CONFIG)) return [];
    const found = [
      ...files.filter((path) => LAYER.test(path) && isWanted(path, layers)),
      ...filesOfClt(files),
    ];
    return found.length > 0 ? [CONFIG, ...found] : [];
  },
  async read(dir, files) {
    const path = join(dir, CONFIG);
    const raw = await readYamlObject(path);
    const config = fieldsOf(setConfigSchema, raw, path);
    if (config.model_kind === "cross_layer_transcoder") {
      return await readClt(dir, files, config, raw);
    }
    const layers = files.flatMap((file) => LAYER.exec(file)?.[1] ?? []).map(Number);
    return await Promise.all(
      layers.sort((a, b) => a - b).map((layer) => readLayer(dir, layer, config, raw)),
    );
  },
  async write(dir, given, { dtype } = {}) {
    const coders = given.map((coder) => storedCoder(coder, dtype));
    const set = coders[0]?.config.kind === "cross_layer";
    const { config, notes } = setConfig(coders);
    if (set) await writeClt(dir, coders, dtype);
    else {
      for (const coder of coders) {
        const path = join(dir, `layer_${coder.config.layer}.safetensors`);
        await writeSafetensors(path, layerTensors(coder, dtype));
      }
    }
    await writeFileAtomic(join(dir, CONFIG), stringifyYaml(config));
    return notes;
  },
};

async function readLayer(
  dir: string,
  layer: number,
  config: SetConfig,
  raw: JsonObject,
): Promise<Coder> {
  const path = join(dir, `layer_${layer}.safetensors`);
  const files = await openSafetensors(path);
  checkNames(files, ["W_enc", "b_enc", "W_dec", "b_dec", "W_skip", "k", THRESHOLD]);
  const [F, dIn] = matrixSizes(files, "W_enc");
  const [, dOut] = matrixSizes(files, "W_dec");
  const activation = await activationOf(files, config, path);
  const read = (name: string, shape: number[]) => readTensor(files, name, shape, "W_enc");
  const coder: Coder = {
    config: {
      kind: "transcoder",
      activation,
      dIn,
      dOut,
      features: F,
      skip: files.has("W_skip"),
      layer,
      inputHook: `blocks.${layer}.${config.feature_input_hook}`,
      outputHook: `blocks.${layer}.${config.feature_output_hook}`,
      inputConvention: "raw",
      metadata: { model_name: config.model_name, "circuit-tracer": raw },
    },
    weights: {
      W_enc: await read("W_enc", [F, dIn]),
      b_enc: await read("b_enc", [F]),
      W_dec: await read("W_dec", [F, dOut]),
      b_dec: await read("b_dec", [dOut]),
      ...(files.has("W_skip") ? { W_skip: await read("W_skip", [dOut, dIn]) } : {}),
      ...(files.has(THRESHOLD) ? { threshold: await read(THRESHOLD, [F]) } : {}),
    },
  };
  checkCoder(coder, path);
  return coder;
}

/** Returns the activation of one layer: thresholds decide, then `activation` of the configuration, then a `k`. */
async function activationOf(
  files: CheckpointFiles,
  { activation, k }: SetConfig,
  path: string,
): Promise<Activation> {
  const inFile = files.has("k") ? (await files.read("k"))[0] : undefined;
  const disagree = (what: string): never => {
    throw new Error(`${path}: ${what}, but ${CONFIG} has activation ${activation}`);
  };
  if (files.has(THRESHOLD)) {
    if (activation !== undefined && activation !== "jump_relu") disagree("has thresholds");
    return { name: "jumprelu" };
  }
  if (activation === "jump_relu") disagree(`tensor ${THRESHOLD} is missing`);
  if (activation === "topk" || activation === undefined && (inFile ?? k) !== undefined) {
    if (inFile !== undefined && k !== undefined && inFile !== k) {
      throw new Error(`${path}: tensor k is ${inFile}; expected ${k} from ${CONFIG}`);
    }
    const chosen = inFile ?? k;
    if (chosen === undefined) disagree("no k is given");
    return { name: "topk", k: chosen!, signed: true };
  }
  if (activation === undefined || activation === "relu") return { name: "relu" };
  throw new Error(`${path}: activation ${activation}; expected relu, jump_relu or topk`);
}

function layerTensors(
  { config, weights }: Coder,
  dtype?: CoderDtype,
): Record<string, TensorToWrite> {
  const { W_enc, b_enc, W_dec, b_dec, W_skip } = weights;
  const { activation, features } = config;
  const threshold = activation.name === "batchtopk"
    ? constantVector(features, activation.threshold)
    : weights.threshold;
  return {
    W_enc: stored(W_enc, dtype),
    b_enc: stored(b_enc),
    W_dec: stored(W_dec, dtype),
    b_dec: stored(b_dec),
    ...(W_skip ? { W_skip: stored(W_skip, dtype) } : {}),
    ...(threshold ? { [THRESHOLD]: stored(threshold) } : {}),
  };
}
