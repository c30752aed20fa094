/**
 * The gradient passes as sessions: layer by layer, or the whole model in one.
 *
 *  layer   forward (x → residual, what the backward pass reads) and backward (that and the gradient at residual → results
 *          of the layer). One program serves all layers and checkpoints, with weights fed: any model fits.
 *  model   all layers forward, the metric's gradient, all layers backward. Nothing that is saved is handed over, and
 *          memory is kept from pass to pass: about a tenth faster where a layer takes milliseconds.
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
  metricGradient,
  type MetricSpec,
  type ModelConfig,
  POS,
  sequenceInputs,
} from "../../../model/mod.ts";
import { POINTS, PROMPTS, ROWS } from "./path_axes.ts";
import { igFirstLayer } from "./ig_first_layer.ts";
import { type IgLayer, igLayer, type IgSpec } from "./ig_layer.ts";

export interface LayerSpec extends IgSpec {
  /** layer 0 with positions at which nothing moves, see `ig_first_layer.ts` */
  still?: boolean;
}

/** A layer on `x`, or on the run's feeds. */
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

/** The two sessions of one layer; the backward one takes `d_residual` `[N, K, P or 1, d]`. */
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

export interface ModelSpec {
  past: boolean;
  still: boolean;
  metric: MetricSpec;
}

/**
 * The session of the whole model: results of layer l as `{l}.{name}`, and as `d_end` `[N, K, 1, d]` the gradient at the
 * final residual stream, last position.
 */
export function compileModelProgram(
  config: ModelConfig,
  { past, still, metric }: ModelSpec,
  options: SessionOptions,
): Promise<Session> {
  const { nLayers, dModel: d } = config;
  const g = new Graph();
  const sequence = sequenceInputs(g, config, past);
  const layers: IgLayer[] = [];
  for (let l = 0; l < nLayers; l++) {
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
