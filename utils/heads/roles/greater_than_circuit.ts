/**
 * Measures what the parts of a greater-than circuit do (Hanna, Liu & Variengien 2023; the paper's
 * `verify_greater_than`).
 *
 *  parts           MLPs with an in-circuit edge to the logits, and heads with an in-circuit edge to one of these MLPs
 *  attn_patterns   share of prompts where the head's attention from END is largest at YY, the first year's two digits
 *  attn_logits     share of prompts where YY or YY+1 has the head's largest logit at END, among the years 00 … 99
 *  mlp_logits      the MLP's mean logit of years above YY minus its mean logit of the other years, mean over prompts
 *
 * Logits are outputs times the unembedding alone ("logit lens": no LayerNorm, no bias). For a head, the unembedding of
 * the years goes back through W_O: z_h·(W_O[h]·W_U[years]). Where a norm follows attention, W_O[h] is multiplied by its gain; its
 * scale would leave the largest logit as it is.
 */
import { mean } from "../../base/mod.ts";
import {
  BATCH,
  bucketBy,
  declareWeights,
  type HookedModel,
  hookName,
  type ModelConfig,
  POS,
  rowIndices,
  writtenPerHead,
} from "../../model/mod.ts";
import {
  defineProgram,
  gather,
  Graph,
  linear,
  matmul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  type Tensor,
  tensor,
  transpose,
  type Value,
} from "../../onnx/mod.ts";
import type { GreaterThanParts } from "../../results/mod.ts";
import type { PromptPair } from "../../tasks/mod.ts";
import type { CircuitHeads } from "./circuit_heads.ts";
import { lastRow } from "../patching/mod.ts";
import { type Head, headName, mlpName } from "../../names/mod.ts";

/** Returns the parts of a circuit to measure. */
export function greaterThanNodes(circuit: CircuitHeads): { mlps: number[]; heads: Head[] } {
  const mlps = circuit.mlpsIntoLogits();
  return { mlps, heads: circuit.intoMlps(mlps) };
}

/**
 * Measures MLPs (by layer) and heads.
 * @param prompts greater-than prompts with the mark YY; `wrong` are the tokens 00 … YY, `correct` those above
 * @param batchSize prompts per run
 * @throws Error naming a prompt without the mark
 */
export async function greaterThanParts(
  model: HookedModel,
  prompts: readonly PromptPair[],
  { mlps, heads }: { mlps: readonly number[]; heads: readonly Head[] },
  batchSize = 100,
): Promise<GreaterThanParts> {
  const looks = heads.map(() => 0), points = heads.map(() => 0);
  const promotes = mlps.map(() => [] as number[]);
  if (mlps.length + heads.length === 0) return named(mlps, heads, looks, points, []);
  const years = Int32Array.from([...prompts[0].wrong, ...prompts[0].correct]);
  const layers = [...new Set(heads.map(([l]) => l))];
  const read = [
    ...layers.flatMap((l) =>
      ["attn.hook_pattern", "attn.hook_z"].map((point) => hookName(l, point))
    ),
    ...mlps.map((l) => hookName(l, "hook_mlp_out")),
  ];
  for (const batch of bucketBy(prompts, (p) => p.position, batchSize)) {
    const pairs = batch.map((n) => prompts[n]);
    const end = pairs[0].position;
    const tokens = pairs.map((p) => p.clean.slice(0, end + 1));
    const { hooks } = await model.run(tokens, { read });
    const rows = rowIndices(pairs.map(() => end), end + 1);
    for (const layer of layers) {
      const pattern = lastRow(hooks.get(hookName(layer, "attn.hook_pattern"))!);
      const lens = await headLens(
        model,
        layer,
        hooks.get(hookName(layer, "attn.hook_z"))!,
        rows,
        years,
      );
      heads.forEach(([l, h], i) => {
        if (l !== layer) return;
        pairs.forEach((pair, b) => {
          const key = placeOfYear(pair, batch[b]);
          if (argmax(row(pattern, b, h)) === key) looks[i]++;
          const yy = pair.wrong.length - 1;
          const best = argmax(row(lens, h, b));
          if (best === yy || best === yy + 1) points[i]++;
        });
      });
    }
    for (const [i, layer] of mlps.entries()) {
      const lens = await mlpLens(model, hooks.get(hookName(layer, "hook_mlp_out"))!, rows, years);
      pairs.forEach(({ wrong }, b) => {
        const logits = lens.data.subarray(b * years.length, (b + 1) * years.length);
        promotes[i].push(
          mean(logits.subarray(wrong.length)) - mean(logits.subarray(0, wrong.length)),
        );
      });
    }
  }
  const share = (counts: number[]) => counts.map((n) => n / prompts.length);
  return named(mlps, heads, share(looks), share(points), promotes.map((p) => mean(p)));
}

function named(
  mlps: readonly number[],
  heads: readonly Head[],
  looks: number[],
  points: number[],
  promotes: number[],
): GreaterThanParts {
  const byHead = (values: number[]) =>
    Object.fromEntries(heads.map((head, i) => [headName(head), values[i]]));
  return {
    attn_patterns: byHead(looks),
    attn_logits: byHead(points),
    mlp_logits: Object.fromEntries(mlps.map((l, i) => [mlpName(l), promotes[i]])),
  };
}

function placeOfYear({ marks }: PromptPair, n: number): number {
  const at = marks?.YY;
  if (at === undefined) throw new Error(`greater-than circuit: prompt ${n} has no mark YY`);
  return at;
}

/** Views row `[i, j]` of a `[…, …, n]` tensor. */
function row({ data, shape: [, columns, n] }: Tensor<Float32Array>, i: number, j: number) {
  return data.subarray((i * columns + j) * n, (i * columns + j + 1) * n);
}

/** Returns the place of the largest value; the first one if several are equal. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

function atRows(g: Graph, x: Value, width: number): Value {
  return gather(reshape(x, [productDim([BATCH, POS]), width]), g.input("rows", ["rows"], "int32"));
}

const headLensProgram = defineProgram("years of heads", compileHeadLens);
const mlpLensProgram = defineProgram("years of MLPs", compileMlpLens);

/** Returns the logits `[H, rows, years]` that a layer's heads give the years. */
async function headLens(
  model: HookedModel,
  layer: number,
  z: Tensor<Float32Array>,
  rows: Tensor,
  years: Int32Array,
): Promise<Tensor<Float32Array>> {
  const { config, runtime, weights } = model;
  const session = await headLensProgram(runtime, config);
  const ids = tensor(years, [years.length]);
  const feeds = { ...await weights.layerFeeds(layer), ...await weights.unembedding() };
  return (await session.run({ z, rows, ids, ...feeds })).logits;
}

function compileHeadLens(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const { dModel: d, nHeads: H, dHead: e, vocabSize: V } = config;
  const z = atRows(g, g.input("z", [BATCH, POS, H, e]), H * e);
  const perHead = transpose(reshape(z, ["rows", H, e]), [1, 0, 2]);
  const W_U = gather(g.input("W_U", [V, d]), g.input("ids", ["years"], "int32"));
  const W_O = writtenPerHead(declareWeights(g, config, 0), config);
  return Session.compile({ logits: matmul(perHead, linear(W_O, W_U, true)) }, {}, options);
}

/** Returns the logits `[rows, years]` that an MLP's output gives the years. */
async function mlpLens(
  model: HookedModel,
  out: Tensor<Float32Array>,
  rows: Tensor,
  years: Int32Array,
): Promise<Tensor<Float32Array>> {
  const { config, runtime, weights } = model;
  const session = await mlpLensProgram(runtime, config);
  const ids = tensor(years, [years.length]);
  return (await session.run({ out, rows, ids, ...await weights.unembedding() })).logits;
}

function compileMlpLens(config: ModelConfig, options: SessionOptions) {
  const g = new Graph();
  const x = atRows(g, g.input("out", [BATCH, POS, config.dModel]), config.dModel);
  const W_U = g.input("W_U", [config.vocabSize, config.dModel]);
  const logits = linear(x, gather(W_U, g.input("ids", ["years"], "int32")), true);
  return Session.compile({ logits }, {}, options);
}
