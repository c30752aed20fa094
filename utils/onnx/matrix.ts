/** Matrix products, softmax and layer normalisation. */
import type { Shape, Value } from "./graph.ts";
import { reshape, swapLast } from "./layout.ts";
import { broadcast, frontAxis, productDim, sameShape } from "./shapes.ts";

/** Batched matrix product `[…, m, k] × […, k, n]`, leading axes broadcast. */
export function matmul(a: Value, b: Value): Value {
  if (a.rank < 2 || b.rank < 2 || a.shape.at(-1) !== b.shape.at(-2)) {
    throw new Error(`MatMul: ${a} and ${b} do not fit`);
  }
  const lead = broadcast("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return a.graph.add("MatMul", [a, b], a.dtype, [...lead, a.shape.at(-2)!, b.shape.at(-1)!]);
}

/** `[…, m, k] × […, n, k]ᵀ`; ONNX Runtime fuses the transposition into the product. */
export function matmulT(a: Value, b: Value): Value {
  return matmul(a, swapLast(b));
}

/** `[C, m, k] × [k, C, n]`: C products, of which the second factors lie between one another's rows. Not differentiable. */
export function matmulStacked(a: Value, b: Value): Value {
  const [C, m, k] = a.shape;
  if (a.rank !== 3 || b.rank !== 3 || b.shape[0] !== k || b.shape[1] !== C) {
    throw new Error(`FusedMatMul: ${a} and ${b} do not fit`);
  }
  const shape = [C, m, b.shape[2]];
  return a.graph.add("FusedMatMul", [a, b], a.dtype, shape, { transBatchB: 1 }, "com.microsoft");
}

/** `a·b (+ addend)` of matrices, each transposed first if asked: ONNX's Gemm. The addend broadcasts over the product. */
export function gemm(
  a: Value,
  b: Value,
  transA = false,
  transB = false,
  addend?: Value,
): Value {
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [k2, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.rank !== 2 || b.rank !== 2 || k !== k2) {
    throw new Error(`Gemm: ${a}${transA ? "ᵀ" : ""} and ${b}${transB ? "ᵀ" : ""} do not fit`);
  }
  if (addend && !sameShape(broadcast("Gemm", [m, n], addend.shape), [m, n])) {
    throw new Error(`Gemm: ${addend} does not broadcast to [${m}, ${n}]`);
  }
  const attributes = { transA: Number(transA), transB: Number(transB) };
  return a.graph.add("Gemm", addend ? [a, b, addend] : [a, b], a.dtype, [m, n], attributes);
}

/**
 * A linear map of the last axis: `x·w + bias` with `w` `[in, out]`, or `x·wᵀ + bias` with `w` `[out, in]`
 * (`transposed`, the layout of PyTorch's Linear). Leading axes of `x` are flattened into one product.
 */
export function linear(x: Value, w: Value, transposed: boolean, bias?: Value): Value {
  const lead = x.shape.slice(0, -1);
  const rows = lead.length === 1 ? x : reshape(x, [productDim(lead), x.shape.at(-1)!]);
  const product = gemm(rows, w, false, transposed, bias);
  return lead.length === 1 ? product : reshape(product, [...lead, product.shape[1]]);
}

/**
 * Rotary position embedding of `x` `[…batch, heads, pos, d_head]` (Su et al. 2021, half-split form): the first `2r`
 * dimensions of position p turn in pairs (i, i + r) by the angles whose cosines and sines are `cos[p]`, `sin[p]`,
 * `[pos, r]`; the others stay. One pass over the data, as ONNX Runtime's own operator.
 */
export function rotaryEmbedding(x: Value, cos: Value, sin: Value): Value {
  const [batch, heads, pos, e] = x.shape;
  const r = cos.shape[1];
  if (x.rank !== 4 || typeof r !== "number" || 2 * r > Number(e)) {
    throw new Error(`RotaryEmbedding: ${x} and tables ${cos} do not fit`);
  }
  // All heads turn alike; where their number is not known beforehand they count as batch items.
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

export function softmax(x: Value, axis = -1): Value {
  return x.graph.add("Softmax", [x], x.dtype, x.shape, {
    axis: frontAxis("Softmax", axis, x.rank),
  });
}

export function logSoftmax(x: Value, axis = -1): Value {
  const attributes = { axis: frontAxis("LogSoftmax", axis, x.rank) };
  return x.graph.add("LogSoftmax", [x], x.dtype, x.shape, attributes);
}

export interface Normalised {
  /** `(x − mean)/σ · weight + bias` */
  output: Value;
  mean: Value;
  /** `1/σ`, σ = √(variance + ε) */
  inverseScale: Value;
}

/** Layer normalisation over the last axis; `weight` and `bias` are `[d]`. */
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
