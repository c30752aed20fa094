/**
 * Targets of an attribution graph: linear functions of the stream, each with a weight in the graph's influence.
 *
 *  - Logits: `W_U[t] − mean over the vocabulary`, read after the final LayerNorm, before a cap. By default the smallest set of
 *    tokens that reaches a probability, with their probabilities as weights (circuit-tracer).
 *  - A difference of two logits, a feature, a neuron, a head's query or key, or any vector at a hook point.
 */
import type { F32 } from "../../onnx/mod.ts";
import { groupSize, type HookedModel, hookName, storedOutIn } from "../../model/mod.ts";
import type { LinearRun, Reader } from "../linear/mod.ts";

/** A target: a vector that reads the stream, a constant, and a weight. */
export interface GraphTarget extends Reader {
  /** name in messages and files */
  label: string;
  /** weight in the influence; the probability of a logit */
  weight: number;
  /** constant that the value has besides what the vector reads; default 0 */
  constant?: number;
  /** token id of a logit */
  token?: number;
}

/** Which logits are targets. */
export interface LogitChoice {
  /** largest number of logits; default 10 */
  most?: number;
  /** probability that the chosen tokens reach together; default 0.95 */
  probability?: number;
  /** these tokens instead, in this order */
  tokens?: readonly number[];
}

/** Where the final LayerNorm hands over to the unembedding. */
const UNEMBEDDED = "ln_final.hook_out";

/**
 * Returns logit targets at the last position.
 * @throws Error naming a token that the vocabulary does not have.
 */
export async function logitTargets(
  { model, tokens }: Pick<LinearRun, "model" | "tokens">,
  { most = 10, probability = 0.95, tokens: given }: LogitChoice = {},
): Promise<GraphTarget[]> {
  const position = tokens.length - 1;
  const { data } = await model.logits([[...tokens]], [position]);
  const p = softmax(data);
  const chosen = given ?? likely(p, most, probability);
  const { W_U, b_U } = await model.weights.unembedding();
  const mean = columnMeans(W_U);
  const meanBias = b_U ? b_U.data.reduce((a, b) => a + b, 0) / b_U.data.length : 0;
  return chosen.map((token) => ({
    label: `logit ${token}`,
    hook: UNEMBEDDED,
    position,
    vector: rowOf(W_U, token).map((x, i) => x - mean[i]),
    constant: b_U ? b_U.data[token] - meanBias : 0,
    weight: p[token],
    token,
  }));
}

/** Returns the difference of two logits at the last position, `logit(a) − logit(b)`, as a target of weight 1. */
export async function logitDifference(
  { model, tokens }: Pick<LinearRun, "model" | "tokens">,
  a: number,
  b: number,
): Promise<GraphTarget> {
  const { W_U, b_U } = await model.weights.unembedding();
  const other = rowOf(W_U, b);
  return {
    label: `logit ${a} − logit ${b}`,
    hook: UNEMBEDDED,
    position: tokens.length - 1,
    vector: rowOf(W_U, a).map((x, i) => x - other[i]),
    constant: b_U ? b_U.data[a] - b_U.data[b] : 0,
    weight: 1,
  };
}

/**
 * Returns the mean logit of some tokens less that of others at the last position as a target of weight 1. It is the logit
 * difference of a task's answers.
 * @throws Error if either list is empty, or naming a token that the vocabulary does not have.
 */
export async function answerDifference(
  { model, tokens }: Pick<LinearRun, "model" | "tokens">,
  correct: readonly number[],
  wrong: readonly number[],
): Promise<GraphTarget> {
  if (correct.length === 0 || wrong.length === 0) {
    throw new Error("a difference of answers needs at least one correct and one wrong token");
  }
  const { W_U, b_U } = await model.weights.unembedding();
  const vector = new Float64Array(model.config.dModel);
  let constant = 0;
  for (const [list, sign] of [[correct, 1], [wrong, -1]] as const) {
    for (const token of list) {
      const by = sign / list.length;
      rowOf(W_U, token).forEach((x, i) => vector[i] += by * x);
      if (b_U) constant += by * b_U.data[token];
    }
  }
  return {
    label: "correct − wrong",
    hook: UNEMBEDDED,
    position: tokens.length - 1,
    vector: Float32Array.from(vector),
    constant,
    weight: 1,
  };
}

/** Returns a feature's pre-activation as a target of weight 1, active or not. */
export function featureTarget(
  { coders }: Pick<LinearRun, "coders">,
  layer: number,
  position: number,
  feature: number,
): GraphTarget {
  const { config, weights } = coders[layer];
  return {
    label: `feature ${layer}.${feature} at ${position}`,
    hook: config.inputHook,
    convention: config.inputConvention,
    position,
    vector: rowOf(weights.W_enc, feature),
    constant: weights.b_enc.data[feature],
    weight: 1,
  };
}

/** Returns an MLP neuron's pre-activation as a target of weight 1; of a gated MLP, what the activation function reads. */
export async function neuronTarget(
  model: HookedModel,
  layer: number,
  position: number,
  neuron: number,
): Promise<GraphTarget> {
  const { in_w, in_b, gate_w } = await model.weights.layer(layer);
  const weights = gate_w ?? in_w;
  const vector = storedOutIn(model.config) ? rowOf(weights, neuron) : columnOf(weights, neuron);
  return {
    label: `neuron ${layer}.${neuron} at ${position}`,
    hook: hookName(layer, "mlp.hook_in"),
    position,
    vector,
    constant: gate_w ? 0 : in_b.data[neuron],
    weight: 1,
  };
}

/**
 * Returns the dimensions of a head's query, key or value before rotation as targets of weight 1, one each.
 * @param letter which of the three
 */
export async function headTargets(
  model: HookedModel,
  layer: number,
  head: number,
  letter: "q" | "k" | "v",
  position: number,
): Promise<GraphTarget[]> {
  const { config } = model;
  const { nHeads: H, dHead: e, dModel: d, llama } = config;
  const { qkv_w, qkv_b } = await model.weights.layer(layer);
  const outIn = storedOutIn(model.config), j = "qkv".indexOf(letter);
  if (!(head >= 0 && head < H)) throw new Error(`head ${head}: the model has heads 0 … ${H - 1}`);
  return Array.from({ length: e }, (_, i) => {
    const at = llama
      ? (j === 0 ? head : H + (j - 1) * llama.nKvHeads + Math.floor(head / groupSize(config))) * e +
        i
      : outIn
      ? (head * 3 + j) * e + i
      : j * d + head * e + i;
    return {
      label: `${letter}${i} of head ${layer}.${head} at ${position}`,
      hook: hookName(layer, "attn.hook_in"),
      position,
      vector: outIn ? rowOf(qkv_w, at) : columnOf(qkv_w, at),
      constant: qkv_b.data[at],
      weight: 1,
    };
  });
}

function rowOf({ data, shape: [rows, d] }: F32, row: number): Float32Array {
  if (row >= 0 && row < rows) return data.slice(row * d, (row + 1) * d);
  throw new Error(`row ${row} of a matrix with rows 0 … ${rows - 1}`);
}

const columnOf = ({ data, shape: [rows, n] }: F32, column: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, r) => data[r * n + column]);

function columnMeans({ data, shape: [rows, d] }: F32): Float64Array {
  const mean = new Float64Array(d);
  for (let r = 0, at = 0; r < rows; r++) for (let i = 0; i < d; i++) mean[i] += data[at++];
  return mean.map((total) => total / rows);
}

function softmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const p = Float64Array.from(logits, (x) => Math.exp(x - most));
  const total = p.reduce((a, b) => a + b, 0);
  return p.map((x) => x / total);
}

/** Returns the most probable tokens: the fewest that reach a probability together, `most` at most. */
function likely(p: Float64Array, most: number, probability: number): number[] {
  const order = Array.from(p.keys()).sort((a, b) => p[b] - p[a] || a - b).slice(0, most);
  let total = 0;
  const reached = order.findIndex((token) => (total += p[token]) >= probability);
  return reached < 0 ? order : order.slice(0, reached + 1);
}
