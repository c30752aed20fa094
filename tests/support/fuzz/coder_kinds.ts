/** Files of coders, in every format. */
import { FORMATS, openCoders } from "../../../utils/transcoders/formats/open.ts";
import type { FormatName } from "../../../utils/transcoders/formats/format.ts";
import type { CoderConfig } from "../../../utils/transcoders/coder.ts";
import { randomCoder } from "../coder_cases.ts";
import type { FuzzKind } from "./kind.ts";
import { mutateBytes, mutateJson, mutateSafetensors, mutateText } from "./mutations.ts";

const HOOKS: Partial<CoderConfig> = {
  ...{ dIn: 5, dOut: 5, layer: 0, skip: true },
  ...{ inputHook: "blocks.0.mlp.hook_in", outputHook: "blocks.0.hook_mlp_out" },
  metadata: { model_name: "small" },
};
/** What TCC's files can say. */
const BARE: Partial<CoderConfig> = {
  ...HOOKS,
  ...{ skip: false, inputHook: "blocks.0.ln2.hook_normalized", inputConvention: "folded" },
};

function coderKind(format: FormatName, file: string, changes = HOOKS): [string, FuzzKind] {
  const mutate = file.endsWith(".json")
    ? mutateJson
    : file.endsWith(".yaml")
    ? mutateText
    : file.endsWith(".pt")
    ? mutateBytes
    : mutateSafetensors;
  return [`${format} coder, ${file}`, {
    file,
    async make(folder) {
      await FORMATS[format].write(folder, [randomCoder(changes, 3)]);
    },
    mutate,
    read: (folder) => openCoders(folder, { format }),
  }];
}

const TCC = "final_sparse_autoencoder_small_blocks.0.ln2.hook_normalized_7.pt";

/** Kinds of files of coders. */
export const CODER_KINDS: Record<string, FuzzKind> = Object.fromEntries([
  coderKind("native", "layer_0/cfg.json"),
  coderKind("native", "layer_0/weights.safetensors"),
  coderKind("circuit-tracer", "config.yaml"),
  coderKind("circuit-tracer", "layer_0.safetensors"),
  coderKind("sae-lens", "layer_0/cfg.json"),
  coderKind("sae-lens", "layer_0/sae_weights.safetensors"),
  coderKind("sparsify", "layers.0.mlp/cfg.json"),
  coderKind("sparsify", "layers.0.mlp/sae.safetensors"),
  coderKind("tcc", TCC, BARE),
]);
