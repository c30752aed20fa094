/** Gradient rules of matrix products. */
import type { Cotangent, Node, Rule, Value } from "../graph.ts";
import { gemm, matmul, swapLast } from "../ops/mod.ts";
import { one } from "./rule.ts";

function matmulRule(g: Value, _: Node, a: Value, b: Value): Cotangent[] {
  return [matmul(g, swapLast(b)), matmul(swapLast(a), g)];
}

function gemmRule(g: Value, node: Node, a: Value, b: Value, addend?: Value): Cotangent[] {
  const { transA, transB } = node.attributes;
  return [
    transA ? gemm(b, g, Boolean(transB), true) : gemm(g, b, false, !transB),
    transB ? gemm(g, a, true, Boolean(transA)) : gemm(a, g, !transA, false),
    addend && g,
  ];
}

/** Rules of matrix products. */
export const MATRIX_RULES: Record<string, Rule> = {
  MatMul: one(matmulRule),
  Gemm: one(gemmRule),
};
