/**
 * The attention score of a head at a pair of positions as a sum over pairs of nodes:
 *
 *     score = q·k/√e,   q = Σ_a q_a,   k = Σ_b k_b,   so   score = Σ_{a,b} (q_a·k_b)/√e
 *
 * a and b are features, errors, tokens and biases; q_a is what node a gives of the query, after rotation where the model has
 * rotary positions, which is linear. The patterns and scales below the head are frozen; the score itself is not linear in the
 * nodes but bilinear, and this sum is exact. Source: Anthropic's attention QK attribution (July 2025).
 *
 * Where queries and keys are normalised, their scales are frozen as well, and the score is the one before a cap.
 *
 *  1. The e dimensions of the query at its position, and of the key at its own, are targets (`headTargets`). Where they are
 *     normalised, their rows are multiplied by gain/scale.
 *  2. Their rows are rotated: dimensions i and i + r/2 of the first r turn by the angle `position·base^(−2i/r)`.
 *  3. Pairs are products of the two matrices, made in blocks when the strongest are asked for.
 */
import {
  defineProgram,
  gemm,
  Graph,
  Session,
  type SessionOptions,
  tensor,
} from "../../onnx/mod.ts";
import {
  groupSize,
  hookName,
  isLocalAmongOthers,
  refuseTraits,
  rotaryFrequencies,
} from "../../model/mod.ts";
import { type GraphRows, headTargets } from "../graph/mod.ts";
import type { LinearRun } from "../linear/mod.ts";

/** A pair of nodes, by column (`sources.ts`), and its part of a score. */
export interface ScorePair {
  /** column of the node that gives the query */
  query: number;
  /** column of the node that gives the key */
  key: number;
  /** its part of the score */
  value: number;
}

/** A head's score at a pair of positions, by nodes. e dimensions of a head. */
export interface QueryKeyScore {
  /** number of columns, in the order of `sources.ts` */
  columns: number;
  /** what each node gives of the query, rotated and divided by √e, `[e, columns]` */
  query: Float32Array;
  /** what each node gives of the key, rotated, `[e, columns]` */
  key: Float32Array;
  /** part of each node as query, with the whole key, `[columns]`; adds up to the score */
  queryParts: Float64Array;
  /** part of each node as key, with the whole query, `[columns]`; adds up to the score */
  keyParts: Float64Array;
}

/**
 * Splits the score of a head, before the softmax, into pairs of nodes; see the header.
 * @param rows prepared rows of the run's graph
 * @throws RangeError if the key comes after the query.
 */
export async function queryKeyScore(
  run: LinearRun,
  rows: GraphRows,
  { layer, head, query, key }: { layer: number; head: number; query: number; key: number },
): Promise<QueryKeyScore> {
  if (!(key >= 0 && key <= query && query < run.tokens.length)) {
    throw new RangeError(
      `query at ${query}, key at ${key}: expected 0 ≤ key ≤ query < ${run.tokens.length}`,
    );
  }
  const { config } = run.model;
  refuseTraits(config, "the split of a score", { clipped: true });
  const frequencies = rotaryFrequencies(config, isLocalAmongOthers(config, layer));
  const edges = async (letter: "q" | "k", position: number) => {
    const targets = await headTargets(run.model, layer, head, letter, position);
    const { rows: list, constants } = await rows.targetRows(targets);
    const { columns, bias } = rows.sources;
    const data = new Float32Array(list.length * columns);
    await rows.walk.edges(list, { data, offset: (r) => r * columns });
    constants.forEach((c, r) => data[r * columns + bias("reading")] += c);
    const factors = await normFactors(run, { layer, head, letter, position });
    if (factors) data.forEach((x, i) => data[i] = x * factors[Math.floor(i / columns)]);
    rotate(data, columns, position, frequencies);
    return data;
  };
  const q = await edges("q", query), k = await edges("k", key);
  const by = config.llama?.scoreScale ?? 1 / Math.sqrt(config.dHead);
  for (let i = 0; i < q.length; i++) q[i] *= by;
  const { columns } = rows.sources;
  return {
    columns,
    query: q,
    key: k,
    queryParts: parts(q, k, columns),
    keyParts: parts(k, q, columns),
  };
}

/**
 * Returns gain/scale of the norm of a head's query or key at a position, `[d_head]`; undefined in models that do not normalise
 * them.
 */
async function normFactors(
  { model, tokens }: LinearRun,
  { layer, head, letter, position }: {
    layer: number;
    head: number;
    letter: "q" | "k";
    position: number;
  },
): Promise<Float64Array | undefined> {
  const { config } = model, { dHead: e, layerNormEps, llama } = config;
  if (!llama?.qkNorm) return undefined;
  const name = hookName(layer, `attn.hook_${letter}`);
  const { hooks } = await model.run([tokens], { read: [name] });
  const { data, shape: [, , heads] } = hooks.get(name)!;
  const own = letter === "q" ? head : Math.floor(head / groupSize(config));
  const all = data.subarray(position * heads * e, (position + 1) * heads * e);
  const spanned = llama.qkNorm === "all" ? all : all.subarray(own * e, (own + 1) * e);
  const square = spanned.reduce((sum, x) => sum + x * x, 0) / spanned.length;
  const gain = (await model.weights.layer(layer))[`${letter}_norm_w`].data;
  const from = gain.length === e ? 0 : own * e;
  return Float64Array.from(
    { length: e },
    (_, i) => gain[from + i] / Math.sqrt(square + layerNormEps),
  );
}

/** Rotates rows `[e, columns]`, the dimensions of one head, as rotary positions do. */
function rotate(
  data: Float32Array,
  columns: number,
  position: number,
  frequencies: readonly number[],
): void {
  const r = 2 * frequencies.length;
  for (let i = 0; i < r / 2; i++) {
    const angle = position * frequencies[i];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const a = i * columns, b = (i + r / 2) * columns;
    for (let c = 0; c < columns; c++) {
      const [x, y] = [data[a + c], data[b + c]];
      data[a + c] = x * cos - y * sin;
      data[b + c] = y * cos + x * sin;
    }
  }
}

/** Returns the product of each column of `a` with the sum of the columns of `b`. */
function parts(a: Float32Array, b: Float32Array, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let at = 0; at < a.length; at += columns) {
    let whole = 0;
    for (let c = 0; c < columns; c++) whole += b[at + c];
    for (let c = 0; c < columns; c++) out[c] += a[at + c] * whole;
  }
  return out;
}

/** Returns the part of one pair of nodes. */
export function scorePair(
  { columns, query: q, key: k }: QueryKeyScore,
  query: number,
  key: number,
): number {
  let total = 0;
  for (let at = 0; at < q.length; at += columns) total += q[at + query] * k[at + key];
  return total;
}

/** Rows of pairs that are in memory at once. */
const BLOCK = 256;

const pairsProgram = defineProgram("score pairs", (e: number, options: SessionOptions) => {
  const g = new Graph();
  const pairs = gemm(g.input("query", [e, "a"]), g.input("key", [e, "b"]), true, false);
  return Session.compile({ pairs }, {}, options);
});

/** Returns the pairs with the largest absolute parts, largest first. */
export async function strongestPairs(
  run: LinearRun,
  score: QueryKeyScore,
  count: number,
): Promise<ScorePair[]> {
  const { columns, query, key } = score, e = query.length / columns;
  const session = await pairsProgram(run.model.runtime, e);
  let best: ScorePair[] = [], least = 0;
  const shorten = () => {
    best.sort((a, b) =>
      Math.abs(b.value) - Math.abs(a.value) || a.query - b.query || a.key - b.key
    );
    best = best.slice(0, count);
    if (best.length === count) least = Math.abs(best.at(-1)?.value ?? 0);
  };
  for (let from = 0; from < columns; from += BLOCK) {
    const width = Math.min(BLOCK, columns - from);
    const block = new Float32Array(e * width);
    for (let i = 0; i < e; i++) {
      block.set(query.subarray(i * columns + from, i * columns + from + width), i * width);
    }
    const { pairs: { data } } = await session.run({
      query: tensor(block, [e, width]),
      key: tensor(key, [e, columns]),
    });
    for (let i = 0; i < data.length; i++) {
      if (Math.abs(data[i]) <= least) continue;
      best.push({ query: from + Math.floor(i / columns), key: i % columns, value: data[i] });
      if (best.length >= 4 * count + 1024) shorten();
    }
    shorten();
  }
  return best;
}
