/**
 * Nodes of a path: a component at a position, and the vector that reads the stream there.
 *
 *     what the node gives its parent = vector·x + constant
 *
 * where x is the residual stream at the node's stage and position. A feature starts a chain of its own; a head, a linear path
 * or the embedding is appended to the chain of its parent. Names are those of transcoder_circuits: `mlp8tc[89]@5`,
 * `attn2[2]@8`, `embed0@9`; a linear path is `skip3@9`.
 */
import { splitHook } from "../../transcoders/mod.ts";
import type { LinearRun } from "../linear/mod.ts";

/** Kinds of components on a path. */
export type ComponentType = "mlp" | "attn" | "embed" | "skip";

/** A component of the model. */
export interface PathComponent {
  /** what it is */
  type: ComponentType;
  /** its layer; 0 for the embedding */
  layer: number;
  /** head, for attention */
  head?: number;
  /** feature, for an MLP; absent for a direction that is not a feature */
  feature?: number;
}

/** Places in the stream, by the names of transcoder_circuits. */
export type Sublayer = "resid_pre" | "resid_mid" | "resid_post";

/** A node of a path; see the header. */
export interface PathNode {
  /** components since the last feature, this node's own last */
  chain: readonly PathComponent[];
  /** position; that of the source, for a head */
  token: number;
  /** layer of the place where the vector reads the stream */
  layer: number;
  /** place of that layer where the vector reads the stream */
  sublayer: Sublayer;
  /** the same place as a stage of the walk: `2·layer` before attention, `2·layer + 1` after it, `2·L` at the end */
  stage: number;
  /** vector that reads the stream, `[d]` */
  vector: Float64Array;
  /** what the node gives besides `vector·x` */
  constant: number;
  /** factor of the feature's own encoder row in the vector; 1 for heads and directions */
  scale: number;
  /** what the node gives its parent; the activation of a root; absent for a direction */
  contribution?: number;
  /** whether a cap lowered the contribution */
  capped: boolean;
  /** share of the parent's reading of this MLP that the coder does not explain */
  error: number;
}

/** Returns the name of a component without its position. */
export function componentName({ type, layer, head, feature }: PathComponent): string {
  if (type === "attn") return `attn${layer}[${head}]`;
  return `${type}${layer}${feature === undefined ? "" : `tc[${feature}]`}`;
}

/** Returns the component of a node: the last of its chain. */
export const componentOf = ({ chain }: PathNode): PathComponent => chain[chain.length - 1];

/** Returns a node's name by its component alone, with its position unless `token` is false. */
export const nodeName = (node: PathNode, token = true): string =>
  componentName(componentOf(node)) + (token ? `@${node.token}` : "");

/** Returns a node's name by all of its chain, with its position unless `token` is false. */
export const chainName = (node: PathNode, token = true): string =>
  node.chain.map(componentName).join("") + (token ? `@${node.token}` : "");

/** Returns the place that a layer's coder reads. */
export function coderSublayer({ coders }: Pick<LinearRun, "coders">, layer: number): Sublayer {
  const { point } = splitHook(coders[layer].config.inputHook)!;
  return point === "hook_resid_pre" ? "resid_pre" : "resid_mid";
}

/** Returns a path as one line, root first: `mlp2tc[5]@8: 1.3 <- attn1[0]@3: 0.4`. @param digits significant digits */
export function pathText(path: readonly PathNode[], digits = 2): string {
  return path.map((node) => {
    const { contribution, capped } = node;
    const value = contribution === undefined
      ? ""
      : `: ${Number(contribution.toPrecision(digits))}${capped ? " (capped)" : ""}`;
    return nodeName(node) + value;
  }).join(" <- ");
}
