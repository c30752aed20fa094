/**
 * Gives every query head its own keys and values: weights of a model whose query heads share them, with the rows of W_K and W_V,
 * their biases, and a gain over all keys repeated for each query head of a group. The model computes the same. A mean over all
 * keys of repeated heads is the mean over the heads.
 */
import {
  groupSize,
  type ModelConfig,
  type WeightSource,
  type WeightUnit,
} from "../../model/mod.ts";
import { type F32, tensor } from "../../onnx/mod.ts";

/** Returns the configuration of the model in which no heads share keys and values. */
export function ungroupedConfig(config: ModelConfig): ModelConfig {
  if (!config.llama) return config;
  return { ...config, llama: { ...config.llama, nKvHeads: config.nHeads } };
}

/** Returns weights in which no heads share keys and values; the source itself if none do. */
export function ungroupedSource(source: WeightSource): WeightSource {
  const { config } = source;
  if (groupSize(config) === 1) return source;
  return {
    config: ungroupedConfig(config),
    units: source.units,
    load: async (unit) => {
      const loaded = await source.load(unit);
      return "qkv_w" in loaded ? ungroupedLayer(loaded, config) : loaded;
    },
    close: () => source.close(),
  };
}

function ungroupedLayer(layer: WeightUnit, config: ModelConfig): WeightUnit {
  const { nHeads: H, dHead: e, llama } = config;
  const K = llama!.nKvHeads;
  const packed = (x: F32) => repeated(x, [...heads(0, H), ...shared(H), ...shared(H + K)], e);
  const shared = (first: number) =>
    heads(0, H).map((h) => first + Math.floor(h / groupSize(config)));
  return {
    ...layer,
    qkv_w: packed(layer.qkv_w),
    qkv_b: packed(layer.qkv_b),
    ...(llama!.qkNorm === "all" && { k_norm_w: repeated(layer.k_norm_w, shared(0), e) }),
  };
}

const heads = (from: number, count: number) => Array.from({ length: count }, (_, h) => from + h);

/** Returns blocks of `rows` rows in a new order; a block may repeat. */
function repeated({ data, shape: [, ...rest] }: F32, order: readonly number[], rows: number): F32 {
  const size = rest.reduce((a, b) => a * b, rows);
  const out = new Float32Array(order.length * size);
  order.forEach((from, to) => out.set(data.subarray(from * size, (from + 1) * size), to * size));
  return tensor(out, [order.length * rows, ...rest]);
}
