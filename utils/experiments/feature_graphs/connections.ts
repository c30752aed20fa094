/** What a feature is connected with, whatever the prompt: pull-backs, de-embeddings, OV norms, mean input × gradient. */
import { UserError } from "../../base/mod.ts";
import {
  attentionsBelow,
  deEmbedding,
  featureVector,
  inContext,
  layerOv,
  meanInputGradients,
  ovNorms,
  pullback,
  throughOv,
} from "../../feature_circuits/mod.ts";
import { evaluationRows, runCoders } from "../../transcoders/mod.ts";
import type { FeatureModel } from "./feature_model.ts";
import type { FeaturePathSettings } from "./path_settings.ts";
import type { FeaturePrompt } from "./prompts.ts";

/** A list of numbers, one per feature or token, and what it is. */
export interface Connection {
  /** name, e.g. `features of layer 0`, `tokens through head 0.3` */
  name: string;
  /** what the entries are */
  of: "features" | "tokens";
  /** layer of the features */
  layer?: number;
  /** the numbers */
  values: Float64Array;
}

/** An entry of a connection. */
export interface ConnectionEntry {
  /** feature or token */
  id: number;
  /** its value */
  value: number;
}

/** What connections are computed from. */
export type ConnectionModel = Pick<FeatureModel, "model" | "coders" | "tokenizer">;

/** Returns the k largest and the k smallest entries of a connection, each the most extreme first. */
export function extremes(
  { values }: Connection,
  k: number,
): { largest: ConnectionEntry[]; smallest: ConnectionEntry[] } {
  const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  const entries = (ids: number[]) => ids.map((id) => ({ id, value: values[id] }));
  return { largest: entries(order.slice(0, k)), smallest: entries(order.reverse().slice(0, k)) };
}

/** Returns the feature's vector. @throws UserError naming a layer, feature or head that does not exist. */
async function vectorOf({ model, coders }: ConnectionModel, settings: FeaturePathSettings) {
  const { layer, feature, heads, from_layers } = settings;
  const coder = coders[layer!];
  if (!coder) {
    throw new UserError(`layer: ${layer} does not exist; expected 0 … ${coders.length - 1}`, 2);
  }
  const { features } = coder.config;
  if (feature! >= features) {
    throw new UserError(`feature: ${feature} does not exist; expected 0 … ${features - 1}`, 2);
  }
  if (layer === 0 && ["pullback", "ixg"].includes(settings.analysis)) {
    throw new UserError(`layer: a feature of layer 0 reads no earlier features`, 2);
  }
  const late = from_layers.find((from) => from >= layer!);
  if (late !== undefined) {
    throw new UserError(
      `from_layers: layer ${late} is not before the feature's layer ${layer}`,
      2,
    );
  }
  const { nHeads } = model.config, below = attentionsBelow(model, coder);
  const parsed = heads.map((name) => name.split(".").map(Number));
  for (const [l, h] of parsed) {
    if (l < below && h < nHeads) continue;
    throw new UserError(
      `heads: ${l}.${h} is not a head that feature ${layer}.${feature} reads; expected layers below ${below}, ` +
        `heads 0 … ${nHeads - 1}`,
      2,
    );
  }
  return { vector: await featureVector(model, coder, feature!), heads: parsed, below };
}

/** Returns the feature's vector itself, and pulled back through each of the heads. */
async function routes({ model, coders }: ConnectionModel, settings: FeaturePathSettings) {
  const { vector, heads } = await vectorOf({ model, coders }, settings);
  const found: { name: string; before: number; vector: ArrayLike<number> }[] = [
    { name: "", before: settings.layer!, vector },
  ];
  for (const [layer, head] of heads) {
    const pulled = throughOv(await layerOv(model, layer), vector, head, model.config.dHead);
    found.push({ name: ` through head ${layer}.${head}`, before: layer, vector: pulled });
  }
  return found;
}

const fromLayers = ({ from_layers }: FeaturePathSettings, before: number) =>
  from_layers.length > 0
    ? from_layers.filter((layer) => layer < before)
    : Array.from({ length: before }, (_, layer) => layer);

/**
 * Returns the pull-backs of the feature to earlier layers, directly and through heads. With a prompt also those times the
 * activations at the feature's position, for the direct way.
 */
export async function pullbacks(
  features: ConnectionModel,
  settings: FeaturePathSettings,
  prompt?: FeaturePrompt,
): Promise<Connection[]> {
  const { model, coders } = features;
  const found: Connection[] = [];
  for (const { name, before, vector } of await routes(features, settings)) {
    for (const layer of fromLayers(settings, before)) {
      const values = pullback(coders[layer], vector, before);
      found.push({ name: `features of layer ${layer}${name}`, of: "features", layer, values });
      if (!prompt || name !== "") continue;
      const { position } = settings, n = prompt.tokens.length;
      const at = position < 0 ? n + position : position;
      if (!(at >= 0 && at < n)) {
        throw new UserError(`position: ${position} does not exist; expected ${-n} … ${n - 1}`, 2);
      }
      const [{ activations: { data } }] = await runCoders(model, [coders[layer]], [prompt.tokens]);
      const F = coders[layer].config.features;
      found.push({
        name: `features of layer ${layer} × activation at ${at}`,
        of: "features",
        layer,
        values: inContext(values, data.subarray(at * F, (at + 1) * F)),
      });
    }
  }
  return found;
}

/** Returns the de-embeddings of the feature, directly and through heads. */
export async function deEmbeddings(
  features: ConnectionModel,
  settings: FeaturePathSettings,
): Promise<Connection[]> {
  const found: Connection[] = [];
  for (const { name, vector } of await routes(features, settings)) {
    const values = await deEmbedding(features.model, vector);
    found.push({ name: `tokens${name}`, of: "tokens", values });
  }
  return found;
}

/** Returns the norms of the feature's vector through every head that it reads, `[layer][head]`. */
export async function headNorms(
  features: ConnectionModel,
  settings: FeaturePathSettings,
): Promise<number[][]> {
  const { vector, below } = await vectorOf(features, settings);
  return await ovNorms(features.model, vector, below);
}

/** Returns the mean input × gradient of the feature with the features of earlier layers over text. */
export async function meanConnections(
  features: ConnectionModel,
  settings: FeaturePathSettings,
): Promise<{ connections: Connection[]; tokens: number }> {
  const { model, coders, tokenizer } = features;
  const { text, rows: kind, batch, context, text_tokens, include_eos, seed, results_dir } =
    settings;
  if (!tokenizer) {
    throw new UserError("ixg: the model has no tokenizer.json, so text cannot be read", 2);
  }
  const { vector } = await vectorOf(features, settings);
  const { eosId } = tokenizer;
  const { rows } = await evaluationRows({
    tokenizer,
    text,
    rows: kind,
    batch,
    context: Math.min(context, model.config.maxPositions),
    tokens: text_tokens,
    fitTokens: 1,
    seed,
    cacheDir: `${results_dir}/tokens`,
    excluded: include_eos || eosId === undefined ? [] : [eosId],
  });
  const layers = fromLayers(settings, settings.layer!);
  const connected = layers.map((layer) => ({
    coder: coders[layer],
    connection: pullback(coders[layer], vector, settings.layer!),
  }));
  const found = await meanInputGradients(model, connected, rows);
  return {
    connections: layers.map((layer, i): Connection => ({
      name: `features of layer ${layer}`,
      of: "features",
      layer,
      values: found[i].mean,
    })),
    tokens: found[0].tokens,
  };
}
