/** How the page shows and finds nodes and edges. `utils/names` has their names. */
import type { CircuitEdge, CircuitSummary } from "../../../utils/results/kinds/circuit_summary.ts";
import {
  headName,
  type Letter,
  mlpName,
  nodeNames,
  parseNodeName,
} from "../../../utils/names/mod.ts";

/** Numbers of layers and heads, and whether attention and MLP of a layer read the same stream. */
export type Shape = CircuitSummary["shape"];

/** How an edge is drawn: by the letter of the head's input that it enters, or "o" for edges into MLPs and logits. */
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

/** Returns how an edge is drawn. */
export function lineKind(edge: CircuitEdge): LineKind {
  return edge.letter ?? "o";
}

/** Returns what fits on a node: `3.1` for a head, `M3` for an MLP. */
export function shortName(name: string): string {
  const node = parseNodeName(name);
  if (node.kind === "head") return `${node.layer}.${node.head}`;
  return node.kind === "mlp" ? `M${node.layer}` : name;
}

/** Returns what a person would say: `Head 3.1`, `MLP 3`. */
export function longName(name: string): string {
  const node = parseNodeName(name);
  if (node.kind === "head") return `Head ${node.layer}.${node.head}`;
  if (node.kind === "mlp") return `MLP ${node.layer}`;
  return node.kind === "input" ? "Input embeddings" : "Logits";
}

/** Finds the node meant by "3.1", "a3.h1", "L3H1", "3 1", "m3" or "mlp 3"; null if the model has no such node. */
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
