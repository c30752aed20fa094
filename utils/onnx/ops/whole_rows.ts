/** Operators that compute whole rows in one pass: softmax, layer normalisation, rotary embedding. */
import type { Shape, Value } from "../graph.ts";
import { frontAxis, productDim } from "../shapes.ts";
import { add, mul, reciprocal, sqrt } from "./elementwise.ts";
import { reshape } from "./layout.ts";
import { mean } from "./reduce.ts";

/** Returns the softmax along an axis. */
export function softmax(x: Value, axis = -1): Value {
  return x.graph.add("Softmax", [x], x.dtype, x.shape, {
    axis: frontAxis("Softmax", axis, x.rank),
  });
}

/** Returns the logarithm of the softmax along an axis. */
export function logSoftmax(x: Value, axis = -1): Value {
  const attributes = { axis: frontAxis("LogSoftmax", axis, x.rank) };
  return x.graph.add("LogSoftmax", [x], x.dtype, x.shape, attributes);
}

/** What a layer normalisation computes. */
export interface Normalised {
  /** `(x − mean)/σ · weight + bias` */
  output: Value;
  /** mean over the last axis, which has length 1 */
  mean: Value;
  /** `1/σ`, σ = √(variance + ε); the last axis has length 1 */
  inverseScale: Value;
}

/**
 * Normalises the last axis; `weight` and `bias` are `[d]`. Float32 only. Its gradient goes through `output`; use `detach` on
 * the statistics, or write them out where they are to be differentiated.
 */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Normalised {
  const stat: Shape = [...x.shape.slice(0, -1), 1];
  const [output, mean_, inverseScale] = x.graph.addMany(
    "LayerNormalization",
    [x, weight, bias],
    [{ dtype: x.dtype, shape: x.shape }, { dtype: x.dtype, shape: stat }, {
      dtype: x.dtype,
      shape: stat,
    }],
    { axis: -1, epsilon: { float: epsilon } },
  );
  return { output, mean: mean_, inverseScale };
}

/**
 * Divides the last axis by its root mean square, `1/√(mean(x²) + ε)` is `inverseScale`, and multiplies by `weight` `[d]`.
 * Float32 only. The scale is written out, because the operator's own second output is wrong on WebGPU (ONNX Runtime 1.30).
 */
export function rmsNorm(
  x: Value,
  weight: Value,
  epsilon: number,
): Pick<Normalised, "output" | "inverseScale"> {
  const output = x.graph.add(
    "SimplifiedLayerNormalization",
    [x, weight],
    x.dtype,
    x.shape,
    { axis: -1, epsilon: { float: epsilon } },
  );
  return { output, inverseScale: inverseRms(x, epsilon) };
}

/** Returns `1/√(mean(x²) + ε)` over the last axis, which keeps length 1. */
export function inverseRms(x: Value, epsilon: number): Value {
  return reciprocal(sqrt(add(mean(mul(x, x), [-1], true), epsilon)));
}

/**
 * Applies the rotary position embedding to `x` `[…batch, heads, pos, d_head]` (Su et al. 2021, half-split form): the first `2r`
 * dimensions of position p turn in pairs (i, i + r) by the angles whose cosines and sines are `cos[p]`, `sin[p]`,
 * `[pos, r]`; the others stay. One pass over the data, by ONNX Runtime's own operator; float32 only.
 * @throws Error when the tables do not fit.
 */
export function rotaryEmbedding(x: Value, cos: Value, sin: Value): Value {
  const [batch, heads, pos, e] = x.shape;
  const r = cos.shape[1];
  if (x.rank !== 4 || typeof r !== "number" || 2 * r > Number(e)) {
    throw new Error(`RotaryEmbedding: ${x} and tables ${cos} do not fit`);
  }
  // All heads turn by the same angles; where their number is not known beforehand they count as batch items.
  const known = typeof heads === "number";
  const input = known ? x : reshape(x, [productDim([batch, heads]), 1, pos, e]);
  const attributes = { interleaved: 0, num_heads: known ? heads : 1, rotary_embedding_dim: 2 * r };
  const first = x.graph.constant([0], [1], "int64");
  const turned = x.graph.add(
    "RotaryEmbedding",
    [input, first, cos, sin],
    x.dtype,
    input.shape,
    attributes,
    "com.microsoft",
  );
  return reshape(turned, x.shape);
}
