/**
 * Builds one transformer block as a function from values to values, for every architecture:
 *
 *   parallel (GPT-NeoX):   x' = x + attention(LN1(x)) + mlp(LN2(x))
 *   sequential (GPT-2):    m = x + attention(LN1(x)),   x' = m + mlp(LN2(m))
 *
 * Llama-style blocks are sequential. Their MLP is gated, (act(y·W_gate) ⊙ (y·W_in))·W_out, and the outputs of attention and
 * MLP may pass a norm before they are added.
 *
 * Hook points have TransformerLens' names.
 */
import {
  add,
  expand,
  gelu,
  identity,
  linear,
  mul,
  productDim,
  relu,
  reshape,
  sigmoid,
  transpose,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import { attention } from "./attention.ts";
import { type BlockWeights, type MlpWeights } from "./block_weights.ts";
import { storedOutIn } from "./head_weights.ts";
import type { ModelConfig } from "../config.ts";
import { hookedNorm } from "./hooked_norm.ts";
import type { BlockContext, HeadInputs, KeysValues, LayerContext } from "./context.ts";

/** Applies the MLP's activation function element by element. */
export function activate(x: Value, config: ModelConfig): Value {
  if (config.activation === "relu") return relu(x);
  if (config.activation === "silu") return mul(x, sigmoid(x));
  return gelu(x, config.activation === "gelu_tanh" ? "tanh" : "none");
}

/**
 * Applies LN2, W_in, the activation and W_out to a residual stream `[…, d]`. Between the two products the leading axes
 * are flattened into one, because reshaping the widest activation there would copy it. A plan that uses `mlp.hook_pre` or
 * `mlp.hook_post` keeps the axes apart.
 */
export function mlp(x: Value, w: MlpWeights, { config, hooks }: LayerContext): Value {
  const normalized = config.llama?.preNorm === false
    ? x
    : hookedNorm(x, w.ln2_w, w.ln2_b, config, "ln2", hooks);
  const flat = !hooks.uses("mlp.hook_pre", "mlp.hook_pre_linear", "mlp.hook_post");
  const rows = flat
    ? reshape(normalized, [productDim(x.shape.slice(0, -1)), config.dModel])
    : normalized;
  if (config.llama) {
    const gate = hooks.at("mlp.hook_pre", linear(rows, w.gate_w!, true));
    const factor = hooks.at("mlp.hook_pre_linear", linear(rows, w.in_w, true));
    hooks.save("pre", gate);
    hooks.save("pre_linear", factor);
    const post = hooks.at("mlp.hook_post", mul(activate(gate, config), factor));
    return reshape(linear(post, w.out_w, true), x.shape);
  }
  const pre = hooks.at("mlp.hook_pre", linear(rows, w.in_w, storedOutIn(config), w.in_b));
  hooks.save("pre", pre);
  const post = hooks.at("mlp.hook_post", activate(pre, config));
  return reshape(linear(post, w.out_w, storedOutIn(config), w.out_b), x.shape);
}

/** Results of one block. */
export interface BlockOutput {
  /** residual stream after the block, `[batch, pos, d]` */
  residual: Value;
  /** rotated keys, and values, of these positions, `[batch, H, pos, d_head]` */
  present: KeysValues;
}

/** Applies a block to the residual stream x `[batch, pos, d]`. */
export function block(x: Value, w: BlockWeights, context: BlockContext): BlockOutput {
  const { hooks } = context;
  const pre = hooks.at("hook_resid_pre", x);
  const heads = hooks.uses("hook_q_input", "hook_k_input", "hook_v_input")
    ? splitInputs(pre, context)
    : pre;
  const attn = attention(heads, w, context);
  return { residual: afterAttention(pre, attn.out, w, context), present: attn.present };
}

/**
 * Returns the residual stream after a block, given its attention output. Wires parallel and sequential blocks. This part
 * does not mix positions, so `pre` and `attnOut` may have any axes before the last; they broadcast.
 */
export function afterAttention(
  pre: Value,
  attnOut: Value,
  w: MlpWeights,
  context: LayerContext,
): Value {
  const { config, hooks } = context;
  const attended = hooks.at("hook_attn_out", postNorm(attnOut, w.ln1_post_w, "ln1_post", context));
  const mid = config.parallel ? pre : hooks.at("hook_resid_mid", add(pre, attended));
  if (!config.parallel) hooks.save("mid", mid);
  const mlpIn = hooks.uses("hook_mlp_in") ? hooks.at("hook_mlp_in", identity(mid)) : mid;
  const mlpOut = hooks.at("hook_mlp_out", mlpOutput(mlpIn, w, context));
  const sum = config.parallel ? add(add(pre, attended), mlpOut) : add(mid, mlpOut);
  return hooks.at("hook_resid_post", sum);
}

/** Returns what the MLP adds to the residual stream, given what it reads: its output, after the norm if one follows. */
export function mlpOutput(x: Value, w: MlpWeights, context: LayerContext): Value {
  return postNorm(mlp(x, w, context), w.ln2_post_w, "ln2_post", context);
}

/** Applies the norm after attention or MLP where the model has one. Its bias is not used. */
function postNorm(
  x: Value,
  gain: Value | undefined,
  name: string,
  { config, hooks }: LayerContext,
): Value {
  return gain ? hookedNorm(x, gain, gain, config, name, hooks) : x;
}

/** Copies the residual stream for every head and letter, with hook points of shape `[batch, pos, H, d]`. */
function splitInputs(x: Value, { config, hooks }: LayerContext): HeadInputs {
  const [b, p, d] = x.shape;
  const copy = (point: "hook_q_input" | "hook_k_input" | "hook_v_input") =>
    transpose(hooks.at(point, expand(unsqueeze(x, 2), [b, p, config.nHeads, d])), [2, 0, 1, 3]);
  return { q: copy("hook_q_input"), k: copy("hook_k_input"), v: copy("hook_v_input") };
}
