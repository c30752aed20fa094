/**
 * The frozen model of an attribution graph in plain double-precision loops: attention patterns and LayerNorm scales are those
 * of the clean run, and coders with their errors take the places of the MLPs. What is left is an affine function of what the
 * nodes write. The oracle runs it forward once per node, with that node alone and without any other constant, and reads every
 * feature and the target. It shares no code with the graph, which walks backwards from what is read.
 */
import type { ModelConfig } from "../../utils/model/mod.ts";
import type { BiasNode } from "../../utils/feature_circuits/mod.ts";
import type { Coder } from "../../utils/transcoders/mod.ts";
import { type PlainRow, plainRow } from "../support/coder_cases.ts";
import { oracle, type OracleRun, type OracleWeights } from "./oracle_transformer.ts";

/** The difference of two logits at the last position. */
export type LogitPair = readonly [above: number, below: number];

/** A graph in double precision. K features, one target. */
export interface FrozenOracle {
  /** (layer, position, feature) of the active features, in this order */
  features: number[];
  /** pre-activations and the target in the model itself, `[K + 1]` */
  values: number[];
  /** edges `[K + 1, columns]`: features, errors, tokens with their position embeddings, the given bias nodes */
  edges: number[][];
}

/** What one run of the frozen model starts from. */
interface Written {
  /** vectors at MLP outputs, by layer `[n·d]` */
  mlp: Float64Array[];
  /** the position whose token is there */
  token?: number;
  /** the constant that is there */
  bias?: BiasNode;
}

/** Constants of attention and the final LayerNorm by the origin that has them. */
const BIASES: Record<string, BiasNode["origin"]> = {
  ln1_b: "attention_value",
  qkv_b: "attention_value",
  o_b: "attention_output",
  ln_f_b: "reading",
};

/** Returns the graph of a prompt; `biases` says which constants have columns. */
export function frozenOracle(
  config: ModelConfig,
  weights: OracleWeights,
  coders: readonly Coder[],
  tokens: readonly number[],
  [above, below]: LogitPair,
  biases: readonly BiasNode[],
): FrozenOracle {
  const { nLayers: L, dModel: d, vocabSize: V } = config, n = tokens.length;
  const layers = Array.from({ length: L }, (_, l) => l);
  const positions = Array.from({ length: n }, (_, p) => p);
  const clean = oracle(config, weights, tokens);

  /** What a coder reads at a position; the LayerNorm's bias only if it is to be there. */
  const inputOf = (layer: number, p: number, { hooks }: Pick<OracleRun, "hooks">, bias = true) => {
    const { inputHook } = coders[layer].config, block = `blocks.${layer}`;
    const before = inputHook.endsWith("hook_resid_pre");
    const stream = hooks.get(`${block}.${before ? "hook_resid_pre" : "hook_mlp_in"}`)!;
    const x = stream.data.slice(p * d, (p + 1) * d);
    if (/hook_resid_(pre|mid)$/.test(inputHook)) return x;
    const mean = x.reduce((a, b) => a + b, 0) / d;
    const scale = clean.hooks.get(`${block}.ln2.hook_scale`)!.data[p];
    const bare = x.map((v) => (v - mean) / scale);
    if (inputHook.endsWith("ln2.hook_normalized")) return bare;
    const [g, b] = [weights[`${layer}.ln2_w`], weights[`${layer}.ln2_b`]];
    return bare.map((v, j) => v * g[j] + (bias ? b[j] : 0));
  };
  const readsBias = (layer: number) => coders[layer].config.inputHook.endsWith("mlp.hook_in");

  /** Adds W_skip·x to a row of MLP outputs. */
  const addSkip = (layer: number, x: ArrayLike<number>, out: Float64Array) => {
    const { W_skip } = coders[layer].weights;
    if (!W_skip) return;
    for (let j = 0; j < d; j++) {
      for (let i = 0; i < d; i++) out[j] += W_skip.data[j * d + i] * x[i];
    }
  };

  /** Runs the frozen model from what one node writes. */
  const frozen = ({ mlp, token, bias }: Written): OracleRun => {
    const linear = Object.fromEntries(
      Object.entries(weights).map(([name, values]) => {
        const [unit, feed] = name.split("."), origin = BIASES[feed];
        const here = bias?.origin === origin &&
          (bias?.layer === undefined || `${bias.layer}` === unit);
        return [name, origin && !here ? new Float64Array(values.length) : values];
      }),
    );
    const hooks: OracleRun["hooks"] = new Map();
    return oracle(config, linear, tokens, (name, value) => {
      hooks.set(name, value);
      const { data } = value;
      if (name === "hook_embed" || name === "hook_pos_embed") {
        data.forEach((_, i) => Math.floor(i / d) === token || (data[i] = 0));
      }
      if (/hook_(pattern|scale)$/.test(name)) data.set(clean.hooks.get(name)!.data);
      const layer = Number(/^blocks\.(\d+)\.hook_mlp_out$/.exec(name)?.[1] ?? NaN);
      if (Number.isNaN(layer)) return;
      data.set(mlp[layer]);
      const constant = bias?.layer === layer && bias.origin === "skip" && readsBias(layer);
      for (const p of positions) {
        const row = data.subarray(p * d, (p + 1) * d);
        addSkip(layer, inputOf(layer, p, { hooks }, constant), row);
        if (bias?.layer !== layer || bias.origin !== "decoder") continue;
        row.forEach((_, j) => row[j] += coders[layer].weights.b_dec.data[j]);
      }
    });
  };

  const nothing = () => layers.map(() => new Float64Array(n * d));
  const rows: PlainRow[][] = layers.map((layer) =>
    positions.map((p) => plainRow(coders[layer], inputOf(layer, p, clean)))
  );
  const features = layers.flatMap((layer) =>
    positions.flatMap((p) => rows[layer][p].a.flatMap((a, f) => a === 0 ? [] : [[layer, p, f]]))
  );
  const written = features.map(([layer, p, f]) => {
    const { config: { decoderLayers = [layer] }, weights: { W_dec } } = coders[layer];
    const mlp = nothing(), a = rows[layer][p].a[f];
    decoderLayers.forEach((to, at) => {
      for (let j = 0; j < d; j++) {
        mlp[to][p * d + j] = a * W_dec.data[(f * decoderLayers.length + at) * d + j];
      }
    });
    return mlp;
  });
  // An error is what the MLP gives and neither the features, nor b_dec, nor the linear path of its layer do.
  const errors = layers.flatMap((layer) =>
    positions.map((p) => {
      const made = new Float64Array(d);
      addSkip(layer, inputOf(layer, p, clean), made);
      const out = clean.hooks.get(`blocks.${layer}.hook_mlp_out`)!.data, mlp = nothing();
      for (let j = 0; j < d; j++) {
        for (const part of written) made[j] += part[layer][p * d + j];
        mlp[layer][p * d + j] = out[p * d + j] - made[j] - coders[layer].weights.b_dec.data[j];
      }
      return mlp;
    })
  );
  const target = ({ logits }: OracleRun) => {
    const last = logits.subarray((n - 1) * V, n * V);
    return last[above] - last[below];
  };
  const columns = [
    ...[...written, ...errors].map((mlp): Written => ({ mlp })),
    ...positions.map((token): Written => ({ mlp: nothing(), token })),
    ...biases.map((bias): Written => ({ mlp: nothing(), bias })),
  ].map((source) => {
    const run = frozen(source), reads = source.bias?.origin === "reading";
    const pre = features.map(([layer, p, f]) => {
      const { W_enc: { data }, b_enc } = coders[layer].weights;
      return inputOf(layer, p, run, reads).reduce(
        (sum, x, i) => sum + data[f * d + i] * x,
        reads ? b_enc.data[f] : 0,
      );
    });
    return [...pre, target(run)];
  });
  return {
    features: features.flat(),
    values: [...features.map(([layer, p, f]) => rows[layer][p].pre[f]), target(clean)],
    edges: [...features, 0].map((_, r) => columns.map((column) => column[r])),
  };
}
