/** How well a model tells later years from earlier ones, as transcoder_circuits scores it. */
import { type Prompts, type RunOptions } from "../utils/model/mod.ts";
import type { FeatureModel } from "../utils/experiments/mod.ts";
import { type F32, tensor } from "../utils/onnx/mod.ts";
import {
  attentionsBelow,
  deEmbedding,
  featureVector,
  layerOv,
  throughOv,
} from "../utils/feature_circuits/mod.ts";
import { type Coder, replacement, runCoders } from "../utils/transcoders/mod.ts";

/** Prompts that differ in the two digits of the year, and the tokens of all two-digit years. */
export interface YearPrompts {
  /** two digits of each prompt's year */
  years: number[];
  prompts: number[][];
  /** tokens of "00" … "99" */
  digits: number[];
  /** position of the year's two digits */
  at: number;
}

/** Returns the prompts "The {noun} lasted from the year {century}YY to the year {century}" with YY from 2 to 98. */
export function yearPrompts(
  { tokenizer }: FeatureModel,
  noun: string,
  century: number,
): YearPrompts {
  if (!tokenizer) throw new Error("the model has no tokenizer.json");
  const two = (yy: number) => String(yy).padStart(2, "0");
  const digits = Array.from({ length: 100 }, (_, yy) => {
    const [, token, ...more] = tokenizer.encode(` ${century}${two(yy)}`);
    if (token === undefined || more.length > 0) {
      throw new Error(`expected two tokens for the year ${century}${two(yy)}`);
    }
    return token;
  });
  const years = Array.from({ length: 97 }, (_, i) => i + 2);
  const prompts = years.map((yy) =>
    tokenizer.encode(
      `The ${noun} lasted from the year ${century}${two(yy)} to the year ${century}`,
    )
  );
  return { years, prompts, digits, at: prompts[0].indexOf(digits[years[0]]) };
}

/** Returns P(later years) − P(the year and earlier ones) for each prompt, among the tokens of two-digit years. */
export async function yearScores(
  { model }: FeatureModel,
  { years, prompts, digits }: YearPrompts,
  options: RunOptions = {},
): Promise<number[]> {
  const { data, shape: [, V] } = await model.logits(
    prompts,
    prompts.map((tokens) => tokens.length - 1),
    options,
  );
  return years.map((yy, n) => {
    const own = digits.map((token) => data[n * V + token]);
    const largest = Math.max(...own);
    const odds = own.map((logit) => Math.exp(logit - largest));
    const total = odds.reduce((a, b) => a + b);
    return odds.reduce((sum, p, year) => sum + (year > yy ? p : -p) / total, 0);
  });
}

/** Activations at the last position of each prompt, `[prompts][width]`, of a layer's features and of its MLP's neurons. */
export async function lastActivations(
  { model, coders }: FeatureModel,
  { prompts }: YearPrompts,
  layer: number,
): Promise<{ features: Float32Array[]; neurons: Float32Array[] }> {
  const [run] = await runCoders(model, [coders[layer]], prompts);
  const hook = `blocks.${layer}.mlp.hook_post`;
  const post = (await model.run(prompts, { read: [hook] })).hooks.get(hook)!;
  const lastOf = ({ data, shape }: F32) => {
    const [, P, width] = shape.length === 3 ? shape : [0, prompts[0].length, shape[1]];
    return prompts.map((tokens, n) => {
      const at = (n * P + tokens.length - 1) * width;
      return data.slice(at, at + width);
    });
  };
  return { features: lastOf(run.activations), neurons: lastOf(post as F32) };
}

/** Returns the columns of `[prompts][width]` with the largest variance over prompts, the largest first. */
export function mostVarying(activations: readonly Float32Array[]): number[] {
  const n = activations.length;
  const variance = Array.from(activations[0], (_, i) => {
    const mean = activations.reduce((sum, row) => sum + row[i], 0) / n;
    return activations.reduce((sum, row) => sum + (row[i] - mean) ** 2, 0) / n;
  });
  return Array.from(variance.keys()).sort((a, b) => variance[b] - variance[a]);
}

/** Returns a coder that writes only some of its features; the output bias stays. */
export function withFeatures(coder: Coder, kept: Iterable<number>): Coder {
  const { W_dec } = coder.weights, { features } = coder.config;
  const width = W_dec.data.length / features;
  const data = new Float32Array(W_dec.data.length);
  for (const f of kept) {
    data.set(W_dec.data.subarray(f * width, (f + 1) * width), f * width);
  }
  return { ...coder, weights: { ...coder.weights, W_dec: tensor(data, W_dec.shape) } };
}

/** Returns run options in which a layer's MLP has only some of its neurons, at all positions; the output bias stays. */
export async function withNeurons(
  { model }: FeatureModel,
  prompts: Prompts,
  layer: number,
  kept: Iterable<number>,
): Promise<RunOptions> {
  const hook = `blocks.${layer}.mlp.hook_post`;
  const post = (await model.run(prompts, { read: [hook] })).hooks.get(hook)!;
  const width = post.shape.at(-1)!;
  const stays = new Set(kept);
  const value = Float32Array.from(
    post.data as Float32Array,
    (x, i) => stays.has(i % width) ? x : 0,
  );
  return { patches: [{ hook, value: tensor(value, post.shape) }] };
}

/** Returns run options with a coder in place of a layer's MLP. */
export function withCoder({ model }: FeatureModel, coder: Coder): RunOptions {
  return replacement(model, { coders: [coder] });
}

/** Returns the head below a layer's MLP input that attends most from the end of the prompts to the year's two digits. */
export async function headOfYears(
  { model, coders }: FeatureModel,
  { prompts, at }: YearPrompts,
  layer: number,
): Promise<{ layer: number; head: number; attention: number }> {
  const below = attentionsBelow(model, coders[layer]);
  const names = Array.from({ length: below }, (_, l) => `blocks.${l}.attn.hook_pattern`);
  const { hooks } = await model.run(prompts, { read: names });
  let best = { layer: 0, head: 0, attention: -1 };
  for (const [l, name] of names.entries()) {
    const { data, shape: [N, H, Q, K] } = hooks.get(name)!;
    for (let head = 0; head < H; head++) {
      const attention = prompts.reduce((sum, tokens, n) =>
        sum + data[((n * H + head) * Q + tokens.length - 1) * K + at], 0) / N;
      if (attention > best.attention) {
        best = { layer: l, head, attention };
      }
    }
  }
  return best;
}

/** Values of two-digit years. */
export interface YearWeights {
  /** what the feature adds to the logit of each two-digit year, through the final LayerNorm's gain, less their mean */
  logits: Float64Array;
  /** how much each year excites the feature through a head, less their mean */
  through: Float64Array;
}

/** Returns how a feature acts on the answers' logits, and how the year excites it through a head. */
export async function weightsOfYears(
  { model, coders }: FeatureModel,
  { digits }: YearPrompts,
  layer: number,
  feature: number,
  { layer: from, head }: { layer: number; head: number },
): Promise<YearWeights> {
  const { W_dec } = coders[layer].weights, { features } = coders[layer].config;
  const d = W_dec.data.length / features;
  const { ln_f_w, W_U } = await model.weights.unembedding();
  const row = W_dec.data.subarray(feature * d, (feature + 1) * d);
  const logits = digits.map((token) => {
    let sum = 0;
    for (let i = 0; i < d; i++) {
      sum += row[i] * Number(ln_f_w.data[i]) * Number(W_U.data[token * d + i]);
    }
    return sum;
  });
  const vector = await featureVector(model, coders[layer], feature);
  const pulled = throughOv(await layerOv(model, from), vector, head, model.config.dHead);
  const tokens = await deEmbedding(model, pulled);
  const centred = (values: number[]) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return Float64Array.from(values, (x) => x - mean);
  };
  return { logits: centred(logits), through: centred(digits.map((token) => tokens[token])) };
}
