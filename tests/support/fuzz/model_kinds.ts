/** Files of a model's folder, in every layout of weights. */
import { join } from "@std/path";
import { loadTokenizer } from "../../../utils/model/tokenizer.ts";
import { openCheckpoint } from "../../../utils/model/files/mod.ts";
import { readModelConfig } from "../../../utils/model/config.ts";
import { GPT2_JSON } from "../tokenizers.ts";
import { type FuzzKind, REFERENCE } from "./kind.ts";
import { type Mutate, mutateBytes, mutateJson, mutateSafetensors } from "./mutations.ts";

async function weights(folder: string): Promise<void> {
  const files = await openCheckpoint(folder);
  try {
    for (const name of files.names()) await files.read(name);
  } finally {
    files.close();
  }
}

function modelKind(
  from: string,
  file: string,
  mutate: Mutate,
  read: (folder: string) => Promise<unknown> = weights,
): FuzzKind {
  return {
    file,
    async make(folder) {
      for await (const { name } of Deno.readDir(join(REFERENCE, from))) {
        await Deno.copyFile(join(REFERENCE, from, name), join(folder, name));
      }
    },
    mutate,
    read,
  };
}

async function tokenizer(folder: string): Promise<void> {
  const { encode, decode, singleToken } = await loadTokenizer(folder);
  decode(encode("Then Mary gave 2 rings\n to café"));
  singleToken(" Mary");
  decode([0, 1, 2, 250]);
}

const tokenizerKind = (file: string): FuzzKind => ({
  file,
  async make(folder) {
    // a vocabulary of single bytes: what is special about the file is in its other parts
    const { model, ...rest } = GPT2_JSON;
    const vocab = Object.fromEntries(Object.entries(model.vocab).slice(0, 300));
    const merges = model.merges.slice(0, 44);
    const json = { ...rest, model: { ...model, vocab, merges } };
    await Deno.writeTextFile(join(folder, "tokenizer.json"), JSON.stringify(json));
    const config = { eos_token: { content: "<|endoftext|>" }, tokenizer_class: "GPT2Tokenizer" };
    await Deno.writeTextFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  },
  mutate: mutateJson,
  read: tokenizer,
});

/** Kinds of files in a model's folder. */
export const MODEL_KINDS: Record<string, FuzzKind> = {
  "config.json of GPT-NeoX": modelKind("neox/model", "config.json", mutateJson, readModelConfig),
  "config.json of GPT-2": modelKind("gpt2/model", "config.json", mutateJson, readModelConfig),
  "model.safetensors": modelKind("formats/safetensors_f16", "model.safetensors", mutateSafetensors),
  "pytorch_model.bin": modelKind("formats/bin_f16", "pytorch_model.bin", mutateBytes),
  "safetensors index": modelKind(
    "formats/sharded_safetensors",
    "model.safetensors.index.json",
    mutateJson,
  ),
  "bin index": modelKind("formats/sharded_bin", "pytorch_model.bin.index.json", mutateJson),
  "bin shard": modelKind("formats/sharded_bin", "pytorch_model-00001-of-00002.bin", mutateBytes),
  "tokenizer.json": tokenizerKind("tokenizer.json"),
  "tokenizer_config.json": tokenizerKind("tokenizer_config.json"),
};
