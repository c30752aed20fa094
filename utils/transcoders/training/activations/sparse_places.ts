/**
 * Places of a sparse step. Only the encoder's product is dense; the rest reads and writes the rows of W_enc and W_dec at
 * the places. With v the values, r their rows and f their features:
 *
 *   decode:    ŷ[r] += v W_dec[f]          dv = g[r]·W_dec[f]      dW_dec[f] += v g[r]
 *   encoder:   pre = x[r]·W_enc[f] + b     dW_enc[f] += dv x[r]    db[f] += dv      dx[r] += dv W_enc[f]
 *
 * Grouped places are k per row, listed places any number. Rows are added by ScatterElements, on one thread, in the order
 * of the places: the same bits in every run.
 */
import {
  add,
  cast,
  expand,
  gather,
  gatherElements,
  gemm,
  matmul,
  mul,
  reshape,
  scatterAdd,
  squeeze,
  sum,
  unsqueeze,
  type Value,
  withGradient,
} from "../../../onnx/mod.ts";
import type { Encoded } from "../encode.ts";
import type { Places } from "./places.ts";

/** The row operations at a set of places. `v` has the shape of the places, `m` is `[rows, d]`, `w` is `[F, d]`. */
interface RowOperations {
  /** Takes the elements of `x` `[rows, F]` at the places. */
  elements(x: Value): Value;
  /** Returns `m[r]·w[f]` for each place. */
  products(m: Value, w: Value): Value;
  /** Returns `Σ v w[f]` for each row, `[rows, d]`. */
  intoRows(v: Value, w: Value): Value;
  /** Returns `Σ v m[r]` for each feature, `[F, d]`. */
  intoFeatures(v: Value, m: Value): Value;
  /** Returns `Σ v` for each feature, `[F]`. */
  sums(v: Value): Value;
  /** features of the places */
  features: Value;
  /** Returns the sum over all places, `[]`. */
  total(v: Value): Value;
}

/** Returns k places in each row: `features` `[rows, k]`, int64. */
export function groupedPlaces(encoded: Encoded, features: Value): Places {
  const [rows, k] = features.shape as number[];
  const F = encoded.pre.shape[1] as number;
  const flat = reshape(features, [rows * k]);
  return sparsePlaces(encoded, {
    features,
    elements: (x) => gatherElements(x, features, 1),
    products: (m, w) => squeeze(matmul(gather(w, features), unsqueeze(m, 2)), 2),
    intoRows: (v, w) => squeeze(matmul(unsqueeze(v, 1), gather(w, features)), 1),
    intoFeatures(v, m) {
      const products = mul(unsqueeze(v, 2), unsqueeze(m, 1));
      return addRows(F, flat, reshape(products, [rows * k, m.shape[1]]));
    },
    sums: (v) => scatterAdd(zeros(v, [F]), flat, reshape(v, [rows * k]), 0),
    total: (v) => sum(v, [0, 1]),
  });
}

/** Returns listed places: `rows` and `features`, `[places]` each, int64; the run may decide their number. */
export function listedPlaces(encoded: Encoded, rows: Value, features: Value): Places {
  const [n, F] = encoded.pre.shape as number[];
  const flat = add(mul(rows, F), features);
  const scaled = (v: Value, m: Value) => mul(unsqueeze(v, 1), m);
  return sparsePlaces(encoded, {
    features,
    elements: (x) => gather(reshape(x, [n * F]), flat),
    products: (m, w) => sum(mul(gather(m, rows), gather(w, features)), [1]),
    intoRows: (v, w) => addRows(n, rows, scaled(v, gather(w, features))),
    intoFeatures: (v, m) => addRows(F, features, scaled(v, gather(m, rows))),
    sums: (v) => scatterAdd(zeros(v, [F]), features, v, 0),
    // The rule of a sum would ask for the number of places; a list of zeros has it.
    total: (v) => withGradient(sum(v, [0]), [v], (g) => [add(mul(v, 0), g)]),
  });
}

function sparsePlaces({ pre, input, W_enc, b_enc }: Encoded, at: RowOperations): Places {
  return {
    pre: withGradient(at.elements(pre), [input, W_enc, b_enc], (dv) => [
      at.intoRows(dv, W_enc),
      at.intoFeatures(dv, input),
      at.sums(dv),
    ]),
    at: (perFeature) => gather(perFeature, at.features),
    decode: (v, W_dec) =>
      withGradient(at.intoRows(v, W_dec), [v, W_dec], (g) => [
        at.products(g, W_dec),
        at.intoFeatures(v, g),
      ]),
    total: at.total,
    count: (condition) =>
      at.sums(
        condition ? cast(condition, "float32") : add(mul(cast(at.features, "float32"), 0), 1),
      ),
  };
}

/**
 * Returns the places of some features in all rows, `[rows, n]`: dense over these alone.
 * @param features `[n]`, int64; one that occurs twice counts twice
 */
export function columnPlaces({ pre, input, W_enc, b_enc }: Encoded, features: Value): Places {
  const F = pre.shape[1] as number;
  const into = (m: Value) => addRows(F, features, m);
  return {
    pre: withGradient(gather(pre, features, 1), [input, W_enc, b_enc], (dv) => [
      gemm(dv, gather(W_enc, features)),
      into(gemm(dv, input, true)),
      scatterAdd(zeros(dv, [F]), features, sum(dv, [0]), 0),
    ]),
    at: (perFeature) => gather(perFeature, features),
    decode: (v, W_dec) =>
      withGradient(gemm(v, gather(W_dec, features)), [v, W_dec], (g) => [
        gemm(g, gather(W_dec, features), false, true),
        into(gemm(v, g, true)),
      ]),
    total: (v) => sum(v, [0, 1]),
    count: (condition) => {
      if (!condition) throw new Error("columnPlaces: expected a condition");
      return scatterAdd(zeros(pre, [F]), features, sum(cast(condition, "float32"), [0]), 0);
    },
  };
}

/** Returns zeros of the type of `like`. */
const zeros = (like: Value, shape: readonly number[]) =>
  expand(like.graph.constant(0, [], like.dtype), shape);

/** Returns `[size, d]`: the sum of the `rows` `[places, d]` for each value of `ids` `[places]`. */
function addRows(size: number, ids: Value, rows: Value): Value {
  const d = rows.shape[1] as number;
  const ones = expand(ids.graph.constant(1, [1, 1], "int64"), [1, d]);
  return scatterAdd(zeros(rows, [size, d]), mul(unsqueeze(ids, 1), ones), rows, 0);
}
