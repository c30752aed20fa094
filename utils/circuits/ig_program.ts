/**
 * One block of the gradient passes of EAP and EAP-IG, for N prompts × K path points at once.
 *
 * Wanted for every destination of the layer is the gradient at its input summed over the path points,
 * Ĝ = Σ_k J_k u_k, where u_k = γ ⊙ (W·dy_k) is the cotangent behind the LayerNorm (dy the cotangent of the query, key,
 * value or pre-activation, W its weight) and J = (I − 11ᵀ/d − x̂x̂ᵀ/d)/σ the symmetric Jacobian of the normalisation.
 * With x̂·u = (γ ⊙ x̂)ᵀW·dy = dy·(y − c), c = b + Wᵀβ the part of y that does not depend on x̂,
 *
 *   Ĝ = γ ⊙ (W·a) − mean(γ ⊙ (W·a))·1 − Σ_k s_k x̂_k,    a = Σ_k dy_k/σ_k,    s_k = dy_k·(y_k − c)/(d σ_k)
 *
 * (identity 2). So a pass only adds up a, in head space, and Σ_k s_k x̂_k; the product with W and with the source
 * differences waits for the end of the batch (`destination_gradients.ts`). What remains per path point is a plain
 * forward and a plain backward pass. The path weights w_k come in with the cotangent of the metric.
 *
 * Sessions: forward (x → residual, saved), backward (x, saved, cotangent, running sums → dx, new sums). For
 * EAP-IG-activations a variant replaces the attention's or the MLP's output by clean + (1 − α)(corrupted − clean).
 */
import {
  add,
  concat,
  expand,
  gradients,
  Graph,
  linear,
  matmul,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../onnx/mod.ts";
import { type KeysValues, perHeadWeights, storedOutIn } from "../model/attention.ts";
import { block, type BlockWeights } from "../model/block.ts";
import type { ModelConfig } from "../model/config.ts";
import { HookPoints, POS } from "../model/hooks.ts";
import { sequenceInputs } from "../model/sequence.ts";
import { declareWeights } from "../model/stack.ts";

/** Which output of the block is interpolated inside it. */
export type Replacement = "attention" | "mlp";

export interface IgProgram {
  forward: Session;
  backward: Session;
  /** forward results that the backward session takes */
  saved: string[];
  release(): Promise<void>;
}

const N = "prompts", K = "steps";
const BATCH = productDim([N, K]);

/** Hook points of a block whose z or MLP output is a given value. */
class ReplacingHooks extends HookPoints {
  constructor(private readonly replacements: Record<string, Value>) {
    super({});
  }
  override at(point: string, value: Value): Value {
    return super.at(point, this.replacements[point] ?? value);
  }
}

/** Names of the running sums, and their shapes. */
export function sumShapes(config: ModelConfig): Record<string, (string | number)[]> {
  const { nHeads: H, dHead: e, dModel: d, dMlp: m } = config;
  return {
    a_q: [N, POS, H, e],
    a_k: [N, POS, H, e],
    a_v: [N, POS, H, e],
    a_mlp: [N, POS, m],
    /** Σ_k s_k x̂_k per destination: q heads, k heads, v heads, MLP */
    projected: [N, POS, 3 * H + 1, d],
    /** gradients at the outputs of heads and MLP, for node attribution */
    g_heads: [N, POS, d],
    g_mlp: [N, POS, d],
  };
}

/** Builds and compiles the two sessions. */
export async function compileIgProgram(
  config: ModelConfig,
  past: boolean,
  replacement: Replacement | undefined,
  options: SessionOptions,
): Promise<IgProgram> {
  const { dModel: d } = config;
  const g = new Graph();
  const x4 = g.input("x", [N, K, POS, d]);
  const weights = declareWeights(g, config, 0);
  const sequence = sequenceInputs(g, config, past);
  const hooks = new ReplacingHooks(replacement ? replacements(g, config, replacement) : {});
  const x = reshape(x4, [BATCH, POS, d]);
  const out = block(x, weights, sequence, config, hooks, past ? pastInputs(g, config) : undefined);
  const residual = reshape(out.residual, [N, K, POS, d]);

  const cotangent = g.input("d_residual", [N, K, POS, d]);
  const saved = Object.fromEntries(hooks.saved);
  const names = ["attn.hook_q", "attn.hook_k", "attn.hook_v", "mlp.hook_pre"];
  const wrt = [
    x,
    ...names.map((name) => hooks.values.get(name)!),
    saved["saved:q"],
    saved["saved:k"],
    ...(config.parallel ? [] : [saved["saved:mid"]]),
  ];
  const [dx, dq, dk, dv, dpre, dqRotated, dkRotated, dMid] = gradients(
    [residual],
    [cotangent],
    wrt,
  );

  const statistics = (norm: string) =>
    [hooks.saved.get(`saved:${norm}.mean`)!, hooks.saved.get(`saved:${norm}.inverse`)!] as const;
  const [mean1, inverse1] = statistics("ln1"), [mean2, inverse2] = statistics("ln2");
  const normalised1 = mul(sub(x, mean1), inverse1);
  const normalised2 = config.parallel ? normalised1 : mul(sub(saved["saved:mid"], mean2), inverse2);

  const overSteps = (v: Value) => sum(reshape(v, [N, K, POS, ...v.shape.slice(2)]), [1]);
  const c = constants(weights, config);
  const inverseHeads = unsqueeze(inverse1, -1);
  const pairs: [Value, Value, Value, Value][] = [
    [dq, dqRotated, saved["saved:q"], c.heads[0]],
    [dk, dkRotated, saved["saved:k"], c.heads[1]],
    [dv, transpose(dv, [0, 2, 1, 3]), saved["saved:v"], c.heads[2]],
  ];
  // Rotations keep inner products, so dy·y is taken behind them, where y is saved. [batch, pos, H]
  const along = pairs.map(([dy, dyRotated, y, constant]) =>
    sub(transpose(sum(mul(dyRotated, y), [-1]), [0, 2, 1]), sum(mul(dy, constant), [-1]))
  );
  const pre = saved["saved:pre"];
  const alongMlp = sub(sum(mul(dpre, pre), [-1], true), sum(mul(dpre, c.mlp), [-1], true));
  const factor = (t: Value, inverse: Value) => mul(t, mul(inverse, 1 / d));
  const headFactors = factor(concat(along, 2), inverse1);
  const mlpFactor = factor(alongMlp, inverse2);
  const contract = (factors: Value, normalised: Value) => {
    const s = transpose(reshape(factors, [N, K, POS, factors.shape[2]]), [0, 2, 3, 1]);
    return matmul(s, transpose(reshape(normalised, [N, K, POS, d]), [0, 2, 1, 3]));
  };
  const projected = config.parallel
    ? contract(concat([headFactors, mlpFactor], 2), normalised1)
    : concat([contract(headFactors, normalised1), contract(mlpFactor, normalised2)], 2);

  const sums: Record<string, Value> = {
    a_q: overSteps(mul(dq, inverseHeads)),
    a_k: overSteps(mul(dk, inverseHeads)),
    a_v: overSteps(mul(dv, inverseHeads)),
    a_mlp: overSteps(mul(dpre, inverse2)),
    projected,
    g_heads: config.parallel ? sum(cotangent, [1]) : overSteps(dMid),
    g_mlp: sum(cotangent, [1]),
  };
  const shapes = sumShapes(config);
  const accumulated = Object.fromEntries(
    Object.entries(sums).map((
      [name, value],
    ) => [name, add(g.input(`sum:${name}`, shapes[name]), value)]),
  );
  const backward = await Session.compile(
    { dx: reshape(dx, [N, K, POS, d]), ...accumulated },
    saved,
    options,
  );
  const needed = backward.inputNames.filter((name) => name in saved);
  const forward = await Session.compile(
    { residual, ...Object.fromEntries(needed.map((name) => [name, saved[name]])) },
    {},
    options,
  );
  const release = async () => {
    await forward.release();
    await backward.release();
  };
  return { forward, backward, saved: needed, release };
}

/** Keys and values of the prefix, the same at every path point. */
function pastInputs(g: Graph, { nHeads: H, dHead: e }: ModelConfig): KeysValues {
  const repeated = (name: string) => {
    const value = unsqueeze(g.input(name, [N, H, "past", e]), 1);
    return reshape(expand(value, [N, K, H, "past", e]), [BATCH, H, "past", e]);
  };
  return { k: repeated("past_k"), v: repeated("past_v") };
}

/** clean + (1 − α)(corrupted − clean) of the attention's z or the MLP's output, per path point. */
function replacements(g: Graph, config: ModelConfig, which: Replacement): Record<string, Value> {
  const [point, tail] = which === "attention"
    ? ["attn.hook_z", [config.nHeads, config.dHead]] as const
    : ["hook_mlp_out", [config.dModel]] as const;
  const clean = unsqueeze(g.input("clean_output", [N, POS, ...tail]), 1);
  const corrupted = unsqueeze(g.input("corrupted_output", [N, POS, ...tail]), 1);
  const rest = reshape(g.input("one_minus_alpha", [K]), [1, K, 1, ...tail.map(() => 1)]);
  const value = add(clean, mul(rest, sub(corrupted, clean)));
  return { [point]: reshape(value, [BATCH, POS, ...tail]) };
}

/** c = b + Wᵀβ of queries, keys and values `[H, d_head]` and of the MLP's pre-activations `[m]`. */
function constants(w: BlockWeights, config: ModelConfig): { heads: Value[]; mlp: Value } {
  const { dModel: d, dMlp: m } = config;
  const outIn = storedOutIn(config);
  const bias = (beta: Value, weight: Value, b: Value, size: number) =>
    add(reshape(linear(reshape(beta, [1, d]), weight, outIn), [size]), b);
  const packed = bias(w.ln1_b, w.qkv_w, w.qkv_b, 3 * d);
  const { biases } = perHeadWeights({ qkv_w: w.qkv_w, qkv_b: packed }, config);
  return { heads: biases, mlp: bias(w.ln2_b, w.in_w, w.in_b, m) };
}
