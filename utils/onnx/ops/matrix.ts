/** Matrix products. */
import type { Value } from "../graph.ts";
import { reshape, swapLast } from "./layout.ts";
import { broadcast, productDim, sameShape } from "../shapes.ts";

/**
 * Returns the batched matrix product `[…, m, k] × […, k, n]`; leading axes broadcast.
 * @throws Error naming both factors when they do not fit.
 */
export function matmul(a: Value, b: Value): Value {
  if (a.rank < 2 || b.rank < 2 || a.shape.at(-1) !== b.shape.at(-2)) {
    throw new Error(`MatMul: ${a} and ${b} do not fit`);
  }
  const lead = broadcast("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return a.graph.add("MatMul", [a, b], a.dtype, [...lead, a.shape.at(-2)!, b.shape.at(-1)!]);
}

/** Returns `[…, m, k] × […, n, k]ᵀ`; ONNX Runtime fuses the transposition into the product. */
export function matmulT(a: Value, b: Value): Value {
  return matmul(a, swapLast(b));
}

/**
 * Returns C products at once, `[C, m, k] × [k, C, n]`: the rows of the second factors alternate. Not differentiable.
 * @throws Error naming both factors when they do not fit.
 */
export function matmulStacked(a: Value, b: Value): Value {
  const [C, m, k] = a.shape;
  if (a.rank !== 3 || b.rank !== 3 || b.shape[0] !== k || b.shape[1] !== C) {
    throw new Error(`FusedMatMul: ${a} and ${b} do not fit`);
  }
  const shape = [C, m, b.shape[2]];
  return a.graph.add("FusedMatMul", [a, b], a.dtype, shape, { transBatchB: 1 }, "com.microsoft");
}

/**
 * Returns `a·b (+ addend)` of matrices, each transposed first if asked: ONNX's Gemm. The addend broadcasts over the product.
 * @throws Error naming what does not fit.
 */
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
 * Maps the last axis linearly: `x·w + bias` with `w` `[in, out]`, or `x·wᵀ + bias` with `w` `[out, in]`
 * (`transposed`, the layout of PyTorch's Linear). Leading axes of `x` are flattened into one product.
 */
export function linear(x: Value, w: Value, transposed: boolean, bias?: Value): Value {
  const lead = x.shape.slice(0, -1);
  const rows = lead.length === 1 ? x : reshape(x, [productDim(lead), x.shape.at(-1)!]);
  const product = gemm(rows, w, false, transposed, bias);
  return lead.length === 1 ? product : reshape(product, [...lead, product.shape[1]]);
}
