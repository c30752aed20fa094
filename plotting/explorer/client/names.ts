/**
 * Reads and writes the names of nodes and edges in EAP-IG's notation: `input`, `a3.h1`, `m3`, `logits`,
 * `a0.h2->a3.h1<q>`. Shared by the page and by the code that builds it.
 */
import type { CircuitEdge, CircuitSummary } from "../../../utils/results/circuit_summary.ts";

export type Shape = CircuitSummary["shape"];

/** The kind of an edge: the input of a head that it enters, or "o" for edges into MLPs and logits. */
export type Letter = "q" | "k" | "v" | "o";

export interface NodeParts {
  kind: "input" | "head" | "mlp" | "logits";
  layer: number;
  head: number;
}

/** Parses `a3.h1`, `m3`, `input` or `logits`. @throws Error for anything else. */
export function parseNode(name: string): NodeParts {
  if (name === "input") return { kind: "input", layer: -1, head: 0 };
  if (name === "logits") return { kind: "logits", layer: Infinity, head: 0 };
  const match = /^(?:a(\d+)\.h(\d+)|m(\d+))$/.exec(name);
  if (!match) {
    throw new Error(`expected a node name such as a3.h1, m3, input or logits, found "${name}"`);
  }
  if (match[3] !== undefined) return { kind: "mlp", layer: Number(match[3]), head: 0 };
  return { kind: "head", layer: Number(match[1]), head: Number(match[2]) };
}

export function letterOf(edge: CircuitEdge): Letter {
  return edge.letter ?? "o";
}

/** Returns the name of an edge: `a0.h2->a3.h1<q>`, `m0->logits`. */
export function edgeName(edge: CircuitEdge): string {
  return `${edge.source}->${edge.target}${edge.letter ? `<${edge.letter}>` : ""}`;
}

/** Returns a name that fits on a node: `3.1` for a head, `M3` for an MLP. */
export function shortName(name: string): string {
  const { kind, layer, head } = parseNode(name);
  if (kind === "head") return `${layer}.${head}`;
  return kind === "mlp" ? `M${layer}` : name;
}

/** Returns the name of a node in prose: `Head 3.1`, `MLP 3`. */
export function longName(name: string): string {
  const { kind, layer, head } = parseNode(name);
  if (kind === "head") return `Head ${layer}.${head}`;
  if (kind === "mlp") return `MLP ${layer}`;
  return kind === "input" ? "Input embeddings" : "Logits";
}

/** Returns all node names in the order of the residual stream: input, each layer's heads and MLP, logits. */
export function allNodes(shape: Shape): string[] {
  const names = ["input"];
  for (let layer = 0; layer < shape.nLayers; layer++) {
    for (let head = 0; head < shape.nHeads; head++) names.push(`a${layer}.h${head}`);
    names.push(`m${layer}`);
  }
  names.push("logits");
  return names;
}

/** Finds the node meant by "3.1", "a3.h1", "L3H1", "3 1", "m3" or "mlp 3"; null if the model does not have it. */
export function findNode(query: string, shape: Shape): string | null {
  const text = query.trim().toLowerCase();
  const mlp = /^m(?:lp)?\s*(\d+)$/.exec(text);
  const head = /^[al]?(\d+)[.\sh,]+h?(\d+)$/.exec(text);
  let name: string | null = null;
  if (mlp) name = `m${Number(mlp[1])}`;
  else if (head) name = `a${Number(head[1])}.h${Number(head[2])}`;
  else if (text === "input" || text === "logits") name = text;
  return name !== null && allNodes(shape).includes(name) ? name : null;
}
