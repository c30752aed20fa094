/**
 * Measures what heads attend to.
 *
 *  - On random tokens repeated once (length 2n), the mean of pattern[p, p − δ] over sequences and all p ≥ δ:
 *      δ = 1      previous-token score
 *      δ = n      duplicate-token score
 *      δ = n − 1  induction score (the token after the earlier copy)
 *    Source: Elhage et al. 2021, Olsson et al. 2022, `get_induction_scores` of the paper's code. Each mean is a product
 *    of the flattened pattern with a matrix that holds 1/count on that diagonal, for all heads of a layer at once.
 *  - On indirect-object prompts, the mean attention from END to the names IO, S1 and S2 (Wang et al. 2022).
 */
import { BATCH, type HookedModel, hookName, hookNames } from "../../model/mod.ts";
import {
  defineProgram,
  Graph,
  matmul,
  mean,
  reshape,
  Session,
  type SessionOptions,
  type Tensor,
  tensor,
} from "../../onnx/mod.ts";
import { PythonRandom } from "../../base/mod.ts";

/** Sets number, length and range of the random sequences. */
export interface RepeatedTokenOptions {
  /** Number of sequences. Default: 2. */
  batch?: number;
  /** Tokens before the repetition. Default: 100. */
  half?: number;
  /** Smallest and largest token id to draw. Default: 100 … 19999. */
  ids?: readonly [number, number];
  /** Random seed. Default: 42. */
  seed?: number;
}

/** Holds the scores of all heads, each `[L, H]` row-major, 0 … 1. */
export interface RepeatedTokenScores {
  /** Mean attention to the previous token. */
  prevToken: Float32Array;
  /** Mean attention to the earlier copy of the token. */
  duplicateToken: Float32Array;
  /** Mean attention to the token after the earlier copy. */
  induction: Float32Array;
}

const diagonalMeansProgram = defineProgram("diagonal means", compileDiagonalMeans);

/** Bytes of attention patterns in memory at once. */
const PATTERN_BYTES = 256 * 2 ** 20;

/**
 * Draws seeded random tokens and repeats them once: `batch` lists of length 2·half, without a BOS token.
 * @throws RangeError if the range of ids is empty or negative
 */
export function repeatedTokens(options: RepeatedTokenOptions = {}): number[][] {
  const { batch = 2, half = 100, ids: [low, high] = [100, 19_999], seed = 42 } = options;
  if (!(low >= 0 && high >= low)) {
    throw new RangeError(`random tokens: expected a first id ≤ the last, found ${low} … ${high}`);
  }
  const random = new PythonRandom(seed);
  return Array.from({ length: batch }, () => {
    const sequence = Array.from({ length: half }, () => low + random.randbelow(high - low + 1));
    return [...sequence, ...sequence];
  });
}

/**
 * Computes the previous-token, duplicate-token and induction scores of all heads.
 * @param tokens lists of equal, even length whose second half repeats the first (`repeatedTokens`)
 * @throws Error if a list does not repeat, or is longer than the model's context
 * @example Which heads of `pythia-nano` are induction heads?
 * ```ts
 * import { headName, headsWhere, repeatedTokens, repeatedTokenScores } from "../mod.ts";
 * import { HookedModel } from "../../model/mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const tokens = repeatedTokens({ half: 25, ids: [10, 1422] });
 * const { induction } = await repeatedTokenScores(model, tokens);
 * const heads = headsWhere(model.config, (place) => induction[place] > 0.4).map(headName);
 * assert(heads.includes("a3.h0"));
 * ```
 */
export async function repeatedTokenScores(
  model: HookedModel,
  tokens: readonly (readonly number[])[],
): Promise<RepeatedTokenScores> {
  const { config, runtime } = model;
  const { nLayers: L, nHeads: H } = config;
  const pos = tokens[0]?.length ?? 0;
  const half = pos / 2;
  checkRepeated(tokens, config.maxPositions);
  const session = await diagonalMeansProgram(runtime, H, pos);
  const diagonals = diagonalWeights(pos, [1, half, half - 1]);
  const result: RepeatedTokenScores = {
    prevToken: new Float32Array(L * H),
    duplicateToken: new Float32Array(L * H),
    induction: new Float32Array(L * H),
  };
  const perLayer = 4 * tokens.length * H * pos * pos;
  const count = Math.max(1, Math.floor(PATTERN_BYTES / perLayer));
  let { residual } = await model.run(tokens, { to: 0 });
  for (let from = 0; from < L; from += count) {
    const to = Math.min(L, from + count);
    const layers = Array.from({ length: to - from }, (_, i) => from + i);
    const read = layers.map((l) => hookName(l, "attn.hook_pattern"));
    const run = await model.runBlocks(residual, { from, to, read });
    residual = run.residual;
    for (const l of layers) {
      const pattern = run.hooks.get(hookName(l, "attn.hook_pattern"))!;
      const { means } = await session.run({ pattern, diagonals });
      Object.values(result).forEach((scores: Float32Array, i) => {
        for (let h = 0; h < H; h++) scores[l * H + h] = means.data[3 * h + i];
      });
    }
  }
  return result;
}

function checkRepeated(tokens: readonly (readonly number[])[], maxPositions: number): void {
  const pos = tokens[0]?.length ?? 0;
  if (pos > maxPositions) {
    throw new Error(
      `repeated random tokens: ${pos} positions, but the model has ${maxPositions}; use a half of at most ${
        Math.floor(maxPositions / 2)
      }`,
    );
  }
  tokens.forEach((list, b) => {
    const half = pos / 2;
    const repeats = list.length === pos && Number.isInteger(half) && half >= 2 &&
      list.every((id, p) => p < half || id === list[p - half]);
    if (!repeats) {
      throw new Error(
        `repeated random tokens: list ${b} is not a sequence of ${half} tokens followed by itself`,
      );
    }
  });
}

/** Makes one column per offset δ, with 1/(pos − δ) where q − k = δ: `[pos·pos, offsets]`. */
function diagonalWeights(pos: number, offsets: readonly number[]): Tensor {
  const width = offsets.length;
  const weights = new Float32Array(pos * pos * width);
  offsets.forEach((offset, i) => {
    for (let q = offset; q < pos; q++) {
      weights[(q * pos + q - offset) * width + i] = 1 / (pos - offset);
    }
  });
  return tensor(weights, [pos * pos, width]);
}

function compileDiagonalMeans(heads: number, pos: number, options: SessionOptions) {
  const g = new Graph();
  const pattern = g.input("pattern", [BATCH, heads, pos, pos]);
  const diagonals = g.input("diagonals", [pos * pos, 3]);
  const each = matmul(reshape(pattern, [BATCH, heads, pos * pos]), diagonals);
  return Session.compile({ means: mean(each, [0]) }, {}, options);
}

/** Holds the mean attention of all heads from END to the names, each `[L, H]` row-major, 0 … 1. */
export interface AttentionToNames {
  /** Attention to the indirect object. */
  io: Float32Array;
  /** Attention to the first mention of the subject. */
  s1: Float32Array;
  /** Attention to the second mention of the subject. */
  s2: Float32Array;
}

/**
 * Averages the attention from END to IO, S1 and S2 over prompts, for every head.
 * @param prompts token ids with the positions of END, IO, S1 and S2
 * @throws Error naming the prompt and the mark that it lacks
 */
export async function attentionToNames(
  model: HookedModel,
  prompts: readonly { clean: readonly number[]; marks?: Record<string, number> }[],
): Promise<AttentionToNames> {
  const { nLayers: L, nHeads: H } = model.config;
  const places = prompts.map(({ marks }, n) =>
    ["END", "IO", "S1", "S2"].map((mark) => {
      const at = marks?.[mark];
      if (at === undefined) throw new Error(`attention to names: prompt ${n} has no mark ${mark}`);
      return at;
    })
  );
  const names = hookNames(model.config, "attn.hook_pattern");
  const cut = prompts.map(({ clean }, n) => clean.slice(0, places[n][0] + 1));
  const { hooks } = await model.run(cut, { read: names });
  const sums = [0, 1, 2].map(() => new Float64Array(L * H));
  names.forEach((name, l) => {
    const { data, shape: [, , pos] } = hooks.get(name)!;
    places.forEach(([end, ...targets], n) => {
      for (let h = 0; h < H; h++) {
        const row = ((n * H + h) * pos + end) * pos;
        targets.forEach((target, i) => sums[i][l * H + h] += data[row + target]);
      }
    });
  });
  const [io, s1, s2] = sums.map((sum) => Float32Array.from(sum, (x) => x / prompts.length));
  return { io, s1, s2 };
}
