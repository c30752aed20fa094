/**
 * Evaluations of coders in plain double-precision loops: the oracle transformer with anything in the place of its MLPs, under
 * the protocols of an evaluation. Shares no code with `utils/transcoders/evaluation`.
 */
import { oracle, type OracleWeights } from "../oracle/oracle_transformer.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import { randomTokens } from "./random_model.ts";

/** Token whose positions do not count. */
export const EXCLUDED = 4;
/** Prompts to measure on. */
export const PROMPTS = [[4, 1, 9, 13, 4, 2, 7], [3, 16, 4, 8, 8]];
/** Prompts to fit floors on. */
export const FIT = [randomTokens(15, 17, 31), randomTokens(16, 17, 32), randomTokens(9, 17, 33)];

/** A model for the oracle. */
export interface PlainModel {
  config: ModelConfig;
  weights: OracleWeights;
}

/** What an MLP reads and gives at one position. */
export interface Row {
  x: number[];
  y: number[];
  post: number[];
  token: number;
}

/** A stand-in in plain arithmetic: the output at a layer for what the MLP reads there. */
export type PlainStandIn = (layer: number, row: Row) => ArrayLike<number>;

/** Cuts a value into rows. */
export const split = (data: Float64Array, width: number) =>
  Array.from(
    { length: data.length / width },
    (_, p) => [...data.subarray(p * width, (p + 1) * width)],
  );

/** Rows of a layer by position. */
function rowsAt(
  { config }: PlainModel,
  run: ReturnType<typeof oracle>,
  layer: number,
  tokens: number[],
) {
  const value = (point: string, width: number) =>
    split(run.hooks.get(`blocks.${layer}.${point}`)!.data, width);
  const [x, y] = ["ln2.hook_normalized", "hook_mlp_out"].map((p) => value(p, config.dModel));
  const post = value("mlp.hook_post", config.dMlp);
  return tokens.map((token, p): Row => ({ x: x[p], y: y[p], post: post[p], token }));
}

/** All rows of a layer in some prompts at positions that count, from the clean model. */
export const countedRows = (plain: PlainModel, prompts: number[][], layer: number) =>
  prompts.flatMap((tokens) => {
    const run = oracle(plain.config, plain.weights, tokens, () => {});
    return rowsAt(plain, run, layer, tokens).filter(({ token }) => token !== EXCLUDED);
  });

/** Mean losses of the oracle with a stand-in at some layers. */
export function plainLosses(
  { config, weights }: PlainModel,
  layers: readonly number[],
  standIn: PlainStandIn,
  cleanInputs: boolean,
) {
  const { vocabSize: V, dModel: d, dMlp: m } = config;
  let ce = 0, kl = 0, predicted = 0, positions = 0;
  const logs = (logits: Float64Array, p: number) => {
    const z = [...logits.subarray(p * V, (p + 1) * V)];
    const total = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
    return z.map((x) => x - total);
  };
  for (const tokens of PROMPTS) {
    const clean = oracle(config, weights, tokens, () => {});
    const now = new Map<string, number[][]>();
    const replaced = oracle(config, weights, tokens, (name, { data }) => {
      const [, l, point] = /^blocks\.(\d)\.(.*)$/.exec(name) ?? [];
      const layer = Number(l);
      if (point === "ln2.hook_normalized") now.set(`x${layer}`, split(data, d));
      if (point === "mlp.hook_post") now.set(`post${layer}`, split(data, m));
      if (point !== "hook_mlp_out" || !layers.includes(layer)) return;
      const before = rowsAt({ config, weights }, clean, layer, tokens);
      tokens.forEach((token, p) => {
        if (token === EXCLUDED) return;
        const here = {
          x: now.get(`x${layer}`)![p],
          post: now.get(`post${layer}`)![p],
          y: [],
          token,
        };
        data.set(standIn(layer, cleanInputs ? before[p] : here), p * d);
      });
    });
    tokens.forEach((token, p) => {
      if (token === EXCLUDED) return;
      const [a, b] = [logs(clean.logits, p), logs(replaced.logits, p)];
      positions++;
      kl += a.reduce((sum, x, v) => sum + Math.exp(x) * (x - b[v]), 0);
      if (p + 1 === tokens.length) return;
      predicted++;
      ce -= b[tokens[p + 1]];
    });
  }
  return { ce: ce / predicted, kl: kl / positions };
}

/** Mean of rows. */
export const meanOf = (rows: readonly ArrayLike<number>[]) =>
  Array.from(rows[0], (_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);

/** Neurons with the largest |a|·‖w_out‖ of a row, and what they write. */
export function neuronsOf({ config, weights }: PlainModel, layer: number, k: number) {
  const { dModel: d, dMlp: m } = config;
  const outIn = config.architecture === "gpt_neox";
  const out = (i: number, j: number) => weights[`${layer}.out_w`][outIn ? j * m + i : i * d + j];
  const norm = (i: number) => Math.hypot(...Array.from({ length: d }, (_, j) => out(i, j)));
  return ({ post }: Row) => {
    const order = post.map((_, i) => i).sort((a, b) =>
      Math.abs(post[b]) * norm(b) - Math.abs(post[a]) * norm(a)
    ).slice(0, k);
    return Array.from(
      { length: d },
      (_, j) => order.reduce((sum, i) => sum + post[i] * out(i, j), 0),
    );
  };
}
