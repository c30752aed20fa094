/**
 * transcoder_circuits' format (TCC; Joseph Bloom's `mats_sae_training` before it): a file per coder,
 * `final_sparse_autoencoder_{model}_{hook}_{F}.pt`, with `…_log_feature_sparsity.pt` beside it.
 *
 * A file is a pickled dictionary of `cfg`, an object of the trainer's configuration class, and `state_dict`: W_enc [d_in, F],
 * b_enc, W_dec [F, d_out], b_dec [d_in], and b_dec_out [d_out] for transcoders. The object is read as plain attributes; nothing
 * is executed. Always ReLU: `a = relu((x − b_dec)·W_enc + b_enc)`, `ŷ = a·W_dec + b_dec_out` (+ b_dec for an SAE).
 * TCC loads models with TransformerLens' default processing, so the convention is `folded`.
 */
import { basename, join } from "@std/path";
import { z } from "zod";
import { type F32, tensor } from "../../onnx/mod.ts";
import {
  type PickleValue,
  readTorchObject,
  TensorSet,
  type TorchValue,
  writeTorchObject,
} from "../../tensor_files/mod.ts";
import { checkCoder, type Coder, type CoderConfig, coderName } from "../coder.ts";
import { byLayer, type CoderFormat, isWanted, keptMetadata, modelName } from "./format.ts";
import { shiftedBias, transposed } from "../layout.ts";
import { checkNames, fieldsOf, type JsonObject, layerOfHook, readTensor } from "./reading.ts";

const SPARSITY = "_log_feature_sparsity.pt";
const CLASS = "sae_training.config.LanguageModelSAERunnerConfig";

const schema = z.looseObject({
  model_name: z.string().nullish(),
  hook_point: z.string(),
  hook_point_head_index: z.int().min(0).nullish(),
  is_transcoder: z.boolean().default(false),
  out_hook_point: z.string().nullish(),
  d_in: z.int().positive(),
  d_out: z.int().positive().nullish(),
  d_sae: z.int().positive().nullish(),
});

/** TCC's format. */
export const tcc: CoderFormat = {
  name: "tcc",
  filesOf: (files, layers) =>
    files.filter((path) =>
      path.endsWith(".pt") && !path.endsWith(SPARSITY) && isWanted(path, layers) &&
      /sparse_autoencoder/.test(basename(path))
    ),
  async read(dir, files) {
    return (await Promise.all(files.map((file) => readTccFile(join(dir, file))))).sort(byLayer);
  },
  async write(dir, coders, { dtype = "float32" } = {}) {
    if (dtype !== "float32") {
      throw new Error(`TCC's files are float32; expected dtype float32, found ${dtype}`);
    }
    const notes = new Set<string>();
    for (const coder of coders) {
      checkCoder(coder);
      checkExpressible(coder.config).forEach((note) => notes.add(note));
      const { inputHook, features } = coder.config;
      const model = modelName(coder.config) ?? "model";
      const name = `final_sparse_autoencoder_${
        model.replaceAll("/", "_")
      }_${inputHook}_${features}`;
      await writeTorchObject(join(dir, `${name}.pt`), contentOf(coder));
    }
    return [...notes];
  },
};

/**
 * Reads one of TCC's `.pt` files.
 * @throws Error naming the file, and the key, tensor, forbidden global or class, what was found and what was expected
 */
export async function readTccFile(path: string): Promise<Coder> {
  const root = await readTorchObject(path);
  const cfg = entry(root, "cfg", ["object", "dictionary"], path);
  const state = entry(root, "state_dict", ["dictionary"], path);
  const raw = Object.fromEntries([...cfg].map(([key, value]) => [key, plain(value)]));
  const fields = fieldsOf(schema, raw, `${path}: cfg`);
  const tensors = new Map(
    [...state].flatMap(([name, value]) =>
      isKind(value, "tensor") ? [[name, { ...value.tensor, name }] as const] : []
    ),
  );
  const files = new TensorSet(path, tensors);
  const transcoder = fields.is_transcoder;
  checkNames(files, ["W_enc", "b_enc", "W_dec", "b_dec", ...(transcoder ? ["b_dec_out"] : [])]);
  const { d_in: dIn, hook_point: inputHook } = fields;
  const dOut = transcoder ? fields.d_out ?? dIn : dIn;
  const F = fields.d_sae ?? files.info("b_enc").shape[0];
  const read = (name: string, shape: number[]) => readTensor(files, name, shape, "its cfg");
  const W_enc = transposed(await read("W_enc", [dIn, F]));
  const inputBias = await read("b_dec", [dIn]);
  const outputHook = transcoder ? fields.out_hook_point : inputHook;
  if (!outputHook) throw new Error(`${path}: cfg.out_hook_point is missing; expected a hook point`);
  const head = fields.hook_point_head_index;
  const coder: Coder = {
    config: {
      kind: transcoder ? "transcoder" : "sae",
      activation: { name: "relu" },
      dIn,
      dOut,
      features: F,
      skip: false,
      layer: layerOfHook(inputHook, path, "cfg.hook_point"),
      inputHook,
      outputHook,
      ...(head === undefined || head === null ? {} : { head }),
      inputConvention: "folded",
      metadata: { model_name: fields.model_name, tcc: raw },
    },
    weights: {
      W_enc,
      b_enc: shiftedBias(await read("b_enc", [F]), W_enc, inputBias.data, -1),
      W_dec: await read("W_dec", [F, dOut]),
      b_dec: transcoder ? await read("b_dec_out", [dOut]) : inputBias,
    },
  };
  checkCoder(coder, path);
  return coder;
}

type Kind = Extract<TorchValue, { kind: string }>["kind"];

function isKind<K extends Kind>(
  value: TorchValue | undefined,
  kind: K,
): value is Extract<TorchValue, { kind: K }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

function entry(root: TorchValue, key: string, kinds: ("object" | "dictionary")[], path: string) {
  const found = isKind(root, "dictionary") ? root.entries.get(key) : undefined;
  for (const kind of kinds) if (isKind(found, kind)) return found.entries;
  const what = found === undefined ? "nothing" : isKind(found, "tensor") ? "a tensor" : "a value";
  throw new Error(
    `${path}: found ${what} at ${key}; expected a dictionary with cfg, the configuration, and state_dict`,
  );
}

/** Returns a configuration's value as plain data; containers inside it become text. */
function plain(value: TorchValue): unknown {
  if (Array.isArray(value)) return value.map((item) => typeof item === "object" ? null : item);
  return typeof value === "object" && value !== null ? `(${value.kind})` : value;
}

function checkExpressible(config: CoderConfig): string[] {
  const refuse = (why: string): never => {
    throw new Error(`${coderName(config)} cannot be written for TCC: ${why}`);
  };
  const { kind, activation, skip, inputHook, inputConvention } = config;
  if (kind === "cross_layer") refuse("it is cross-layer");
  if (activation.name !== "relu") refuse(`its activation is ${activation.name}; TCC has ReLU`);
  if (skip) refuse("TCC has no linear path");
  if (inputConvention === "folded") return [];
  if (!/hook_normalized$|attn\.hook_[qk]$|mlp\.hook_p/.test(inputHook)) {
    refuse(`it reads "${inputHook}" of an unprocessed model, and TCC processes models`);
  }
  return [
    "the coders were trained on an unprocessed model: TCC's model has centred outputs, and theirs keep a multiple of the " +
    "all-ones vector, which every LayerNorm removes",
  ];
}

/** What `LanguageModelSAERunnerConfig` holds where a coder does not say (defaults of TCC's trainer). */
const DEFAULTS: JsonObject = {
  dataset_path: "Skylion007/openwebtext",
  is_dataset_tokenized: false,
  context_size: 128,
  use_cached_activations: false,
  cached_activations_path: null,
  n_batches_in_buffer: 20,
  total_training_tokens: 2_000_000,
  store_batch_size: 1024,
  device: "cpu",
  seed: 42,
  is_sparse_connection: false,
  sparse_connection_sae_path: null,
  sparse_connection_l1_coeff: null,
  sparse_connection_use_W_enc: true,
  b_dec_init_method: "mean",
  from_pretrained_path: null,
  l1_coefficient: 1e-3,
  lr: 3e-4,
  lr_scheduler_name: "constant",
  lr_warm_up_steps: 500,
  train_batch_size: 4096,
  use_ghost_grads: false,
  feature_sampling_window: 2000,
  feature_sampling_method: null,
  resample_batches: 32,
  feature_reinit_scale: 0.2,
  dead_feature_window: 1000,
  dead_feature_estimation_method: "no_fire",
  dead_feature_threshold: 1e-8,
  log_to_wandb: false,
  wandb_project: "mats_sae_training_language_model",
  wandb_entity: null,
  wandb_log_frequency: 10,
  n_checkpoints: 0,
  checkpoint_path: "checkpoints",
  use_tqdm: true,
};

function contentOf({ config, weights }: Coder): PickleValue {
  const { kind, dIn, dOut, features, layer, inputHook, outputHook, head } = config;
  const { W_enc, b_enc, W_dec, b_dec } = weights;
  const transcoder = kind === "transcoder";
  const attributes: JsonObject = {
    ...DEFAULTS,
    ...keptMetadata(config, "tcc"),
    model_name: modelName(config) ?? null,
    hook_point: inputHook,
    hook_point_layer: layer,
    hook_point_head_index: head ?? null,
    d_in: dIn,
    dtype: "torch.float32",
    is_transcoder: transcoder,
    out_hook_point: transcoder ? outputHook : null,
    out_hook_point_layer: transcoder ? layer : null,
    d_out: transcoder ? dOut : null,
    expansion_factor: features / dIn,
    d_sae: features,
  };
  const state: Record<string, F32> = {
    W_enc: transposed(W_enc),
    b_enc: transcoder ? b_enc : shiftedBias(b_enc, W_enc, b_dec.data, 1),
    W_dec,
    b_dec: transcoder ? tensor(new Float32Array(dIn), [dIn]) : b_dec,
    ...(transcoder ? { b_dec_out: b_dec } : {}),
  };
  return dictionary({
    cfg: { kind: "object", className: CLASS, entries: attributes as Record<string, PickleValue> },
    state_dict: dictionary(
      Object.fromEntries(
        Object.entries(state).map(([name, { shape, data }]) => [
          name,
          { kind: "tensor", shape, data },
        ]),
      ),
    ),
  });
}

const dictionary = (entries: Record<string, PickleValue>): PickleValue => ({
  kind: "dictionary",
  entries,
});
