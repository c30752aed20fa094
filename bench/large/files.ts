/**
 * Writes checkpoints of random weights in Hugging Face layout: float16, one shard per unit of the model (embedding, layer,
 * unembedding), for models that are too large to keep in memory. The time of a run does not depend on the weights.
 */
import { join } from "@std/path";
import { neoxConfigJson } from "../../utils/language_model/mod.ts";
import { type ModelConfig, unitNames, unitTensors } from "../../utils/model/mod.ts";
import { writeSafetensors } from "../../utils/tensor_files/mod.ts";

/** Scale of the weights, near that of an initialised model. */
const SCALE = 0.07;

/**
 * Writes the checkpoint of a GPT-NeoX model to a folder, in another process: its memory is not that of the bench.
 * Returns the bytes of the weights.
 */
export async function writeRandomCheckpoint(folder: string, config: ModelConfig): Promise<number> {
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, folder, JSON.stringify(config)],
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`cannot write random weights to ${folder}`);
  return Number(new TextDecoder().decode(stdout));
}

async function write(folder: string, config: ModelConfig): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const shards: Record<string, string> = {};
  let bytes = 0;
  for (const unit of unitNames(config)) {
    const file = `model-${unit}.safetensors`;
    const tensors = Object.entries(unitTensors(config, unit)).map(([feed, [name, shape]], i) => {
      shards[name] = file;
      const data = randomWeights(feed, shape.reduce((a, b) => a * b, 1), i);
      bytes += 2 * data.length;
      return [name, { dtype: "F16" as const, shape, data }] as const;
    });
    await writeSafetensors(join(folder, file), Object.fromEntries(tensors));
  }
  const json = (name: string, value: unknown) =>
    Deno.writeTextFile(join(folder, name), JSON.stringify(value));
  await json("model.safetensors.index.json", { weight_map: shards });
  await json("config.json", neoxConfigJson(config));
  return bytes;
}

function randomWeights(feed: string, length: number, seed: number): Float32Array {
  const data = new Float32Array(length);
  if (feed.startsWith("ln")) return data.fill(feed.endsWith("_w") ? 1 : 0);
  if (feed.endsWith("_b")) return data;
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 2 ** 32 - 0.5) * SCALE;
  }
  return data;
}

if (import.meta.main) {
  const [folder, config] = Deno.args;
  console.log(await write(folder, JSON.parse(config)));
}
