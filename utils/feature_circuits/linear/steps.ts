/**
 * The steps of the walk from the logits down, each on many rows at once. A row is a cotangent: the derivative of one target
 * with respect to the residual stream.
 *
 * Wide rows `[q, R, d]` have a vector at each of the first q positions; narrow rows `[R, d]` have one at their own position
 * only, as every row before its first attention. With C = G·W_Oᵀ per head, P the pattern and U of `layer_maps.ts`:
 *
 *     wide       G'[s] = kept[s] + Σ_h (Σ_t P[h, t, s]/scale[s] · C[t, h])·U[h]
 *     narrow     the same, where t is the row's own position p: no sum over t, and one product with W_O per row
 *     skip       kept = G + (G·skip)/scale
 *     contract   edges = G[t]·writtenᵀ
 */
import {
  add,
  defineProgram,
  div,
  gemm,
  Graph,
  matmul,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import { type ModelConfig, storedOutIn } from "../../model/mod.ts";

/** What the programs of attention are compiled for. */
export type HeadConfig = Pick<ModelConfig, "architecture" | "dModel" | "nHeads" | "dHead">;

function attentionInputs(g: Graph, config: HeadConfig) {
  const { dModel: d, nHeads: H, dHead: e } = config;
  return {
    o_w: g.input("o_w", storedOutIn(config as ModelConfig) ? [d, H * e] : [H * e, d]),
    values: g.input("values", [H * e, d]),
  };
}

/** Returns C = G·W_Oᵀ of rows `[rows, d]`, `[rows, H·e]`. */
const throughOutput = (rows: Value, o_w: Value, config: HeadConfig) =>
  gemm(rows, o_w, false, !storedOutIn(config as ModelConfig));

/**
 * Wide rows through attention: `through` and `kept` `[q, R, d]`, `pattern` `[H, q, q]` (key, query; divided by the key's
 * scale) → `rows` `[q, R, d]`, and the edges from the biases: `output` `[R, 1]`, `value` `[R, 1]`.
 */
export const wideAttention = defineProgram(
  "attribution attention wide",
  (config: HeadConfig, options: SessionOptions) => {
    const g = new Graph();
    const { dModel: d, nHeads: H, dHead: e } = config;
    const w = attentionInputs(g, config);
    const through = g.input("through", ["q", "R", d]);
    const flat = reshape(through, [productDim(["q", "R"]), d]);
    const heads = transpose(
      reshape(throughOutput(flat, w.o_w, config), ["q", "R", H, e]),
      [2, 0, 1, 3],
    );
    const rows = reshape(heads, [H, "q", productDim(["R", e])]);
    const mixed = reshape(matmul(g.input("pattern", [H, "q", "q"]), rows), [H, "q", "R", e]);
    const back = reshape(transpose(mixed, [1, 2, 0, 3]), [productDim(["q", "R"]), H * e]);
    const moved = reshape(gemm(back, w.values), ["q", "R", d]);
    const total = sum(through, [0]);
    const value = gemm(throughOutput(total, w.o_w, config), g.input("valueBias", [H * e, 1]));
    const output = gemm(total, g.input("outputBias", [d, 1]));
    const kept = g.input("kept", ["q", "R", d]);
    return Session.compile({ rows: add(moved, kept), value, output }, {}, options);
  },
);

/**
 * Narrow rows through attention: `through` and `kept` `[R, d]`, `column` `[H, q, R, 1]` the pattern of each row's position
 * divided by the key's scale, `place` `[q, R, 1]` 1 at the row's position → `rows` `[q, R, d]`, and the edges from the biases:
 * `output` `[R, 1]`, `value` `[R, H]`.
 */
export const narrowAttention = defineProgram(
  "attribution attention narrow",
  (config: HeadConfig, options: SessionOptions) => {
    const g = new Graph();
    const { dModel: d, nHeads: H, dHead: e } = config;
    const w = attentionInputs(g, config);
    const through = g.input("through", ["R", d]);
    const C = reshape(throughOutput(through, w.o_w, config), ["R", H, e]);
    const heads = reshape(transpose(C, [1, 0, 2]), [H, 1, "R", e]);
    const mixed = mul(heads, g.input("column", [H, "q", "R", 1]));
    const back = reshape(transpose(mixed, [1, 2, 0, 3]), [productDim(["q", "R"]), H * e]);
    const moved = reshape(gemm(back, w.values), ["q", "R", d]);
    const placed = mul(unsqueeze(g.input("kept", ["R", d]), 0), g.input("place", ["q", "R", 1]));
    const value = sum(mul(C, reshape(g.input("valueBias", [H * e, 1]), [H, e])), [2]);
    const output = gemm(through, g.input("outputBias", [d, 1]));
    return Session.compile({ rows: add(moved, placed), value, output }, {}, options);
  },
);

/** Adds what goes through a linear path: `g` `[rows, d]`, `scale` `[rows, 1]`, `map` `[d, d]` → `kept` `[rows, d]`. */
export const skipStep = defineProgram(
  "attribution skip",
  (d: number, options: SessionOptions) => {
    const g = new Graph();
    const rows = g.input("g", ["rows", d]);
    const through = div(gemm(rows, g.input("map", [d, d])), g.input("scale", ["rows", 1]));
    return Session.compile({ kept: add(rows, through) }, {}, options);
  },
);

/** Contracts rows `g` `[R, d]` with what is written at one place, `written` `[k, d]` → `edges` `[R, k]`. */
export const contraction = defineProgram(
  "attribution contraction",
  (d: number, options: SessionOptions) => {
    const g = new Graph();
    const edges = gemm(g.input("g", ["R", d]), g.input("written", ["k", d]), false, true);
    return Session.compile({ edges }, {}, options);
  },
);
