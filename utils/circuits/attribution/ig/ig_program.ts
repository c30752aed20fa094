/**
 * Compiles the gradient passes as sessions, one per layer or one for the whole model.
 *
 *  layer   Forward: x → residual and saved values. Backward: saved values and the gradient at residual → results of the
 *          layer. Weights are feeds, so one program serves all layers and checkpoints, and a model of any size fits.
 *  model   Runs all layers forward, the metric's gradient, and all layers backward. Saved values stay in the session,
 *          and it keeps its memory from pass to pass. It is about a tenth faster where a layer takes milliseconds.
 */
import {
  type BothWays,
  compileBothWays,
  Graph,
  reshape,
  Session,
  type SessionOptions,
  type Value,
} from "../../../onnx/mod.ts";
import {
  type BlockContext,
  isLocalAmongOthers,
  metricGradient,
  type MetricSpec,
  type ModelConfig,
  POS,
  sequenceInputs,
} from "../../../model/mod.ts";
import { POINTS, PROMPTS, ROWS } from "./path_axes.ts";
import { igFirstLayer } from "./ig_first_layer.ts";
import { type IgLayer, igLayer, type IgSpec } from "./ig_layer.ts";

/** Selects a variant of a layer, including the first layer of `ig_first_layer.ts`. */
export interface LayerSpec extends IgSpec {
  /** whether this is layer 0 with positions whose input stands still (`ig_first_layer.ts`) */
  still?: boolean;
}

/** Adds a layer on `x`, or on feeds if `x` is undefined. */
function layerOf(
  g: Graph,
  x: Value | undefined,
  i: number,
  shared: Pick<BlockContext, "config" | "sequence">,
  spec: LayerSpec,
): IgLayer {
  if (spec.still) return igFirstLayer(g, shared, spec);
  const { dModel: d } = shared.config;
  const input = x ?? reshape(g.input("x", [PROMPTS, POINTS, POS, d]), [ROWS, POS, d]);
  return igLayer(input, i, shared, spec);
}

/** Compiles the two sessions of one layer. The backward session takes `d_residual` `[N, K, P or 1, d]`. */
export function compileLayerProgram(
  config: ModelConfig,
  spec: LayerSpec,
  options: SessionOptions,
): Promise<BothWays> {
  const g = new Graph();
  const sequence = sequenceInputs(g, config, spec.past);
  const { residual, saved, backward } = layerOf(g, undefined, 0, { config, sequence }, spec);
  const cotangent = g.input("d_residual", [PROMPTS, POINTS, residual.shape[1], config.dModel]);
  return compileBothWays({ residual }, backward(cotangent), saved, options);
}

/** Selects a variant of the whole-model session. */
export interface ModelSpec {
  /** whether the prompts share a prefix */
  past: boolean;
  /** whether layer 0 has positions whose input stands still */
  still: boolean;
  /** metric whose gradient starts the backward pass */
  metric: MetricSpec;
}

/**
 * Compiles the session of the whole model. It returns the results of layer l as `{l}.{name}`, and as `d_end`
 * `[N, K, 1, d]` the gradient at the last position of the final residual stream.
 */
export function compileModelProgram(
  config: ModelConfig,
  { past, still, metric }: ModelSpec,
  options: SessionOptions,
): Promise<Session> {
  const { nLayers, dModel: d } = config;
  const g = new Graph();
  const layers: IgLayer[] = [];
  for (let l = 0; l < nLayers; l++) {
    const sequence = sequenceInputs(g, config, past, isLocalAmongOthers(config, l));
    const first = l === 0;
    const spec = { past, first, last: l === nLayers - 1, still: first && still };
    layers.push(layerOf(g, layers.at(-1)?.residual, l, { config, sequence }, spec));
  }
  const end = reshape(layers.at(-1)!.residual, [ROWS, d]);
  const d_end = reshape(metricGradient(end, config, metric), [PROMPTS, POINTS, 1, d]);
  const results: Record<string, Value> = { d_end };
  let cotangent = d_end;
  for (let l = nLayers - 1; l >= 0; l--) {
    const { dx, ...ofLayer } = layers[l].backward(cotangent);
    for (const [name, value] of Object.entries(ofLayer)) results[`${l}.${name}`] = value;
    if (l > 0) cotangent = reshape(dx, [PROMPTS, POINTS, POS, d]);
  }
  return Session.compile(results, {}, { ...options, arena: true });
}
