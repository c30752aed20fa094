/** Labels, places and finds nodes and edges on the page. `utils/names` defines their names. */
import type { CircuitEdge, CircuitSummary } from "../../../utils/results/mod.ts";
import {
  headName,
  type Letter,
  mlpName,
  nodeNames,
  parseNodeName,
} from "../../../utils/names/mod.ts";

/** Numbers of layers and heads, and whether a layer's attention and MLP read the same residual stream. */
export type Shape = CircuitSummary["shape"];

/** The kind of an edge's line: the head's input that it enters, or "o" for edges into MLPs and logits. */
export type LineKind = Letter | "o";

/** Where a node is drawn. */
export interface NodePlace {
  kind: "input" | "head" | "mlp" | "logits";
  /** −1 for the input, Infinity for the logits */
  layer: number;
  /** 0 for nodes that are not heads */
  head: number;
}

/** Returns the place of a node. @throws Error if the name is not that of a node. */
export function placeOfNode(name: string): NodePlace {
  const node = parseNodeName(name);
  switch (node.kind) {
    case "input":
      return { kind: "input", layer: -1, head: 0 };
    case "logits":
      return { kind: "logits", layer: Infinity, head: 0 };
    case "mlp":
      return { ...node, head: 0 };
    case "head":
      return node;
  }
}

/** Returns the kind of an edge's line. */
export function lineKind(edge: CircuitEdge): LineKind {
  return edge.letter ?? "o";
}

/** Returns a name that fits on a node: `3.1` for a head, `M3` for an MLP. */
export function shortName(name: string): string {
  const node = parseNodeName(name);
  if (node.kind === "head") return `${node.layer}.${node.head}`;
  return node.kind === "mlp" ? `M${node.layer}` : name;
}

/** Returns the name of a node in prose: `Head 3.1`, `MLP 3`. */
export function longName(name: string): string {
  const node = parseNodeName(name);
  if (node.kind === "head") return `Head ${node.layer}.${node.head}`;
  if (node.kind === "mlp") return `MLP ${node.layer}`;
  return node.kind === "input" ? "Input embeddings" : "Logits";
}

/** Finds the node meant by "3.1", "a3.h1", "L3H1", "3 1", "m3" or "mlp 3"; null if the model does not have it. */
export function findNode(query: string, shape: Shape): string | null {
  const text = query.trim().toLowerCase();
  const mlp = /^m(?:lp)?\s*(\d+)$/.exec(text);
  const head = /^[al]?(\d+)[.\sh,]+h?(\d+)$/.exec(text);
  let name: string | null = null;
  if (mlp) name = mlpName(Number(mlp[1]));
  else if (head) name = headName([Number(head[1]), Number(head[2])]);
  else if (text === "input" || text === "logits") name = text;
  return name !== null && nodeNames(shape).includes(name) ? name : null;
}
