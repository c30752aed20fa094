/**
 * Computes what Llama-style attention does where several query heads share a key and value head.
 *
 * A product takes the queries of a whole group to the group's keys, so keys and values are stored once per group. In
 * meaning every query head has its own: a gradient can be taken with respect to {@link ungrouped} keys and values, and no
 * run computes these copies, because models read the grouped ones in their place ({@link withGradient}).
 */
import {
  abs,
  cast,
  expand,
  less,
  matmul,
  matmulT,
  max,
  mean,
  min,
  mul,
  productDim,
  reshape,
  rmsNorm,
  sub,
  swapLast,
  unsqueeze,
  type Value,
  withGradient,
} from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";

/** Returns the number of query heads that share a key and value head. */
export const groupSize = ({ nHeads, llama }: ModelConfig): number =>
  nHeads / (llama?.nKvHeads ?? nHeads);

/** Repeats an axis of key/value heads for every query head of its group. */
export function ungrouped(x: Value, axis: number, { nHeads: H, llama }: ModelConfig): Value {
  const K = llama?.nKvHeads ?? H;
  if (K === H) return x;
  const before = x.shape.slice(0, axis), after = x.shape.slice(axis + 1);
  const copies = expand(unsqueeze(x, axis + 1), [...before, K, H / K, ...after]);
  return reshape(copies, [...before, H, ...after]);
}

/**
 * Returns `q·kᵀ` `[batch, H, pos, keys]` of queries `[batch, H, pos, d_head]` and grouped keys `[batch, K, keys, d_head]`.
 * @param own keys per query head `[batch, H, keys, d_head]`, which take the gradient
 */
export function groupedScores(q: Value, k: Value, own: Value): Value {
  if (k === own) return matmulT(q, k);
  const shape = [...q.shape.slice(0, 3), k.shape[2]];
  const value = reshape(matmulT(byGroup(q, k), k), shape);
  return withGradient(value, [q, own], (g) => [
    reshape(matmul(byGroup(g, k), k), q.shape),
    matmul(swapLast(g), q),
  ]);
}

/** Returns `pattern·v` `[batch, H, pos, d_head]`, with grouped values as {@link groupedScores} has grouped keys. */
export function groupedValues(pattern: Value, v: Value, own: Value): Value {
  if (v === own) return matmul(pattern, v);
  const shape = [...pattern.shape.slice(0, 3), v.shape[3]];
  const value = reshape(matmul(byGroup(pattern, v), v), shape);
  return withGradient(value, [pattern, own], (g) => [
    reshape(matmulT(byGroup(g, v), v), pattern.shape),
    matmul(swapLast(pattern), g),
  ]);
}

/** Joins the positions of a group's query heads: `[batch, K, H/K · pos, …]`. */
function byGroup(x: Value, { shape: [, K] }: Value): Value {
  const [batch, H, pos, width] = x.shape;
  if (typeof H !== "number" || typeof K !== "number") {
    throw new Error(`${x}: expected a known number of heads`);
  }
  return reshape(x, [batch, K, productDim([H / K, pos]), width]);
}

/** Keys or values before and after a map that each head applies to its own. */
export interface GroupedMap {
  /** result of the map, grouped, `[batch, pos, K, d_head]` */
  grouped: Value;
  /** result per query head `[batch, pos, H, d_head]`, which takes the gradient */
  own: Value;
}

/** Cuts values off at ± `limit`. */
export function clipped({ grouped, own }: GroupedMap, limit: number): GroupedMap {
  const result = max(min(grouped, limit), -limit);
  if (grouped === own) return { grouped: result, own: result };
  const inside = unsqueeze(cast(less(abs(grouped), limit), grouped.dtype), 3);
  const copies = withGradient(expandTo(result, own), [own], (g) => [
    reshape(mul(perGroup(g, grouped), inside), own.shape),
  ]);
  return { grouped: result, own: copies };
}

/**
 * Applies RMSNorm to queries, keys or values `[batch, pos, heads, d_head]`: over each head, or over all heads of a position
 * together.
 * @param weight gain `[d_head]`, or `[heads · d_head]` for all heads together
 */
export function headNorm(
  { grouped, own }: GroupedMap,
  weight: Value,
  span: "head" | "all",
  epsilon: number,
): GroupedMap {
  const [b, p, K, e] = grouped.shape;
  const flat = span === "all" ? reshape(grouped, [b, p, productDim([K, e])]) : grouped;
  const { output, inverseScale } = rmsNorm(flat, weight, epsilon);
  const result = reshape(output, grouped.shape);
  if (grouped === own) return { grouped: result, own: result };
  // One more axis holds the query heads of a group.
  const gain = unsqueeze(reshape(weight, span === "all" ? [K, e] : [1, e]), 1);
  const inverse = reshape(inverseScale, span === "all" ? [b, p, 1, 1, 1] : [b, p, K, 1, 1]);
  const axes = span === "all" ? [2, 3, 4] : [-1];
  const copies = withGradient(expandTo(result, own), [own], (g) => {
    const normalised = mul(unsqueeze(grouped, 3), inverse);
    const u = mul(perGroup(g, grouped), gain);
    const projected = mul(normalised, mean(mul(u, normalised), axes, true));
    return [reshape(mul(sub(u, projected), inverse), own.shape)];
  });
  return { grouped: result, own: copies };
}

/** Returns `[batch, pos, H, d_head]` as `[batch, pos, K, H/K, d_head]`. */
function perGroup(x: Value, { shape: [b, p, K, e] }: Value): Value {
  return reshape(x, [b, p, K, Number(x.shape[2]) / Number(K), e]);
}

/** Repeats the heads of grouped values `[batch, pos, K, d_head]` in the shape of values per query head. */
function expandTo(grouped: Value, own: Value): Value {
  const [b, p, K, e] = grouped.shape;
  const copies = expand(unsqueeze(grouped, 3), [b, p, K, Number(own.shape[2]) / Number(K), e]);
  return reshape(copies, own.shape);
}
