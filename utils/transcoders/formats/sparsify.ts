/**
 * sparsify's format (github.com/EleutherAI/sparsify): a folder per module of the Hugging Face model.
 *
 *     config.json                        settings of the run, optional
 *     layers.3.mlp/cfg.json              activation, k, num_latents, skip_connection, transcode, d_in, …
 *     layers.3.mlp/sae.safetensors       encoder.weight [F, d], encoder.bias [F], W_dec [F, d], b_dec [d], W_skip [d, d]
 *
 * `a` = the k largest of relu(pre), so ReLU alone is k = F. A transcoder reads the module's input and gives its output; an
 * SAE reads x − b_dec at the output. Older runs keep `transcode` in `config.json`, the oldest not at all; there a linear
 * path means a transcoder. The model is unprocessed, so the input of an MLP is `mlp.hook_in`.
 */
import { dirname, join } from "@std/path";
import { z } from "zod";
import { isFile, writeJsonAtomic } from "../../base/mod.ts";
import { openSafetensors, writeSafetensors } from "../../tensor_files/mod.ts";
import { checkCoder, type Coder, type CoderConfig, coderName } from "../coder.ts";
import {
  byLayer,
  type CoderFormat,
  foldersWith,
  isWanted,
  keptMetadata,
  modelName,
  type WriteOptions,
} from "./format.ts";
import { shiftedBias } from "../layout.ts";
import { checkNames, fieldsOf, matrixSizes, readObject, readTensor } from "./reading.ts";
import { stored, storedCoder } from "./stored_dtype.ts";

const CONFIG = "cfg.json", WEIGHTS = "sae.safetensors", RUN = "config.json";

const absent = z.literal([false, 0, null], { error: "not supported; expected false" }).optional();
const schema = z.looseObject({
  d_in: z.int().positive(),
  k: z.int().positive(),
  activation: z.literal("topk", { error: "only topk can be read" }).default("topk"),
  num_latents: z.int().min(0).default(0),
  expansion_factor: z.number().positive().optional(),
  skip_connection: z.boolean().default(false),
  transcode: z.boolean().optional(),
  embed_skip: absent,
  gram_lookup: absent,
  signed: absent,
});
const runSchema = z.looseObject({
  transcode: z.boolean().optional(),
  model: z.string().optional(),
});

/** sparsify's format. */
export const sparsify: CoderFormat = {
  name: "sparsify",
  filesOf(files, layers) {
    const folders = foldersWith(files, WEIGHTS, CONFIG).filter((folder) =>
      isWanted(folder, layers)
    );
    const runs = files.filter((path) =>
      path === RUN || folders.some((f) => path === join(dirname(f), RUN))
    );
    return folders.length === 0
      ? []
      : [...folders.flatMap((folder) => [folder + CONFIG, folder + WEIGHTS]), ...runs];
  },
  async read(dir, files) {
    const folders = foldersWith(files, WEIGHTS, CONFIG);
    return (await Promise.all(folders.map((folder) => readOne(join(dir, folder))))).sort(byLayer);
  },
  async write(dir, coders, options) {
    const notes = new Set<string>();
    for (const coder of coders) {
      (await writeOne(dir, coder, options)).forEach((note) => notes.add(note));
    }
    return [...notes];
  },
};

/** Module of GPT-NeoX or GPT-2, with or without the model's prefix. */
const MODULE =
  /^(?:gpt_neox\.layers|transformer\.h|model\.layers|layers|h)\.(\d+)(?:\.(mlp|attention|attn))?$/;

/** Returns hook points of a module. @throws Error naming the folder if it is not a module with hook points. */
function hooksOf(folder: string, transcode: boolean, path: string) {
  const match = MODULE.exec(folder);
  const inputs: Record<string, string> = { "": "hook_resid_pre", mlp: "mlp.hook_in" };
  const outputs: Record<string, string> = {
    "": "hook_resid_post",
    mlp: "hook_mlp_out",
    attention: "hook_attn_out",
    attn: "hook_attn_out",
  };
  const part = match?.[2] ?? "";
  const output = outputs[part], input = transcode ? inputs[part] : output;
  if (!match || !input) {
    throw new Error(
      `${path}: the folder "${folder}" does not name a module that ${
        transcode ? "a transcoder" : "an SAE"
      } can be for; expected layers.{l}.mlp, h.{l}.mlp or layers.{l}`,
    );
  }
  const layer = Number(match[1]);
  return { layer, inputHook: `blocks.${layer}.${input}`, outputHook: `blocks.${layer}.${output}` };
}

async function readOne(dir: string): Promise<Coder> {
  const path = join(dir, CONFIG);
  const raw = await readObject(path);
  const fields = fieldsOf(schema, raw, path);
  const runPath = join(dirname(dir.replace(/\/$/, "")), RUN);
  const run = isFile(runPath) ? await readObject(runPath) : {};
  const { transcode: runTranscodes, model } = fieldsOf(runSchema, run, runPath);
  const transcode = fields.transcode ?? runTranscodes ?? fields.skip_connection;
  const files = await openSafetensors(join(dir, WEIGHTS));
  checkNames(files, ["encoder.weight", "encoder.bias", "W_dec", "b_dec", "W_skip"]);
  const F = fields.num_latents || matrixSizes(files, "encoder.weight")[0];
  const { d_in: d, k, skip_connection: skip } = fields;
  const folder = dir.replace(/\/$/, "").split("/").at(-1)!;
  const read = (name: string, shape: number[]) => readTensor(files, name, shape, CONFIG);
  const W_enc = await read("encoder.weight", [F, d]);
  const bias = await read("encoder.bias", [F]);
  const b_dec = await read("b_dec", [d]);
  const coder: Coder = {
    config: {
      kind: transcode ? "transcoder" : "sae",
      activation: k === F ? { name: "relu" } : { name: "topk", k },
      dIn: d,
      dOut: d,
      features: F,
      skip,
      ...hooksOf(folder, transcode, path),
      inputConvention: "raw",
      metadata: { model_name: model, sparsify: { ...raw, hookpoint: folder } },
    },
    weights: {
      W_enc,
      b_enc: transcode ? bias : shiftedBias(bias, W_enc, b_dec.data, -1),
      W_dec: await read("W_dec", [F, d]),
      b_dec,
      ...(skip ? { W_skip: await read("W_skip", [d, d]) } : {}),
    },
  };
  checkCoder(coder, path);
  return coder;
}

async function writeOne(
  dir: string,
  coder: Coder,
  { dtype }: WriteOptions = {},
): Promise<string[]> {
  const { config, weights } = storedCoder(coder, dtype);
  const { W_enc, b_enc, W_dec, b_dec, W_skip } = weights;
  const { activation, features, skip, dIn } = config;
  const notes: string[] = [];
  const hookpoint = moduleOf(config);
  if (activation.name === "topk" && activation.signed) {
    notes.push("sparsify sets negative activations among the k largest to 0");
  }
  const transcode = config.kind === "transcoder";
  const bias = transcode ? b_enc : shiftedBias(b_enc, W_enc, b_dec.data, 1);
  await writeSafetensors(join(dir, hookpoint, WEIGHTS), {
    "encoder.weight": stored(W_enc, dtype),
    "encoder.bias": stored(bias),
    W_dec: stored(W_dec, dtype),
    b_dec: stored(b_dec),
    ...(W_skip ? { W_skip: stored(W_skip, dtype) } : {}),
  });
  const { hookpoint: _, ...kept } = keptMetadata(config, "sparsify");
  await writeJsonAtomic(join(dir, hookpoint, CONFIG), {
    expansion_factor: features / dIn,
    normalize_decoder: false,
    multi_topk: false,
    ...kept,
    activation: "topk",
    num_latents: features,
    k: activation.name === "topk" ? activation.k : features,
    skip_connection: skip,
    transcode,
    d_in: dIn,
  });
  return notes;
}

/** Returns the module's folder. @throws Error naming what sparsify cannot express. */
function moduleOf(config: CoderConfig): string {
  const { kind, activation, dIn, dOut, head, inputConvention, layer, inputHook, outputHook } =
    config;
  const refuse = (why: string): never => {
    throw new Error(`${coderName(config)} cannot be written for sparsify: ${why}`);
  };
  if (kind === "cross_layer" || head !== undefined) refuse("sparsify has coders of whole modules");
  if (dIn !== dOut) refuse(`its widths ${dIn} and ${dOut} differ`);
  if (activation.name === "jumprelu" || activation.name === "batchtopk") {
    refuse(`its activation is ${activation.name}; sparsify has topk`);
  }
  const kept = keptMetadata(config, "sparsify").hookpoint;
  const own = (config.metadata.architecture === "gpt2" || /gpt2/i.test(modelName(config) ?? ""))
    ? `h.${layer}`
    : `layers.${layer}`;
  const candidates = [
    ...(typeof kept === "string" ? [kept] : []),
    ...[`${own}.mlp`, own, `layers.${layer}.attention`],
  ];
  const place = candidates.find((folder) => {
    if (!MODULE.test(folder)) return false;
    if (kind === "transcoder" && /attention|attn/.test(folder)) return false;
    const hooks = hooksOf(folder, kind === "transcoder", folder);
    return hooks.inputHook === inputHook && hooks.outputHook === outputHook;
  });
  if (!place || inputConvention !== "raw") {
    refuse(
      `sparsify reads the modules of an unprocessed model, such as ${`blocks.${layer}.mlp.hook_in`}, and this coder reads ` +
        `"${inputHook}" of a ${inputConvention} one; give the model, so that LayerNorm's gain and bias can be converted`,
    );
  }
  return place!;
}
