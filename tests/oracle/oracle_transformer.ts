/**
 * A transformer in plain double-precision loops, one prompt at a time. Tests compare the ONNX graphs with it. It shares no
 * code with them and is written to be read, not to be fast.
 */
import type { ModelConfig } from "../../utils/model/config.ts";

/** Weights by `{unit}.{name}`, e.g. `0.qkv_w`, `embed.W_E`, in the stored layout of the architecture. */
export type OracleWeights = Record<string, ArrayLike<number>>;

/** A value at a hook point of one prompt; the first axis is the position (the head for scores and patterns). */
export interface HookValue {
  /** without a batch axis */
  shape: number[];
  /** row-major */
  data: Float64Array;
}

/** Called at every hook point, in the order of computation; may change `value.data` in place. */
export type Edit = (name: string, value: HookValue) => void;

/** What a run of the oracle returns. */
export interface OracleRun {
  /** `[pos, V]` */
  logits: Float64Array;
  /** values of all hook points, after edits */
  hooks: Map<string, HookValue>;
}

/** Returns `out[r, o] = Σ_i x[r, i] · weight(i, o) + bias(o)` */
function affine(
  x: Float64Array,
  [rows, width, outs]: [number, number, number],
  weight: (i: number, o: number) => number,
  bias: (o: number) => number,
): Float64Array {
  const out = new Float64Array(rows * outs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outs; o++) {
      let total = bias(o);
      for (let i = 0; i < width; i++) total += x[r * width + i] * weight(i, o);
      out[r * outs + o] = total;
    }
  }
  return out;
}

/** Returns Φ(x) by the series of erf, accurate to double precision for |x| < 8. */
function normalCdf(x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let term = x, total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total) && n < 500; n++) {
    term *= x * x / (2 * n + 1);
    total += term;
  }
  return 0.5 + total * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

const ACTIVATIONS: Record<ModelConfig["activation"], (x: number) => number> = {
  gelu: (x) => x * normalCdf(x),
  gelu_tanh: (x) => x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(0, x),
  silu: (x) => x / (1 + Math.exp(-x)),
};

/** Runs the model on one prompt, calling `edit` at every hook point. */
export function oracle(
  c: ModelConfig,
  w: OracleWeights,
  tokens: readonly number[],
  edit: Edit = () => {},
): OracleRun {
  const { nHeads: H, dHead: e, dModel: d, dMlp: m, vocabSize: V } = c;
  const P = tokens.length;
  const neox = c.architecture === "gpt_neox";
  const hooks = new Map<string, HookValue>();
  const at = (name: string, shape: number[], data: Float64Array): Float64Array => {
    const value = { shape, data: data.slice() };
    edit(name, value);
    hooks.set(name, value);
    return value.data;
  };
  /** returns a stored matrix from `ins` to `outs` as a function of both indices */
  const matrix = (name: string, ins: number, outs: number) => (i: number, o: number) =>
    neox ? w[name][o * ins + i] : w[name][i * outs + o];
  const rows = (table: ArrayLike<number>, ids: readonly number[]) =>
    Float64Array.from({ length: P * d }, (_, i) => table[ids[Math.floor(i / d)] * d + i % d]);
  const plus = (...parts: Float64Array[]) =>
    parts[0].map((_, i) => parts.reduce((total, part) => total + part[i], 0));

  const layerNorm = (hook: string | undefined, x: Float64Array, weights: string) => {
    const n = x.length / d;
    const row = (r: number) => x.subarray(r * d, (r + 1) * d);
    const average = (v: Float64Array) => v.reduce((a, b) => a + b, 0) / d;
    const means = Float64Array.from({ length: n }, (_, r) => average(row(r)));
    let scale = means.map((mean, r) =>
      Math.sqrt(average(row(r).map((v) => (v - mean) ** 2)) + c.layerNormEps)
    );
    if (hook) scale = at(`${hook}.hook_scale`, [n, 1], scale) as typeof scale;
    const [gamma, beta] = [w[`${weights}_w`], w[`${weights}_b`]];
    const out = x.map((v, i) => {
      const r = Math.floor(i / d);
      return (v - means[r]) / scale[r] * gamma[i % d] + beta[i % d];
    });
    return hook ? at(`${hook}.hook_normalized`, [n, d], out) : out;
  };

  /** rotates the first `rotaryDims` of a head's vectors by angle position · base^(−2i/dims), pairs (i, i + dims/2) */
  const rotate = (x: Float64Array) => {
    const out = x.slice(), half = c.rotaryDims / 2;
    for (let p = 0; p < P; p++) {
      for (let h = 0; h < H; h++) {
        for (let i = 0; i < half; i++) {
          const a = (p * H + h) * e + i, b = a + half;
          const angle = p / c.rotaryBase ** (2 * i / c.rotaryDims);
          out[a] = x[a] * Math.cos(angle) - x[b] * Math.sin(angle);
          out[b] = x[b] * Math.cos(angle) + x[a] * Math.sin(angle);
        }
      }
    }
    return out;
  };

  let residual = at("hook_embed", [P, d], rows(w["embed.W_E"], tokens));
  if (!neox) {
    const positions = rows(w["embed.W_pos"], tokens.map((_, p) => p));
    residual = plus(residual, at("hook_pos_embed", [P, d], positions));
  }
  for (let l = 0; l < c.nLayers; l++) {
    const b = `blocks.${l}`;
    const pre = at(`${b}.hook_resid_pre`, [P, d], residual);
    const [q, k, v] = ["q", "k", "v"].map((letter, j) => {
      const copies = Float64Array.from(
        { length: P * H * d },
        (_, i) => pre[Math.floor(i / (H * d)) * d + i % d],
      );
      const input = at(`${b}.hook_${letter}_input`, [P, H, d], copies);
      const column = (h: number, i: number) => neox ? (h * 3 + j) * e + i : (j * H + h) * e + i;
      const weight = matrix(`${l}.qkv_w`, d, 3 * d);
      const out = new Float64Array(P * H * e);
      // LayerNorm hooks show the stream that all heads share; edit them only where the heads' copies are not edited.
      const normed = layerNorm(undefined, input, `${l}.ln1`);
      const shared = j === 0
        ? layerNorm(`${b}.ln1`, pre, `${l}.ln1`)
        : hooks.get(`${b}.ln1.hook_normalized`)!.data;
      const plain = layerNorm(undefined, pre, `${l}.ln1`);
      for (let p = 0; p < P; p++) {
        for (let h = 0; h < H; h++) {
          const x = normed.subarray((p * H + h) * d, (p * H + h + 1) * d)
            .map((value, i) => value + shared[p * d + i] - plain[p * d + i]);
          const head = affine(
            x,
            [1, d, e],
            (i, o) => weight(i, column(h, o)),
            (o) => w[`${l}.qkv_b`][column(h, o)],
          );
          out.set(head, (p * H + h) * e);
        }
      }
      return at(`${b}.attn.hook_${letter}`, [P, H, e], out);
    });
    const [rq, rk] = [rotate(q), rotate(k)];
    const dot = (p: number, s: number, h: number) => {
      let total = 0;
      for (let i = 0; i < e; i++) total += rq[(p * H + h) * e + i] * rk[(s * H + h) * e + i];
      return total;
    };
    const cells = Array.from({ length: H * P * P }, (_, i) => i);
    const place = (i: number) => [Math.floor(i / (P * P)), Math.floor(i / P) % P, i % P];
    const scores = at(
      `${b}.attn.hook_attn_scores`,
      [H, P, P],
      Float64Array.from(cells, (i) => {
        const [h, p, s] = place(i);
        return s > p ? -Infinity : dot(p, s, h) / Math.sqrt(e);
      }),
    );
    const pattern = at(
      `${b}.attn.hook_pattern`,
      [H, P, P],
      Float64Array.from(cells, (i) => {
        const row = scores.subarray(i - i % P, i - i % P + P);
        const top = Math.max(...row);
        return Math.exp(scores[i] - top) / row.reduce((t, s) => t + Math.exp(s - top), 0);
      }),
    );
    const z = new Float64Array(P * H * e);
    for (const i of cells) {
      const [h, p, s] = place(i);
      for (let o = 0; o < e; o++) z[(p * H + h) * e + o] += pattern[i] * v[(s * H + h) * e + o];
    }
    const heads = at(`${b}.attn.hook_z`, [P, H, e], z);
    const output = matrix(`${l}.o_w`, d, d);
    const result = new Float64Array(P * H * d);
    for (let r = 0; r < P * H; r++) {
      const part = affine(
        heads.subarray(r * e, (r + 1) * e),
        [1, e, d],
        (i, o) => output((r % H) * e + i, o),
        () => 0,
      );
      result.set(part, r * d);
    }
    const results = at(`${b}.attn.hook_result`, [P, H, d], result);
    const summed = Float64Array.from({ length: P * d }, (_, i) => {
      let total = w[`${l}.o_b`][i % d];
      for (let h = 0; h < H; h++) total += results[(Math.floor(i / d) * H + h) * d + i % d];
      return total;
    });
    const attnOut = at(`${b}.hook_attn_out`, [P, d], summed);
    const mid = c.parallel ? pre : at(`${b}.hook_resid_mid`, [P, d], plus(pre, attnOut));
    const mlpIn = at(`${b}.hook_mlp_in`, [P, d], mid);
    const ln2 = layerNorm(`${b}.ln2`, mlpIn, `${l}.ln2`);
    const hidden = at(
      `${b}.mlp.hook_pre`,
      [P, m],
      affine(ln2, [P, d, m], matrix(`${l}.in_w`, d, m), (o) => w[`${l}.in_b`][o]),
    );
    const post = at(`${b}.mlp.hook_post`, [P, m], hidden.map(ACTIVATIONS[c.activation]));
    const mlpOut = at(
      `${b}.hook_mlp_out`,
      [P, d],
      affine(post, [P, m, d], matrix(`${l}.out_w`, m, d), (o) => w[`${l}.out_b`][o]),
    );
    residual = c.parallel ? plus(pre, attnOut, mlpOut) : plus(mid, mlpOut);
    residual = at(`${b}.hook_resid_post`, [P, d], residual);
  }
  const final = layerNorm("ln_final", residual, "unembed.ln_f");
  const logits = affine(final, [P, d, V], (i, o) => w["unembed.W_U"][o * d + i], () => 0);
  return { logits, hooks };
}
