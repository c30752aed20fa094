/**
 * The linear maps of one layer of the frozen model, prepared once per graph:
 *
 *     values U      [H·e, d]   row (h, i) is centre(W_V[h]ᵀ[i] ⊙ γ): attention's way down, without the scale of its LayerNorm
 *     valueBias     [H·e]      β·W_V + b_V
 *     skip          [d, d]     centre(W_skip ⊙ g): the linear path of the coder, without the scale of its LayerNorm
 *
 * A norm after attention multiplies the output weight and bias by its gain; its scale divides the rows (`passages.ts`). γ and β belong to LN1; g is the gain at the coder's input (`reading.ts`). An RMSNorm does not centre. Centring along the model's dimensions is the
 * transpose of LayerNorm's subtraction of the mean.
 */
import {
  add,
  defineProgram,
  type F32,
  Graph,
  mean,
  mul,
  reshape,
  Session,
  type SessionOptions,
  sub,
  sum,
  tensor,
  transpose,
} from "../../onnx/mod.ts";
import {
  isRms,
  type ModelConfig,
  perHeadWeights,
  storedOutIn,
  type WeightUnit,
} from "../../model/mod.ts";
import { coderName, splitHook } from "../../transcoders/mod.ts";
import type { LinearRun } from "./linear_run.ts";
import { readingAt } from "./reading.ts";

/** Maps and constants of one layer; see the header. */
export interface LayerMaps {
  /** output weight of attention in the stored layout, `[d, H·e]` or `[H·e, d]`, times the gain of the norm after attention */
  o_w: F32;
  /** output bias of attention, `[d]`, times the same gain */
  o_b: F32;
  /** U, `[H·e, d]` */
  values: F32;
  /** bias of the values, `[H·e]` */
  valueBias: F32;
  /** the coder's linear path */
  skip?: {
    /** the map, `[d, d]` */
    map: F32;
    /** what the LayerNorm's bias gives through it, `[d]` */
    bias: Float32Array;
    /** what divides each position, `[n]`; absent for a coder that reads the stream itself */
    scale?: Float32Array;
  };
}

type HeadConfig = Pick<ModelConfig, "architecture" | "dModel" | "nHeads" | "dHead" | "llama">;

const mapsProgram = defineProgram(
  "attribution layer maps",
  (given: HeadConfig, options: SessionOptions) => {
    const g = new Graph();
    const config = given as ModelConfig;
    const { dModel: d, nHeads: H, dHead: e, llama } = config;
    const outIn = storedOutIn(config);
    const packed = (H + 2 * (llama?.nKvHeads ?? H)) * e;
    const qkv_w = g.input("qkv_w", outIn ? [packed, d] : [d, packed]);
    const { weights, biases } = perHeadWeights(
      { qkv_w, qkv_b: g.input("qkv_b", [packed]) },
      config,
    );
    const values = outIn ? weights[2] : transpose(weights[2], [0, 2, 1]);
    const rows = reshape(values, [H * e, d]);
    const scaled = mul(rows, g.input("ln1_w", [d]));
    const valueBias = add(
      sum(mul(rows, g.input("ln1_b", [d])), [1]),
      reshape(biases[2], [H * e]),
    );
    const centred = isRms(config) ? scaled : sub(scaled, mean(scaled, [1], true));
    const outputs = { values: centred, valueBias };
    return Session.compile(outputs, {}, options);
  },
);

/**
 * Prepares the maps of every layer.
 * @throws Error naming a coder whose linear path goes around attention, which no graph here has.
 */
export async function layerMaps(run: LinearRun): Promise<LayerMaps[]> {
  const { model: { runtime, weights, config }, coders } = run;
  const { architecture, dModel, nHeads, dHead, nLayers, parallel, llama } = config;
  const session = await mapsProgram(runtime, { architecture, dModel, nHeads, dHead, llama });
  const maps: LayerMaps[] = [];
  for (let layer = 0; layer < nLayers; layer++) {
    const w = await weights.layer(layer);
    const { values, valueBias } = await session.run(w);
    const made: LayerMaps = { ...writtenByAttention(w), values, valueBias };
    const { config: coder, weights: { W_skip } } = coders[layer];
    if (W_skip) {
      const reading = await readingAt(run, coder.inputHook, coder.inputConvention);
      if (!parallel && splitHook(coder.inputHook)!.point === "hook_resid_pre") {
        throw new Error(
          `${
            coderName(coder)
          }: has a linear path from before attention to after it; give a coder that reads after attention`,
        );
      }
      made.skip = { ...skipMap(W_skip, reading), scale: reading.scale };
    }
    maps.push(made);
  }
  return maps;
}

/** Returns output weight and bias of attention times the gain of the norm after it, where there is one. */
export function writtenByAttention(
  { o_w, o_b, ln1_post_w: gain }: WeightUnit,
): Pick<LayerMaps, "o_w" | "o_b"> {
  if (!gain) return { o_w, o_b };
  // Blocks with such a norm store o_w as `[d, H·e]`.
  const width = o_w.shape[1];
  return {
    o_w: tensor(o_w.data.map((x, i) => x * gain.data[Math.floor(i / width)]), o_w.shape),
    o_b: tensor(o_b.data.map((x, i) => x * gain.data[i]), o_b.shape),
  };
}

function skipMap(
  { data, shape: [rows, d] }: F32,
  { gain, bias, centred }: { gain?: Float32Array; bias?: Float32Array; centred: boolean },
) {
  const map = new Float32Array(rows * d), constant = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    let total = 0, image = 0;
    for (let i = 0; i < d; i++) {
      const w = data[r * d + i];
      total += gain ? w * gain[i] : w;
      if (bias) image += w * bias[i];
    }
    const mean = centred ? total / d : 0;
    for (let i = 0; i < d; i++) {
      const w = data[r * d + i];
      map[r * d + i] = (gain ? w * gain[i] : w) - mean;
    }
    constant[r] = image;
  }
  return { map: { dtype: "float32" as const, shape: [rows, d], data: map }, bias: constant };
}
