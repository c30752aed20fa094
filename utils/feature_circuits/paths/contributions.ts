/**
 * The components that contribute most to a node of a path, as transcoder_circuits chooses them:
 *
 *  1. Of each layer below, the k features with the largest contributions, and the min(k, heads) largest pairs of head and
 *     source; the embedding; the linear path of each coder that has one.
 *  2. Apply the filter. Lower what is above the cap.
 *  3. Keep the k largest. Negative contributions count as they are, below all positive ones.
 */
import { coderSublayer, type PathComponent, type PathNode, type Sublayer } from "./path_node.ts";
import {
  type PathRun,
  type Received,
  received,
  skipped,
  stageOfCoder,
  throughFeature,
  throughHead,
} from "./path_run.ts";

/** Options of {@link topContributions}. */
export interface ContributionOptions {
  /** number of components to keep; default 5 */
  branches?: number;
  /** leave out position 0 as a source of heads; default true */
  ignoreFirst?: boolean;
  /** largest contribution; larger ones are lowered to it */
  cap?: number;
  /** keeps a component; sees everything of the node but its vector, constant and scale */
  filter?: (node: PathNode) => boolean;
}

/** A component before its vector is made. */
interface Candidate {
  component: PathComponent;
  token: number;
  contribution: number;
  error: number;
  make(): Pick<PathNode, "vector" | "constant" | "scale">;
}

/** Returns the components that contribute most to a node; see the header. */
export function topContributions(
  prepared: PathRun,
  node: PathNode,
  { branches = 5, ignoreFirst = true, cap, filter }: ContributionOptions = {},
): PathNode[] {
  const values = received(prepared, node);
  const candidates = [
    ...featureCandidates(prepared, node, values, branches),
    ...headCandidates(prepared, node, values, branches, ignoreFirst),
    ...otherCandidates(prepared, node, values),
  ];
  const made = candidates.map((candidate) => ({
    candidate,
    child: nodeOf(prepared, node, candidate),
  }));
  const kept = filter ? made.filter(({ child }) => filter(child)) : made;
  for (const { child } of kept) {
    if (cap === undefined || child.contribution! <= cap) continue;
    child.contribution = cap;
    child.capped = true;
  }
  return kept.sort((a, b) => b.child.contribution! - a.child.contribution!).slice(0, branches)
    .map(({ candidate, child }) => ({ ...child, ...candidate.make() }));
}

/** The vector of a node whose vector is not needed yet. */
const NO_VECTOR = { vector: new Float64Array(0), constant: 0, scale: 1 };

const largest = (candidates: Candidate[], k: number): Candidate[] =>
  candidates.sort((a, b) => b.contribution - a.contribution).slice(0, k);

function featureCandidates(
  prepared: PathRun,
  { token }: PathNode,
  { mlps, direct, mlpTotals }: Received,
  k: number,
): Candidate[] {
  const { features: { count, places, activations }, tokens } = prepared.run;
  const layers: Candidate[][] = Array.from({ length: mlps }, () => []);
  for (let i = 0; i < count; i++) {
    const [layer, position, feature] = places.subarray(3 * i, 3 * i + 3);
    if (layer >= mlps || position !== token) continue;
    const contribution = direct[i], scale = contribution / activations[i];
    const error = direct[count + layer * tokens.length + token];
    layers[layer].push({
      component: { type: "mlp", layer, feature },
      token,
      contribution,
      error: error === 0 ? 0 : error / mlpTotals[layer],
      make: () => ({
        ...throughFeature(prepared, { layer, feature, token, strength: scale }),
        scale,
      }),
    });
  }
  return layers.flatMap((candidates) => largest(candidates, k));
}

function headCandidates(
  prepared: PathRun,
  node: PathNode,
  { heads }: Received,
  k: number,
  ignoreFirst: boolean,
): Candidate[] {
  const n = prepared.run.tokens.length, { token } = node;
  return heads.flatMap((values, layer) => {
    const candidates: Candidate[] = [];
    const H = values.length / n;
    for (let head = 0; head < H; head++) {
      for (let source = ignoreFirst ? 1 : 0; source <= token; source++) {
        candidates.push({
          component: { type: "attn", layer, head },
          token: source,
          contribution: values[head * n + source],
          error: 0,
          make: () => ({ ...throughHead(prepared, node, { layer, head, source }), scale: 1 }),
        });
      }
    }
    return largest(candidates, Math.min(k, H));
  });
}

function otherCandidates(
  prepared: PathRun,
  node: PathNode,
  { direct, skips }: Received,
): Candidate[] {
  const { run: { tokens, features, model }, rows } = prepared, { token } = node;
  const tokenColumn = features.count + model.config.nLayers * tokens.length + token;
  const found: Candidate[] = [{
    component: { type: "embed", layer: 0 },
    token,
    contribution: direct[tokenColumn],
    error: 0,
    make: () => ({ vector: node.vector, constant: 0, scale: 1 }),
  }];
  for (const [layer, contribution] of skips.entries()) {
    if (!rows.maps[layer].skip) continue;
    found.push({
      component: { type: "skip", layer },
      token,
      contribution,
      error: 0,
      make: () => ({ vector: skipped(prepared, node, layer)!, constant: 0, scale: 1 }),
    });
  }
  return found;
}

/** Returns the node of a candidate without its vector. */
function nodeOf(prepared: PathRun, parent: PathNode, candidate: Candidate): PathNode {
  const { component, token, contribution, error } = candidate;
  const { type, layer } = component;
  const place: [Sublayer, number] = type === "mlp" || type === "skip"
    ? [coderSublayer(prepared.run, layer), stageOfCoder(prepared, layer)]
    : ["resid_pre", 2 * layer];
  return {
    chain: type === "mlp" ? [component] : [...parent.chain, component],
    token,
    layer,
    sublayer: place[0],
    stage: place[1],
    ...NO_VECTOR,
    contribution,
    capped: false,
    error,
  };
}
