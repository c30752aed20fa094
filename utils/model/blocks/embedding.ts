/**
 * Builds what comes before and after the blocks: token and position embedding, final LayerNorm, unembedding, and the
 * metric computed from the logits.
 *
 * A metric is linear in the logits or in the probabilities of a row r:
 *   value_r = Σ_j weights[r, j] · f(logits_r)[ids[r, j]],   f = identity or softmax.
 * If it uses few logits, it skips the product with the whole unembedding:
 *   value_r = LN(x_r) · Σ_j weights[r, j] W_U[ids[r, j]],
 * or only the logits in use where the model caps logits.
 */
import {
  add,
  expand,
  gather,
  gatherElements,
  gradients,
  Graph,
  linear,
  mul,
  productDim,
  reshape,
  Session,
  type SessionOptions,
  softmax,
  sum,
  type Tensor,
  tensor,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import type { ModelConfig } from "../config.ts";
import { capped } from "./attention.ts";
import { hookedNorm } from "./hooked_norm.ts";
import { BATCH, type HookPlan, HookPoints, POS } from "./hooks.ts";

/** A metric of each row, linear in the row's logits or probabilities. */
export interface Readout {
  /** what the weights apply to */
  kind: "logits" | "probabilities";
  /** token ids `[rows, width]`, padded with id 0 */
  ids: Int32Array;
  /** weight of each token's logit or probability `[rows, width]`, padded with 0 */
  weights: Float32Array;
  /** largest number of tokens in a row */
  width: number;
}

/** Settings that a metric's graph depends on. */
export interface MetricSpec {
  /** what the metric is linear in */
  kind: Readout["kind"];
  /** tokens per row */
  width: number;
  /** whether the unembedding has a bias; folding the final LayerNorm adds one */
  bias: boolean;
}

/** Largest width for which a metric computes one direction per row; a wider one computes all logits of the row. */
const DIRECTION_WIDTH = 16;

/**
 * Compiles tokens `[batch, pos]` → residual stream before block 0 `[batch, pos, d]`, and the hooks that are read. `W_E`
 * may hold only some rows of the embedding; the tokens then index those rows.
 */
export function compileEmbed(config: ModelConfig, plan: HookPlan, options: SessionOptions) {
  const g = new Graph();
  const hooks = new HookPoints(plan);
  const tokens = g.input("tokens", [BATCH, POS], "int32");
  const W_E = g.input("W_E", ["rows", config.dModel]);
  const scale = config.llama?.embedScale ?? 1;
  const rows = gather(W_E, tokens);
  let residual = hooks.at("hook_embed", scale === 1 ? rows : mul(rows, scale));
  if (config.architecture === "gpt2") {
    const W_pos = g.input("W_pos", [config.maxPositions, config.dModel]);
    const positions = gather(W_pos, g.input("position_ids", [POS], "int32"));
    const shape = [BATCH, POS, config.dModel];
    residual = add(residual, hooks.at("hook_pos_embed", expand(unsqueeze(positions, 0), shape)));
  }
  return Session.compile({ residual, ...reads(hooks, plan) }, {}, options);
}

function reads(hooks: HookPoints, plan: HookPlan): Record<string, Value> {
  return Object.fromEntries((plan.read ?? []).map((name) => [name, hooks.required(name)]));
}

/** Applies the final LayerNorm, with its hook points. */
function finalNorm(x: Value, config: ModelConfig, hooks: HookPoints): Value {
  const [w, b] = ["ln_f_w", "ln_f_b"].map((name) => x.graph.input(name, [config.dModel]));
  return hookedNorm(x, w, b, config, "ln_final", hooks);
}

const residualInput = (g: Graph, config: ModelConfig): Value =>
  g.input("residual", [BATCH, POS, config.dModel]);

/** Takes the rows with numbers `b · pos + p` from a `[batch, pos, d]` stream. */
function pick(stream: Value, g: Graph): Value {
  const rows = g.input("rows", ["rows"], "int32");
  return gather(reshape(stream, [productDim([BATCH, POS]), stream.shape[2]]), rows);
}

function unembed(rows: Value, g: Graph, config: ModelConfig, bias: boolean): Value {
  const W_U = g.input("W_U", [config.vocabSize, config.dModel]);
  const logits = capped(linear(rows, W_U, true), config.llama?.logitCap);
  return bias ? add(logits, g.input("b_U", [config.vocabSize])) : logits;
}

/** Compiles residual stream, rows → logits `[rows, V]`, and the hooks that are read, at all positions. */
export function compileUnembed(
  config: ModelConfig,
  plan: HookPlan,
  bias: boolean,
  options: SessionOptions,
) {
  const g = new Graph();
  const hooks = new HookPoints(plan);
  const normalized = finalNorm(residualInput(g, config), config, hooks);
  const logits = unembed(pick(normalized, g), g, config, bias);
  return Session.compile({ logits, ...reads(hooks, plan) }, {}, options);
}

/**
 * Compiles residual stream, rows, ids, weights → metric `values` `[rows]`. With `gradient` the program also returns the
 * gradient of their sum: with respect to the residual stream as `d_residual` `[batch, pos, d]`, and with respect to the
 * differentiated hooks of the final LayerNorm as `d:{name}`.
 */
export function compileReadout(
  config: ModelConfig,
  spec: MetricSpec & { gradient: boolean; plan?: HookPlan },
  options: SessionOptions,
) {
  const g = new Graph();
  const hooks = new HookPoints(spec.plan ?? {});
  const x = residualInput(g, config);
  const values = metricValues(pick(finalNorm(x, config, hooks), g), config, spec);
  if (!spec.gradient) return Session.compile({ values }, {}, options);
  const names = spec.plan?.differentiate ?? [];
  const wrt = [x, ...names.map((name) => hooks.required(name))];
  const [d_residual, ...grads] = gradientsOfSum(values, wrt);
  const named = Object.fromEntries(names.map((name, i) => [`d:${name}`, grads[i]]));
  return Session.compile({ values, d_residual, ...named }, {}, options);
}

/**
 * Returns the gradient of the metrics' sum with respect to the residual streams x `[rows, d]` that they are computed
 * from. Adds nodes to the graph of x, with the feeds `ids` and `weights` and those of the unembedding.
 */
export function metricGradient(x: Value, config: ModelConfig, spec: MetricSpec): Value {
  const values = metricValues(finalNorm(x, config, new HookPoints({})), config, spec);
  return gradientsOfSum(values, [x])[0];
}

function gradientsOfSum(values: Value, wrt: Value[]): Value[] {
  return gradients([values], [expand(values.graph.constant(1, []), values.shape)], wrt);
}

/** Returns the metrics `[rows]` of normalised rows `[rows, d]`. */
function metricValues(
  rows: Value,
  config: ModelConfig,
  { kind, width, bias }: MetricSpec,
): Value {
  const g = rows.graph;
  const ids = g.input("ids", [rows.shape[0], width], "int32");
  const weights = g.input("weights", [rows.shape[0], width]);
  if (kind === "logits" && width <= DIRECTION_WIDTH) {
    const W_U = g.input("W_U", [config.vocabSize, config.dModel]);
    if (config.llama?.logitCap) {
      const products = sum(mul(gather(W_U, ids), unsqueeze(rows, 1)), [-1]);
      return sum(mul(capped(products, config.llama.logitCap), weights), [-1]);
    }
    const direction = sum(mul(gather(W_U, ids), unsqueeze(weights, -1)), [1]);
    const values = sum(mul(rows, direction), [-1]);
    if (!bias) return values;
    return add(values, sum(mul(gather(g.input("b_U", [config.vocabSize]), ids), weights), [-1]));
  }
  const logits = unembed(rows, g, config, bias);
  const outputs = kind === "probabilities" ? softmax(logits) : logits;
  return sum(mul(gatherElements(outputs, ids, 1), weights), [1]);
}

/** Returns the feeds of a readout whose row r is position `positions[r]` of batch item r. */
export function readoutFeeds(
  positions: readonly number[],
  pos: number,
  readout: Readout,
): Record<string, Tensor> {
  return { rows: rowIndices(positions, pos), ...metricFeeds(readout) };
}

/** Returns the feeds `ids` and `weights` of a metric, each `[rows, width]`. */
export function metricFeeds({ ids, weights, width }: Readout): Record<string, Tensor> {
  const shape = [ids.length / width, width];
  return { ids: tensor(ids, shape), weights: tensor(weights, shape) };
}

/** Returns the row numbers, in a flattened `[batch, pos]`, of one position per batch item. */
export function rowIndices(positions: readonly number[], pos: number): Tensor {
  return tensor(Int32Array.from(positions, (p, b) => b * pos + p), [positions.length]);
}
