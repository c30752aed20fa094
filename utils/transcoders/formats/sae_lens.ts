/**
 * SAELens' format, version 6 (github.com/decoderesearch/SAELens): a folder per coder.
 *
 *     cfg.json                   architecture, d_in, d_sae, d_out, apply_b_dec_to_input, …, metadata {hook_name, hook_name_out, …}
 *     sae_weights.safetensors    W_enc [d_in, F], b_enc, W_dec [F, d_out], b_dec; threshold [F], W_skip [d_out, d_in]
 *
 * Four architectures are transcoders, `standard`, `topk` and `jumprelu` are SAEs. `W_enc` is transposed. Where
 * `apply_b_dec_to_input` is set, the encoder reads x − b_dec. JumpReLU is `relu(pre)·[pre > θ]`, so a negative θ counts as 0.
 * A TopK SAE with `rescale_acts_by_decoder_norm` chooses by `pre · ‖W_dec row‖`; scaled rows give the same function. Fields
 * of version 5, where `hook_name` and the activation are outside `metadata`, are read too.
 */
import { join } from "@std/path";
import { z } from "zod";
import { writeJsonAtomic } from "../../base/mod.ts";
import { type F32, tensor } from "../../onnx/mod.ts";
import { openSafetensors, writeSafetensors } from "../../tensor_files/mod.ts";
import { type Activation, checkCoder, type Coder, type CoderConfig, coderName } from "../coder.ts";
import {
  byLayer,
  coderFolders,
  type CoderFormat,
  foldersWith,
  isWanted,
  keptMetadata,
  modelName,
  type WriteOptions,
} from "./format.ts";
import { constantVector, rowNorms, scaledRows, shiftedBias, transposed } from "../layout.ts";
import {
  checkNames,
  fieldsOf,
  type JsonObject,
  layerOfHook,
  readObject,
  readTensor,
} from "./reading.ts";
import { stored, storedCoder } from "./stored_dtype.ts";

const CONFIG = "cfg.json", WEIGHTS = "sae_weights.safetensors";

const metadataSchema = z.looseObject({
  model_name: z.string().nullish(),
  hook_name: z.string().nullish(),
  hook_name_out: z.string().nullish(),
  hook_head_index: z.int().min(0).nullish(),
  model_from_pretrained_kwargs: z.looseObject({
    fold_ln: z.boolean().optional(),
    center_writing_weights: z.boolean().optional(),
  }).nullish(),
});

const ARCHITECTURES = [
  "standard",
  "topk",
  "jumprelu",
  "transcoder",
  "skip_transcoder",
  "jumprelu_transcoder",
  "jumprelu_skip_transcoder",
] as const;

const schema = metadataSchema.extend({
  architecture: z.enum(ARCHITECTURES).default("standard"),
  d_in: z.int().positive(),
  d_sae: z.int().positive(),
  d_out: z.int().positive().nullish(),
  k: z.int().positive().optional(),
  activation_fn_str: z.enum(["relu", "topk"]).optional(),
  activation_fn_kwargs: z.looseObject({ k: z.int().positive().optional() }).optional(),
  apply_b_dec_to_input: z.boolean().optional(),
  rescale_acts_by_decoder_norm: z.boolean().default(false),
  normalize_activations: z.literal("none", { error: "only none can be read" }).default("none"),
  reshape_activations: z.enum(["none", "hook_z"]).default("none"),
  finetuning_scaling_factor: z.literal(false, { error: "only false can be read" }).optional(),
  metadata: metadataSchema.default({}),
});

type Fields = z.output<typeof schema>;

/** SAELens' format. */
export const saeLens: CoderFormat = {
  name: "sae-lens",
  filesOf: (files, layers) =>
    foldersWith(files, WEIGHTS, CONFIG).filter((folder) => isWanted(folder, layers))
      .flatMap((folder) => [folder + CONFIG, folder + WEIGHTS]),
  async read(dir, files) {
    const folders = foldersWith(files, WEIGHTS, CONFIG);
    return (await Promise.all(folders.map((folder) => readOne(join(dir, folder))))).sort(byLayer);
  },
  async write(dir, coders, options) {
    const notes = new Set<string>();
    for (const [folder, coder] of coderFolders(dir, coders)) {
      (await writeOne(folder, coder, options)).forEach((note) => notes.add(note));
    }
    return [...notes];
  },
};

async function readOne(dir: string): Promise<Coder> {
  const path = join(dir, CONFIG);
  const raw = await readObject(path);
  const fields = fieldsOf(schema, raw, path);
  const config = configOf(fields, raw, path);
  const { features: F, dIn, dOut, skip } = config;
  const files = await openSafetensors(join(dir, WEIGHTS));
  const jumps = config.activation.name === "jumprelu";
  checkNames(files, [
    ...["W_enc", "b_enc", "W_dec", "b_dec"],
    ...(jumps ? ["threshold"] : []),
    ...(skip ? ["W_skip"] : []),
  ]);
  const read = (name: string, shape: number[]) => readTensor(files, name, shape, CONFIG);
  let W_enc = transposed(await read("W_enc", [dIn, F]));
  let b_enc = await read("b_enc", [F]);
  let W_dec = await read("W_dec", [F, dOut]);
  const b_dec = await read("b_dec", [dOut]);
  if (fields.apply_b_dec_to_input ?? config.kind === "sae") {
    if (dIn !== dOut) {
      throw new Error(
        `${path}: apply_b_dec_to_input is true; expected false for widths ${dIn}, ${dOut}`,
      );
    }
    b_enc = shiftedBias(b_enc, W_enc, b_dec.data, -1);
  }
  if (fields.rescale_acts_by_decoder_norm) {
    const norms = rowNorms(W_dec);
    W_enc = scaledRows(W_enc, norms);
    b_enc = tensor(b_enc.data.map((x, i) => x * norms[i]), [F]);
    W_dec = scaledRows(W_dec, norms.map((norm) => norm > 0 ? 1 / norm : 0));
  }
  const coder: Coder = {
    config,
    weights: {
      W_enc,
      b_enc,
      W_dec,
      b_dec,
      ...(skip ? { W_skip: await read("W_skip", [dOut, dIn]) } : {}),
      ...(jumps ? { threshold: notNegative(await read("threshold", [F])) } : {}),
    },
  };
  checkCoder(coder, path);
  return coder;
}

const notNegative = ({ data, shape }: F32) => tensor(data.map((x) => Math.max(x, 0)), shape);

function configOf(fields: Fields, raw: JsonObject, path: string): CoderConfig {
  const { architecture, metadata, d_in: dIn, d_sae: features } = fields;
  const named = <K extends keyof z.output<typeof metadataSchema>>(key: K) =>
    metadata[key] ?? fields[key] ?? undefined;
  const sae = !architecture.includes("transcoder");
  const inputHook = named("hook_name") as string | undefined;
  const outputHook = sae ? inputHook : named("hook_name_out") as string | undefined;
  if (!inputHook || !outputHook) {
    throw new Error(
      `${path}: metadata.${
        inputHook ? "hook_name_out" : "hook_name"
      } is missing; expected the name of a hook point`,
    );
  }
  const layer = layerOfHook(inputHook, path, "metadata.hook_name");
  const processed = named("model_from_pretrained_kwargs") as Record<string, unknown> | undefined;
  const inNorm = /hook_normalized$|mlp\.hook_in$/.test(inputHook);
  const folded = processed?.[inNorm ? "fold_ln" : "center_writing_weights"] === true;
  const head = named("hook_head_index") as number | undefined;
  return {
    kind: sae ? "sae" : "transcoder",
    activation: activationOf(fields, path),
    dIn,
    dOut: fields.d_out ?? dIn,
    features,
    skip: architecture.includes("skip"),
    layer,
    inputHook,
    outputHook,
    ...(head === undefined ? {} : { head }),
    inputConvention: folded ? "folded" : "raw",
    metadata: { model_name: named("model_name"), "sae-lens": raw },
  };
}

function activationOf(fields: Fields, path: string): Activation {
  const { architecture, activation_fn_str, activation_fn_kwargs } = fields;
  if (architecture.startsWith("jumprelu")) return { name: "jumprelu" };
  if (architecture !== "topk" && activation_fn_str !== "topk") return { name: "relu" };
  const k = fields.k ?? activation_fn_kwargs?.k;
  if (k === undefined) throw new Error(`${path}: k is missing; expected it for topk`);
  return { name: "topk", k };
}

async function writeOne(
  dir: string,
  coder: Coder,
  { dtype = "float32" }: WriteOptions = {},
): Promise<string[]> {
  const { config, weights } = storedCoder(coder, dtype);
  const { architecture, notes } = architectureOf(config);
  const { W_enc, b_enc, W_dec, b_dec, W_skip } = weights;
  const { activation, dIn, dOut, features } = config;
  const threshold = activation.name === "batchtopk"
    ? constantVector(features, activation.threshold)
    : weights.threshold;
  if (threshold?.data.some((x) => x < 0)) {
    notes.push("SAELens sets negative activations to 0, also above a negative threshold");
  }
  await writeSafetensors(join(dir, WEIGHTS), {
    W_enc: stored(transposed(W_enc), dtype),
    b_enc: stored(b_enc),
    W_dec: stored(W_dec, dtype),
    b_dec: stored(b_dec),
    ...(W_skip ? { W_skip: stored(W_skip, dtype) } : {}),
    ...(threshold ? { threshold: stored(threshold) } : {}),
  });
  const { dtype: said, ...kept } = keptMetadata(config, "sae-lens");
  const folded = { fold_ln: true, center_writing_weights: true };
  await writeJsonAtomic(join(dir, CONFIG), {
    dtype: said === `torch.${dtype}` ? said : dtype,
    device: "cpu",
    ...kept,
    architecture,
    d_in: dIn,
    d_sae: features,
    ...(config.kind === "sae" ? {} : { d_out: dOut }),
    ...(activation.name === "topk" ? { k: activation.k } : {}),
    ...(kept.rescale_acts_by_decoder_norm ? { rescale_acts_by_decoder_norm: false } : {}),
    apply_b_dec_to_input: false,
    normalize_activations: "none",
    reshape_activations: isFlatHeads(config) ? "hook_z" : "none",
    metadata: {
      ...(kept.metadata as JsonObject | undefined),
      model_name: modelName(config),
      hook_name: config.inputHook,
      ...(config.kind === "sae" ? {} : { hook_name_out: config.outputHook }),
      ...(config.head === undefined ? {} : { hook_head_index: config.head }),
      ...(config.inputConvention === "folded" ? { model_from_pretrained_kwargs: folded } : {}),
    },
  });
  return notes;
}

const isFlatHeads = ({ inputHook, head }: CoderConfig) =>
  head === undefined && /attn\.hook_z$/.test(inputHook);

function architectureOf(config: CoderConfig): { architecture: string; notes: string[] } {
  const { kind, activation, skip } = config;
  const refuse = (why: string): never => {
    throw new Error(`${coderName(config)} cannot be written for SAELens: ${why}`);
  };
  const notes: string[] = [];
  const jumps = activation.name === "jumprelu" || activation.name === "batchtopk";
  if (kind === "cross_layer") refuse("it is cross-layer");
  if (kind === "sae") {
    if (skip) refuse("SAELens has no SAE with a linear path");
    if (activation.name === "topk" && activation.signed) {
      notes.push("SAELens sets negative activations among the k largest to 0");
    }
    if (activation.name === "topk") return { architecture: "topk", notes };
    return { architecture: jumps ? "jumprelu" : "standard", notes };
  }
  if (activation.name === "topk") {
    refuse("SAELens has no TopK transcoder; train with batchtopk, or write circuit-tracer files");
  }
  return { architecture: `${jumps ? "jumprelu_" : ""}${skip ? "skip_" : ""}transcoder`, notes };
}
