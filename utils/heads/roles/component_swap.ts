/**
 * Swaps heads of one checkpoint into another (Tigges et al. 2024, figure 3).
 *
 * A head consists of the weights that it reads and writes with. In the stored tensors these are
 *
 *   GPT-NeoX   rows 3·d_h·h … 3·d_h·(h+1) of query_key_value.weight `[3d, d]` and entries of its bias,
 *              columns d_h·h … d_h·(h+1) of dense.weight `[d, d]`
 *   GPT-2      columns j·d + d_h·h … of c_attn.weight `[d, 3d]` for the letters j = 0, 1, 2, and entries of its bias,
 *              rows d_h·h … of c_proj.weight `[d, d]`
 *
 *   Llama      rows j·H·d_h + d_h·h … of the q, k and v weights `[3·H·d_h, d]` one below the other, and entries of their biases,
 *              columns d_h·h … of the output weight `[d, H·d_h]`; entries d_h·h … of gains over all queries or keys
 *
 * Query heads that share keys and values first get their own (`ungrouped_source.ts`): a head then brings the keys and values
 * that it reads with, and the others of its group keep theirs.
 *
 * b_O does not belong to a head. (The original code swapped columns of the query-key-value matrix, which are a slice of
 * what every head reads, and did not swap the output matrix.)
 *
 * A swapped model equals its target below the first swapped layer, so runs start there.
 */
import {
  bucketBy,
  HookedModel,
  type ModelConfig,
  type Readout,
  type WeightSource,
  type WeightUnit,
} from "../../model/mod.ts";
import { readoutRows } from "../../tasks/mod.ts";
import { type F32, tensor } from "../../onnx/mod.ts";
import { checkHeads, type Head } from "../head.ts";
import { ungroupedSource } from "./ungrouped_source.ts";

/** Locates a block of a matrix; `end` is exclusive. */
export interface Slice {
  /** Range of rows. */
  rows: [start: number, end: number];
  /** Range of columns. */
  columns: [start: number, end: number];
}

/** Names the tensors of a layer that hold parts of heads. */
export type Sliced = "qkv_w" | "qkv_b" | "o_w" | "q_norm_w" | "k_norm_w";

/** Returns the names of the tensors that hold parts of heads. */
const slicedNames = ({ llama }: ModelConfig): Sliced[] => [
  "qkv_w",
  "qkv_b",
  "o_w",
  ...(llama?.qkNorm === "all" ? ["q_norm_w", "k_norm_w"] as const : []),
];

/**
 * Returns where a head's weights are in the stored tensors of its layer. Biases and gains count as matrices of one row.
 * @param config of a model whose heads do not share keys and values
 */
export function headSlices(
  config: ModelConfig,
  head: number,
): Partial<Record<Sliced, Slice[]>> & Record<"qkv_w" | "qkv_b" | "o_w", Slice[]> {
  const { dModel: d, dHead: e } = config;
  const own: [number, number] = [head * e, (head + 1) * e];
  const all: [number, number] = [0, d];
  if (config.architecture === "gpt_neox") {
    const packed: [number, number] = [3 * e * head, 3 * e * (head + 1)];
    return {
      qkv_w: [{ rows: packed, columns: all }],
      qkv_b: [{ rows: [0, 1], columns: packed }],
      o_w: [{ rows: all, columns: own }],
    };
  }
  if (config.llama) {
    const { nHeads: H } = config;
    const rows = [0, 1, 2].map((
      j,
    ): [number, number] => [(j * H + head) * e, (j * H + head + 1) * e]);
    return {
      qkv_w: rows.map((own) => ({ rows: own, columns: all })),
      qkv_b: rows.map((columns) => ({ rows: [0, 1], columns })),
      o_w: [{ rows: all, columns: own }],
      ...(config.llama.qkNorm === "all" && {
        q_norm_w: [{ rows: [0, 1], columns: own }],
        k_norm_w: [{ rows: [0, 1], columns: own }],
      }),
    };
  }
  const letters = [0, 1, 2].map((j): [number, number] => [j * d + own[0], j * d + own[1]]);
  return {
    qkv_w: letters.map((columns) => ({ rows: all, columns })),
    qkv_b: letters.map((columns) => ({ rows: [0, 1], columns })),
    o_w: [{ rows: own, columns: all }],
  };
}

/** Maps layers to the attention weights that heads are copied from. */
export type HeadDonor = ReadonlyMap<number, WeightUnit>;

/**
 * Loads the attention weights of the layers of `heads`.
 * @throws RangeError naming a head that does not exist
 */
export async function headDonor(source: WeightSource, heads: readonly Head[]): Promise<HeadDonor> {
  checkHeads(heads, source.config);
  const own = ungroupedSource(source);
  const names = slicedNames(own.config);
  const donor = new Map<number, WeightUnit>();
  for (const layer of new Set(heads.map(([l]) => l))) {
    const loaded = await own.load(String(layer));
    donor.set(layer, Object.fromEntries(names.map((name) => [name, loaded[name]])));
  }
  return donor;
}

/**
 * Returns the weights of `target` with `heads` copied from `source`. Shares tensors without parts of heads.
 * @throws Error naming a tensor whose shapes differ
 */
export function swapHeads(
  target: WeightUnit,
  source: WeightUnit,
  config: ModelConfig,
  heads: readonly number[],
): WeightUnit {
  const swapped = { ...target };
  for (const name of slicedNames(config)) {
    const { shape } = target[name];
    if (shape.join() !== source[name].shape.join()) {
      throw new Error(
        `heads can be swapped only between checkpoints of one model: ${name} is [${shape}] in the target and [${
          source[name].shape
        }] in the source`,
      );
    }
    const data = target[name].data.slice();
    const width = shape.at(-1)!;
    for (const head of heads) {
      for (
        const { rows: [first, end], columns: [left, right] } of headSlices(config, head)[name]!
      ) {
        for (let row = first; row < end; row++) {
          const from = row * width + left;
          data.set(source[name].data.subarray(from, from + right - left), from);
        }
      }
    }
    swapped[name] = tensor(data, shape);
  }
  return swapped;
}

/**
 * Makes a source of the weights of `target` with `heads` from a donor that has their layers.
 * @throws RangeError naming a head that does not exist; loading throws Error if the models differ in shape
 */
export function swappedSource(
  target: WeightSource,
  donor: HeadDonor,
  heads: readonly Head[],
): WeightSource {
  const ungrouped = ungroupedSource(target);
  const { config } = ungrouped;
  checkHeads(heads, config);
  return {
    config,
    units: target.units,
    async load(unit) {
      const own = heads.filter(([layer]) => String(layer) === unit).map(([, head]) => head);
      const weights = await ungrouped.load(unit);
      return own.length === 0 ? weights : swapHeads(weights, donor.get(Number(unit))!, config, own);
    },
    close() {},
  };
}

/** Holds a prompt and its read-out position. */
export interface ReadPrompt {
  /** Token ids. */
  clean: readonly number[];
  /** Position at which the metric is read. */
  position: number;
}

/** Measures one target of swaps. Keeps its runs up to the first swapped layer. */
export class SwapTarget {
  private constructor(
    private readonly model: HookedModel,
    private readonly heads: readonly Head[],
    private readonly readout: Readout,
    private readonly first: number,
    private readonly batches: {
      prompts: number[];
      x: F32;
    }[],
    private readonly count: number,
  ) {}

  /**
   * Runs the prompts up to the first layer that has one of `heads`.
   * @param model model with weights as stored (not folded)
   * @param readout metric, one row per prompt
   * @param batchSize prompts per run
   * @throws Error if `heads` is empty or the weights are folded; RangeError naming a head that does not exist
   */
  static async of(
    model: HookedModel,
    heads: readonly Head[],
    prompts: readonly ReadPrompt[],
    readout: Readout,
    batchSize = 100,
  ): Promise<SwapTarget> {
    if (heads.length === 0) throw new Error("swapping needs at least one head");
    checkHeads(heads, model.config);
    if ("b_U" in await model.weights.unembedding()) {
      throw new Error("heads are swapped between weights as stored; load the model unfolded");
    }
    const first = Math.min(...heads.map(([layer]) => layer));
    const batches = [];
    for (const members of bucketBy(prompts, (p) => p.position, batchSize)) {
      const tokens = members.map((n) => prompts[n].clean.slice(0, prompts[n].position + 1));
      const { residual: x } = await model.run(tokens, { to: first });
      batches.push({ prompts: members, x });
    }
    return new SwapTarget(model, heads, readout, first, batches, prompts.length);
  }

  /** Returns the metric per prompt without a swap. */
  baseline(): Promise<Float32Array> {
    return this.#finish(this.model);
  }

  /** Returns the metric per prompt with the heads of a donor. */
  async swapped(donor: HeadDonor): Promise<Float32Array> {
    const weights = swappedSource(this.model.weights.asSource(), donor, this.heads);
    const model = HookedModel.fromSource(weights, { runtime: this.model.runtime });
    try {
      return await this.#finish(model);
    } finally {
      model.close();
    }
  }

  async #finish(model: HookedModel): Promise<Float32Array> {
    const values = new Float32Array(this.count);
    for (const { prompts, x } of this.batches) {
      const { residual } = await model.runBlocks(x, { from: this.first });
      const result = await model.readout({
        residual,
        positions: prompts.map(() => x.shape[1] - 1),
        readout: readoutRows(this.readout, prompts),
      });
      prompts.forEach((n, i) => values[n] = result.values.data[i]);
    }
    return values;
  }
}
