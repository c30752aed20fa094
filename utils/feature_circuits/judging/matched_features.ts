/**
 * Random features in the place of a circuit's: for every feature of the circuit another active one of its layer and position
 * that is about as frequent and writes about as much.
 *
 *  1. The distance of two features is |log frequency ratio| + |log norm ratio|; the norm is |activation|·‖decoder row‖.
 *  2. In random order, each feature of the circuit draws one of its {@link NEAREST} nearest, among active features of its layer
 *     and position outside the circuit that are not taken yet; if none is left, among those of its layer.
 *  3. A feature without any candidate gets none, and is counted.
 */
import { PythonRandom } from "../../base/mod.ts";
import { decoderRow } from "../linear/mod.ts";
import type { Coder } from "../../transcoders/mod.ts";
import type { AttributionGraph } from "../graph/mod.ts";
import type { FeatureStatistics } from "./feature_statistics.ts";

/** Candidates that one is drawn from. */
const NEAREST = 3;

/** Returns |activation|·‖decoder row‖ of every feature of a graph, over all layers that it writes to, `[K]`. */
export function writtenNorms(
  { features, activations }: Pick<AttributionGraph, "features" | "activations">,
  coders: readonly Coder[],
): Float64Array {
  return Float64Array.from(activations, (a, i) => {
    const [layer, , feature] = features.subarray(3 * i, 3 * i + 3);
    let squares = 0;
    for (const to of coders[layer].config.decoderLayers ?? [layer]) {
      for (const w of decoderRow(coders[layer], feature, to)) squares += w * w;
    }
    return Math.abs(a) * Math.sqrt(squares);
  });
}

/** Random features matched to a circuit's. */
export interface MatchedFeatures {
  /** numbers of the drawn features, ascending */
  drawn: number[];
  /** features of the circuit that had no candidate */
  unmatched: number;
}

/** Draws features matched to a circuit's; see the header. @param circuit numbers of the circuit's features */
export function matchedFeatures(
  graph: Pick<AttributionGraph, "features" | "activations">,
  coders: readonly Coder[],
  { frequencies }: FeatureStatistics,
  circuit: readonly number[],
  seed: number,
): MatchedFeatures {
  const { features, activations: { length: K } } = graph;
  const random = new PythonRandom(seed), norms = writtenNorms(graph, coders);
  const inside = new Set(circuit), taken = new Set<number>();
  const layer = (i: number) => features[3 * i], position = (i: number) => features[3 * i + 1];
  const frequency = (i: number) => frequencies[layer(i)][features[3 * i + 2]];
  const distance = (a: number, b: number) =>
    Math.abs(Math.log(frequency(a) / frequency(b))) + Math.abs(Math.log(norms[a] / norms[b]));
  const order = [...circuit];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  let unmatched = 0;
  for (const i of order) {
    const others = Array.from({ length: K }, (_, j) => j)
      .filter((j) => layer(j) === layer(i) && !inside.has(j) && !taken.has(j));
    const here = others.filter((j) => position(j) === position(i));
    const candidates = (here.length > 0 ? here : others)
      .sort((a, b) => distance(a, i) - distance(b, i) || a - b).slice(0, NEAREST);
    if (candidates.length === 0) unmatched++;
    else taken.add(candidates[Math.floor(random.random() * candidates.length)]);
  }
  return { drawn: [...taken].sort((a, b) => a - b), unmatched };
}
