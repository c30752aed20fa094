/**
 * Computes multi-head attention.
 *
 *  q, k, v = LN1(x)·W + b          one packed product if all heads read the same residual stream; otherwise one product
 *                                  per head and letter, from the head's own copy of the stream ("split q/k/v input")
 *  rotary (GPT-NeoX): rotates the first dimensions of each head's q and k by an angle proportional to the position
 *  pattern = softmax(q·kᵀ/√d_h + causal mask),  z = pattern·v,  output = Σ_h z_h·W_O[h] + b_O
 *
 * With a past (rotated keys, and values, of earlier positions) the given positions are a suffix. Llama-style models differ in
 * their projections (`llama_projections.ts`), and may cap scores: s becomes cap·tanh(s/cap) before the mask.
 */
import { LETTERS } from "../../names/mod.ts";
import {
  add,
  concat,
  linear,
  matmul,
  matmulT,
  mul,
  productDim,
  reshape,
  softmax,
  split,
  sum,
  tanh,
  transpose,
  type Value,
} from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { AttentionWeights } from "./block_weights.ts";
import type { BlockContext, HeadInputs, KeysValues, LayerContext } from "./context.ts";
import { packedAxes, perHeadOutput, perHeadWeights, storedOutIn } from "./head_weights.ts";
import { groupedScores, groupedValues, ungrouped } from "./grouped_heads.ts";
import { hookedNorm } from "./hooked_norm.ts";
import {
  llamaHeadProjections,
  llamaProjections,
  type OwnProjections,
} from "./llama_projections.ts";
import { normalise } from "./norms.ts";
import { rotate } from "./sequence.ts";
import { attendShared, repeated } from "./shared_past.ts";

/** q, k and v of one product in one array, and which axis holds the letter. */
export interface PackedProjections {
  /** `[batch, pos, H, 3, d_head]` (GPT-NeoX) or `[batch, pos, 3, H, d_head]` (GPT-2), as the weights are stored */
  value: Value;
  /** axis of length 3 that selects q, k or v */
  letterAxis: 2 | 3;
}

/** Projects the residual stream x `[batch, pos, d]` to q, k and v of all heads in one product. */
export function packedProjections(
  x: Value,
  w: AttentionWeights,
  { config: c, hooks }: LayerContext,
): PackedProjections {
  const normalized = hookedNorm(x, w.ln1_w, w.ln1_b, c, "ln1", hooks);
  const packed = linear(normalized, w.qkv_w, storedOutIn(c), w.qkv_b);
  const [b, p] = x.shape;
  const value = reshape(packed, [b, p, ...packedAxes(c), c.dHead]);
  return { value, letterAxis: storedOutIn(c) ? 3 : 2 };
}

/** Splits packed projections into q, k and v, each `[batch, pos, H, d_head]`. */
function unpacked({ value, letterAxis }: PackedProjections): Value[] {
  const shape = value.shape.toSpliced(letterAxis, 1);
  return split(value, letterAxis, [1, 1, 1]).map((part) => reshape(part, shape));
}

/** Widest head for which one transpose of packed q, k and v is faster than three. */
const NARROW = 32;

/** Returns q, k and v, each `[batch, H, pos, d_head]`, or `[batch/K, H, K·pos, d_head]` if K items share a past. */
export function unpackedHeadFirst(packed: PackedProjections, past?: KeysValues): Value[] {
  const { value, letterAxis } = packed;
  const [, pos, ...axes] = value.shape;
  const grouped = past?.sharedBy === undefined
    ? value
    : reshape(value, [past.k.shape[0], productDim([past.sharedBy, pos]), ...axes]);
  if (Number(axes[2]) > NARROW) {
    return unpacked({ ...packed, value: grouped }).map((part) => transpose(part, [0, 2, 1, 3]));
  }
  const moved = transpose(grouped, [letterAxis, 0, 5 - letterAxis, 1, 4]);
  const [, b, H, p, e] = moved.shape;
  // Without this reshape ONNX Runtime splits first and transposes three times.
  return split(reshape(moved, [3, productDim([b, H]), p, e]), 0, [1, 1, 1])
    .map((part) => reshape(part, [b, H, p, e]));
}

/** Projects each head's own copies of the residual stream to q, k and v, each `[batch, pos, H, d_head]`. */
function headProjections(
  x: HeadInputs,
  w: AttentionWeights,
  { config: c, hooks }: LayerContext,
): Value[] {
  const { weights, biases } = perHeadWeights(w, c);
  return LETTERS.map((letter, j) => {
    const input = x[letter];
    const [, b, p] = input.shape;
    const norm = normalise(input, w.ln1_w, w.ln1_b, c);
    if (norm.mean) hooks.save(`ln1.mean.${letter}`, norm.mean);
    hooks.save(`ln1.inverse.${letter}`, norm.inverseScale);
    const rows = reshape(norm.output, [c.nHeads, productDim([b, p]), c.dModel]);
    const product = storedOutIn(c) ? matmulT(rows, weights[j]) : matmul(rows, weights[j]);
    const biased = add(product, reshape(biases[j], [c.nHeads, 1, c.dHead]));
    return transpose(reshape(biased, [c.nHeads, b, p, c.dHead]), [1, 2, 0, 3]);
  });
}

/** Results of one layer's attention. */
export interface AttentionOutput {
  /** output `[batch, pos, d]`, including the bias */
  out: Value;
  /** weighted sum of values per head, `[batch, pos, H, d_head]` */
  z: Value;
  /** rotated keys, and values, of these positions, `[batch, H, pos, d_head]` */
  present: KeysValues;
  /** rotated queries, `[batch, H, pos, d_head]` */
  queries: Value;
}

/** Returns q, k and v before rotation, each `[batch, H, pos, d_head]`, in the form that {@link attend} takes. */
function projections(
  x: Value | HeadInputs,
  w: AttentionWeights,
  context: BlockContext,
): Value[] {
  const { hooks, past } = context;
  const packed = "graph" in x ? packedProjections(x, w, context) : undefined;
  if (packed && !hooks.uses(...LETTERS.map((letter) => `attn.hook_${letter}`))) {
    hooks.save("qkv", packed.value);
    return unpackedHeadFirst(packed, past);
  }
  const letters = packed ? unpacked(packed) : headProjections(x as HeadInputs, w, context);
  return letters.map((value, j) =>
    transpose(hooks.at(`attn.hook_${LETTERS[j]}`, value), [0, 2, 1, 3])
  );
}

/** Computes the attention of one layer; see the header. */
export function attention(
  x: Value | HeadInputs,
  w: AttentionWeights,
  context: BlockContext,
): AttentionOutput {
  if (context.config.llama) {
    const heads = "graph" in x
      ? llamaProjections(x, w, context)
      : llamaHeadProjections(x, w, context);
    const attended = attend(heads, context);
    return { ...attended, out: headOutputs(attended.z, w, context) };
  }
  const [q, k, v] = projections(x, w, context);
  const attended = attend({ q, k, v }, context);
  return { ...attended, out: headOutputs(attended.z, w, context) };
}

/**
 * Computes z `[batch, pos, heads, d_head]` from queries, keys and values before rotation, each
 * `[batch, heads, pos, d_head]`. Takes any number of heads. Keys and values may be grouped; `own` then are those of every
 * query head, which take the gradient.
 */
export function attend(
  { q, k, v, own }: { q: Value; k: Value; v: Value; own?: OwnProjections },
  context: BlockContext,
): Omit<AttentionOutput, "out"> {
  const { config, sequence, hooks } = context;
  if (context.past?.sharedBy !== undefined && !config.llama) {
    return attendShared({ q, k, v }, { ...context, past: context.past });
  }
  const past = context.past && repeated(context.past);
  const queries = rotate(q, sequence);
  const present = { k: rotate(k, sequence), v };
  hooks.save("q", queries);
  hooks.save("k", present.k);
  hooks.save("v", present.v);
  const keys = past ? concat([perHead(past.k, k, config), present.k], 2) : present.k;
  const values = past ? concat([perHead(past.v, v, config), present.v], 2) : present.v;

  const grouped = own !== undefined && own.k !== k;
  const ownKeys = grouped ? joined(past?.k, rotate(own.k, sequence), config) : keys;
  const ownValues = grouped ? joined(past?.v, own.v, config) : values;
  const scaled = mul(queries, config.llama?.scoreScale ?? 1 / Math.sqrt(config.dHead));
  const products = capped(groupedScores(scaled, keys, ownKeys), config.llama?.scoreCap);
  const scores = hooks.at("attn.hook_attn_scores", add(products, sequence.mask));
  const weights = softmax(scores);
  hooks.save("pattern", weights);
  const pattern = hooks.at("attn.hook_pattern", weights);
  const z = hooks.at(
    "attn.hook_z",
    transpose(groupedValues(pattern, values, ownValues), [0, 2, 1, 3]),
  );
  return { z, present, queries };
}

/** Joins earlier keys or values, repeated for every query head, and those of every query head. */
function joined(past: Value | undefined, own: Value, config: ModelConfig): Value {
  return past ? concat([ungrouped(past, 1, config), own], 2) : own;
}

/** Returns shared earlier keys or values, repeated where the later ones belong to single query heads. */
function perHead(past: Value, { shape: [, heads] }: Value, config: ModelConfig): Value {
  const apart = heads === config.nHeads && past.shape[1] !== heads;
  return apart ? ungrouped(past, 1, config) : past;
}

/** Returns `cap·tanh(x/cap)`. */
export function capped(x: Value, cap?: number): Value {
  return cap === undefined ? x : mul(tanh(mul(x, 1 / cap)), cap);
}

/** Returns the attention output `Σ_h z_h·W_O[h] + b_O`, `[batch, pos, d]`. */
export function headOutputs(
  z: Value,
  w: AttentionWeights,
  { config, hooks }: LayerContext,
): Value {
  const [b, p] = z.shape;
  if (!hooks.uses("attn.hook_result")) {
    const width = config.nHeads * config.dHead;
    return linear(reshape(z, [b, p, width]), w.o_w, storedOutIn(config), w.o_b);
  }
  return add(sum(hooks.at("attn.hook_result", headResults(z, w.o_w, config)), [2]), w.o_b);
}

/** Returns `z_h·W_O[h]` for every head, `[batch, pos, H, d]`. */
export function headResults(z: Value, o_w: Value, config: ModelConfig): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const [b, p] = z.shape;
  const rows = reshape(transpose(z, [2, 0, 1, 3]), [H, productDim([b, p]), e]);
  const results = matmul(rows, perHeadOutput(o_w, config));
  return transpose(reshape(results, [H, b, p, d]), [1, 2, 0, 3]);
}
