/**
 * The greedy search for paths of transcoder_circuits:
 *
 *  1. The root is a feature with its activation, or any direction.
 *  2. Extend every current path by the components that contribute most to its end (`contributions.ts`). A path that has come
 *     to the stream before layer 0 ends there.
 *  3. Of all extensions keep those with the largest last contribution, as many as there are branches, and go on with them.
 *
 * Caps say how much a component can give through a feature: no more than ablating the feature would take away. `last` is the
 * contribution of the last feature on the path (transcoder_circuits as it is written), `smallest` the smallest of all features
 * on it (as its authors describe it). A graph of paths needs `none`.
 *
 * Source: Dunefsky, Chlenski & Nanda (2406.11944), `greedy_get_top_paths`.
 */
import type { GraphTarget } from "../graph/mod.ts";
import { type LinearRun, readingAt, readStream } from "../linear/mod.ts";
import { topContributions } from "./contributions.ts";
import { coderSublayer, componentOf, type PathNode, type Sublayer } from "./path_node.ts";
import { type PathRun, throughFeature } from "./path_run.ts";

/** Kinds of caps; see the header. */
export const PATH_CAPS = ["none", "last", "smallest"] as const;

/** A kind of cap. */
export type PathCap = typeof PATH_CAPS[number];

/** Options of {@link greedyPaths}. */
export interface GreedyOptions {
  /** number of extensions; default 2 */
  iterations?: number;
  /** number of paths to keep each time, and of components per end; default 5 */
  branches?: number;
  /** leave out position 0 as a source of heads; default true */
  ignoreFirst?: boolean;
  /** cap on contributions; default `none` */
  cap?: PathCap;
  /** keeps a component; applied before the largest are chosen */
  filter?: (node: PathNode) => boolean;
}

/** A path: nodes from the root down. */
export type Path = readonly PathNode[];

/**
 * Returns a feature as a root, with its activation at a position (0 if it is not active).
 * @throws Error naming a layer, feature or position that does not exist.
 */
export function featureRoot(
  prepared: PathRun,
  layer: number,
  feature: number,
  token: number,
): PathNode {
  const { run, readings } = prepared;
  const { coders, tokens, features: { places, activations } } = run;
  const check = (name: string, value: number, count: number) => {
    if (Number.isInteger(value) && value >= 0 && value < count) return;
    throw new Error(`${name} ${value}: expected 0 … ${count - 1}`);
  };
  check("layer", layer, coders.length);
  check("feature", feature, coders[layer].config.features);
  check("position", token, tokens.length);
  let contribution = 0;
  for (let i = 0; i < activations.length; i++) {
    const same = places[3 * i] === layer && places[3 * i + 1] === token;
    if (same && places[3 * i + 2] === feature) contribution = activations[i];
  }
  return {
    chain: [{ type: "mlp", layer, feature }],
    token,
    layer,
    sublayer: coderSublayer(run, layer),
    stage: readings[layer].stage,
    ...throughFeature(prepared, { layer, feature, token, strength: 1 }),
    scale: 1,
    contribution,
    capped: false,
    error: 0,
  };
}

/** Returns a vector in the stream after the last layer as a root; transcoder_circuits' direction without a norm constant. */
export function directionRoot(
  { model }: Pick<LinearRun, "model">,
  vector: ArrayLike<number>,
  token: number,
): PathNode {
  const { nLayers: L } = model.config;
  return {
    chain: [{ type: "mlp", layer: L - 1 }],
    token,
    layer: L - 1,
    sublayer: "resid_post",
    stage: 2 * L,
    vector: Float64Array.from(vector),
    constant: 0,
    scale: 1,
    capped: false,
    error: 0,
  };
}

/** Returns a target of a graph as a root, its value as contribution; logits are read through the final LayerNorm. */
export async function targetRoot(run: LinearRun, target: GraphTarget): Promise<PathNode> {
  const { hook, convention, position, vector, constant = 0 } = target;
  const reading = await readingAt(run, hook, convention);
  const { nLayers: L, dModel: d } = run.model.config;
  const stream = new Float32Array(d);
  const total = constant + readStream(reading, vector, position, stream);
  const atEnd = reading.stage === 2 * L, layer = atEnd ? L - 1 : reading.stage >> 1;
  const x = run.streams[reading.stage];
  const sublayer: Sublayer = atEnd
    ? "resid_post"
    : reading.stage % 2 === 1
    ? "resid_mid"
    : "resid_pre";
  return {
    chain: [{ type: "mlp", layer }],
    token: position,
    layer,
    sublayer,
    stage: reading.stage,
    vector: Float64Array.from(stream),
    constant: total,
    scale: 1,
    contribution: stream.reduce((sum, v, i) => sum + v * x[position * d + i], total),
    capped: false,
    error: 0,
  };
}

/** Returns the paths of length 2, 3, …, a list per length, the largest first; see the header. Lists may be empty. */
export function greedyPaths(
  prepared: PathRun,
  root: PathNode,
  { iterations = 2, branches = 5, ignoreFirst, cap = "none", filter }: GreedyOptions = {},
): Path[][] {
  const lists: Path[][] = [];
  let paths: Path[] = [[root]];
  for (let i = 0; i < iterations; i++) {
    const extended = paths.flatMap((path) => {
      const end = path[path.length - 1];
      if (end.layer === 0 && end.sublayer === "resid_pre") return [];
      return topContributions(prepared, end, {
        branches,
        ignoreFirst,
        filter,
        cap: capOf(path, cap),
      }).map((node) => [...path, node]);
    });
    const last = (path: Path) => path[path.length - 1].contribution!;
    paths = extended.sort((a, b) => last(b) - last(a)).slice(0, branches);
    lists.push(paths);
  }
  return lists;
}

function capOf(path: Path, cap: PathCap): number | undefined {
  if (cap === "none") return undefined;
  const features = path.filter((node) => componentOf(node).feature !== undefined)
    .map(({ contribution }) => contribution!);
  return cap === "last" ? features.at(-1) : features.length > 0 ? Math.min(...features) : undefined;
}
