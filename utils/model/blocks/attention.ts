/**
 * Multi-head attention of GPT-NeoX and GPT-2, written once.
 *
 *  q, k, v = LN1(x)·W + b         one packed product where all heads read the same residual stream, otherwise one
 *                                  product per head and letter from the head's own copy of it ("split q/k/v input")
 *  rotary: q and k turn by an angle that grows with the position, on the first dimensions of each head (GPT-NeoX)
 *  pattern = softmax(q·kᵀ/√d_h + causal mask),  z = pattern·v,  output = Σ_h z_h·W_O[h] + b_O
 *
 * With a past (keys, after rotation, and values of earlier positions) the positions given are a suffix.
 */
import { LETTERS } from "../../names/mod.ts";
import {
  add,
  concat,
  layerNorm,
  linear,
  matmul,
  matmulT,
  mul,
  productDim,
  reshape,
  rotaryEmbedding,
  softmax,
  split,
  sum,
  transpose,
  type Value,
} from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import type { BlockContext, KeysValues, LayerContext, SequenceInputs } from "./context.ts";
import { packedAxes, perHeadOutput, perHeadWeights, storedOutIn } from "./head_weights.ts";
import { hookedNorm } from "./hooked_norm.ts";

export interface AttentionWeights {
  ln1_w: Value;
  ln1_b: Value;
  /** as stored: GPT-NeoX `[3d, d]` ordered head, letter; GPT-2 `[d, 3d]` ordered letter, head */
  qkv_w: Value;
  qkv_b: Value;
  /** GPT-NeoX `[d, d]` out × in; GPT-2 in × out */
  o_w: Value;
  o_b: Value;
}

/** Residual-stream copies that each head reads, head-first: `[H, batch, pos, d]`. */
export interface HeadInputs {
  q: Value;
  k: Value;
  v: Value;
}

/** q, k and v of one product in one array, and the places of its axes. */
export interface PackedProjections {
  /** `[batch, pos, H, 3, d_head]` (GPT-NeoX) or `[batch, pos, 3, H, d_head]` (GPT-2), as the weights are stored */
  value: Value;
  letterAxis: 2 | 3;
}

/** Projections of the residual stream x `[batch, pos, d]`, shared by all heads. */
export function packedProjections(
  x: Value,
  w: AttentionWeights,
  { config: c, hooks }: LayerContext,
): PackedProjections {
  const normalized = hookedNorm(x, w.ln1_w, w.ln1_b, c.layerNormEps, "ln1", hooks);
  const packed = linear(normalized, w.qkv_w, storedOutIn(c), w.qkv_b);
  const [b, p] = x.shape;
  const value = reshape(packed, [b, p, ...packedAxes(c), c.dHead]);
  return { value, letterAxis: storedOutIn(c) ? 3 : 2 };
}

/** q, k, v `[batch, pos, H, d_head]`. */
function unpacked({ value, letterAxis }: PackedProjections): Value[] {
  const shape = value.shape.toSpliced(letterAxis, 1);
  return split(value, letterAxis, [1, 1, 1]).map((part) => reshape(part, shape));
}

/** Width of heads up to which q, k and v are better moved at once than one by one. */
const NARROW = 32;

/** q, k, v `[batch, H, pos, d_head]`; for a past that K items share `[batch/K, H, K·pos, d_head]`. */
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
  // Without this reshape ONNX Runtime would split first and move three times.
  return split(reshape(moved, [3, productDim([b, H]), p, e]), 0, [1, 1, 1])
    .map((part) => reshape(part, [b, H, p, e]));
}

/** q, k, v `[batch, pos, H, d_head]` where each head reads its own copies of the residual stream. */
function headProjections(
  x: HeadInputs,
  w: AttentionWeights,
  { config: c, hooks }: LayerContext,
): Value[] {
  const { weights, biases } = perHeadWeights(w, c);
  return LETTERS.map((letter, j) => {
    const input = x[letter];
    const [, b, p] = input.shape;
    const norm = layerNorm(input, w.ln1_w, w.ln1_b, c.layerNormEps);
    hooks.save(`ln1.mean.${letter}`, norm.mean);
    hooks.save(`ln1.inverse.${letter}`, norm.inverseScale);
    const rows = reshape(norm.output, [c.nHeads, productDim([b, p]), c.dModel]);
    const product = storedOutIn(c) ? matmulT(rows, weights[j]) : matmul(rows, weights[j]);
    const biased = add(product, reshape(biases[j], [c.nHeads, 1, c.dHead]));
    return transpose(reshape(biased, [c.nHeads, b, p, c.dHead]), [1, 2, 0, 3]);
  });
}

function rotate(x: Value, { cos, sin }: SequenceInputs): Value {
  return cos && sin ? rotaryEmbedding(x, cos, sin) : x;
}

export interface AttentionOutput {
  /** `[batch, pos, d]`, bias included */
  out: Value;
  /** per-head weighted values `[batch, pos, H, d_head]` */
  z: Value;
  /** keys after rotation and values of these positions, `[batch, H, pos, d_head]` */
  present: KeysValues;
  /** queries after rotation, `[batch, H, pos, d_head]` */
  queries: Value;
}

/** q, k, v `[batch, H, pos, d_head]` before rotation, as {@link attend} takes them. */
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

/** Attention of one layer; see the header. */
export function attention(
  x: Value | HeadInputs,
  w: AttentionWeights,
  context: BlockContext,
): AttentionOutput {
  const [q, k, v] = projections(x, w, context);
  const attended = attend({ q, k, v }, context);
  return { ...attended, out: headOutputs(attended.z, w, context) };
}

/**
 * z `[batch, pos, heads, d_head]` of queries, keys and values `[batch, heads, pos, d_head]` before rotation; any number
 * of heads.
 */
export function attend(
  { q, k, v }: { q: Value; k: Value; v: Value },
  context: BlockContext,
): Omit<AttentionOutput, "out"> {
  const { config, sequence, hooks, past } = context;
  if (past?.sharedBy !== undefined) return attendShared({ q, k, v }, { ...context, past });
  const queries = rotate(q, sequence);
  const present = { k: rotate(k, sequence), v };
  hooks.save("q", queries);
  hooks.save("k", present.k);
  hooks.save("v", present.v);
  const keys = past ? concat([past.k, present.k], 2) : present.k;
  const values = past ? concat([past.v, present.v], 2) : present.v;

  const scaled = mul(queries, 1 / Math.sqrt(config.dHead));
  const scores = hooks.at("attn.hook_attn_scores", add(matmulT(scaled, keys), sequence.mask));
  const weights = softmax(scores);
  hooks.save("pattern", weights);
  const pattern = hooks.at("attn.hook_pattern", weights);
  const z = hooks.at("attn.hook_z", transpose(matmul(pattern, values), [0, 2, 1, 3]));
  return { z, present, queries };
}

/**
 * The same where K items of the batch share a past: their queries meet its keys and values in one product, and nothing
 * of the past is repeated. All are `[batch/K, heads, K·pos, d_head]`; scores and pattern have no hook points here.
 */
function attendShared(
  { q, k, v }: { q: Value; k: Value; v: Value },
  { config, sequence, hooks, past }: BlockContext & { past: KeysValues },
): Omit<AttentionOutput, "out"> {
  const [groups, H, rows, e] = q.shape;
  const [pos] = sequence.mask.shape;
  const items = productDim([groups, H, past.sharedBy!]);
  const own = (x: Value) => reshape(x, [items, pos, x.shape.at(-1)!]);
  const grouped = (x: Value) => reshape(x, [groups, H, rows, x.shape.at(-1)!]);
  // Saved as the operators leave them: a saved reshape is a copy.
  const [queries, keys] = [q, k].map((x) => rotate(reshape(x, [items, 1, pos, e]), sequence));
  hooks.save("q", queries);
  hooks.save("k", keys);
  hooks.save("v", v);

  const scaled = mul(queries, 1 / Math.sqrt(config.dHead));
  const toPast = own(matmulT(grouped(scaled), past.k));
  const scores = concat([toPast, matmulT(own(scaled), own(keys))], 2);
  const pattern = softmax(add(scores, sequence.mask));
  hooks.save("pattern", pattern);
  const [onPast, onOwn] = split(pattern, 2, [past.k.shape[2], pos]);
  const values = add(matmul(grouped(onPast), past.v), grouped(matmul(onOwn, own(v))));
  const batch = productDim([groups, past.sharedBy!]);
  const z = reshape(transpose(values, [0, 2, 1, 3]), [batch, pos, H, e]);
  return {
    z: hooks.at("attn.hook_z", z),
    present: { k: grouped(keys), v },
    queries: grouped(queries),
  };
}

/** `Σ_h z_h·W_O[h] + b_O`, `[batch, pos, d]`. */
export function headOutputs(
  z: Value,
  w: AttentionWeights,
  { config, hooks }: LayerContext,
): Value {
  const [b, p] = z.shape;
  if (!hooks.uses("attn.hook_result")) {
    return linear(reshape(z, [b, p, config.dModel]), w.o_w, storedOutIn(config), w.o_b);
  }
  return add(sum(hooks.at("attn.hook_result", headResults(z, w.o_w, config)), [2]), w.o_b);
}

/** `z_h·W_O[h]` of every head, `[batch, pos, H, d]`. */
export function headResults(z: Value, o_w: Value, config: ModelConfig): Value {
  const { nHeads: H, dHead: e, dModel: d } = config;
  const [b, p] = z.shape;
  const rows = reshape(transpose(z, [2, 0, 1, 3]), [H, productDim([b, p]), e]);
  const results = matmul(rows, perHeadOutput(o_w, config));
  return transpose(reshape(results, [H, b, p, d]), [1, 2, 0, 3]);
}
