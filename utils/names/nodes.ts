/**
 * Names of a transformer's parts, as EAP-IG writes them and as every table, file and page of this project shows them:
 *
 *     node   input   a3.h1 (head 1 of layer 3)   m3 (the MLP of layer 3)   logits
 *     edge   m0->a3.h1<q>   into a head, with the letter of the input that it enters   a3.h1->logits   into anything else
 *
 * This is the only module that formats or parses them. It imports nothing, so that web pages can bundle it.
 */

/** One of the three inputs of a head: query, key or value. */
export type Letter = "q" | "k" | "v";

/** The inputs of a head, in the order of the columns of a circuit's matrices. */
export const LETTERS: readonly Letter[] = ["q", "k", "v"];

/** A head by layer and number. */
export type Head = readonly [layer: number, head: number];

/** A node by what its name says. */
export type NamedNode =
  | { kind: "input" }
  | { kind: "logits" }
  | { kind: "mlp"; layer: number }
  | { kind: "head"; layer: number; head: number };

/** An edge by what its name says. */
export interface NamedEdge {
  /** name of the node that the edge leaves */
  source: string;
  /** name of the node that the edge enters */
  target: string;
  /** input of the target, if that is a head */
  letter: Letter | null;
}

/** Returns `a{layer}.h{head}`. */
export function headName([layer, head]: Head): string {
  return `a${layer}.h${head}`;
}

/** Returns the head of that name. @throws Error if the name is not `a{layer}.h{head}`. */
export function parseHead(name: string): Head {
  const node = matchNode(name);
  if (node?.kind === "head") return [node.layer, node.head];
  throw new Error(`expected a head such as a3.h1, found ${JSON.stringify(name)}`);
}

/** Returns `m{layer}`. */
export function mlpName(layer: number): string {
  return `m${layer}`;
}

/** Returns the name of a node: `input`, `a{layer}.h{head}`, `m{layer}` or `logits`. */
export function nodeName(node: NamedNode): string {
  switch (node.kind) {
    case "head":
      return headName([node.layer, node.head]);
    case "mlp":
      return mlpName(node.layer);
    default:
      return node.kind;
  }
}

/** Returns the node of that name, or undefined if no node has such a name. */
export function matchNode(name: string): NamedNode | undefined {
  if (name === "input" || name === "logits") return { kind: name };
  const match = /^(?:a(\d+)\.h(\d+)|m(\d+))$/.exec(name);
  if (!match) return undefined;
  if (match[3] !== undefined) return { kind: "mlp", layer: Number(match[3]) };
  return { kind: "head", layer: Number(match[1]), head: Number(match[2]) };
}

/** Returns the node of that name. @throws Error if no node has such a name. */
export function parseNodeName(name: string): NamedNode {
  const node = matchNode(name);
  if (node) return node;
  throw new Error(`expected a node name such as a3.h1, m3, input or logits, found "${name}"`);
}

/**
 * Returns the names of all nodes of a model in the order of the residual stream: `input`, the heads and then the MLP of
 * each layer, `logits`.
 */
export function nodeNames({ nLayers, nHeads }: { nLayers: number; nHeads: number }): string[] {
  const names = ["input"];
  for (let layer = 0; layer < nLayers; layer++) {
    for (let head = 0; head < nHeads; head++) names.push(headName([layer, head]));
    names.push(mlpName(layer));
  }
  return [...names, "logits"];
}

/** Returns the name of an edge, `m0->a3.h1<q>` or `a3.h1->logits`. */
export function edgeName({ source, target, letter }: NamedEdge): string {
  return `${source}->${inputName(target, letter)}`;
}

/** Returns the name of what an edge enters: `a3.h1<q>` for an input of a head, else the name of the node. */
export function inputName(target: string, letter: Letter | null): string {
  return letter === null ? target : `${target}<${letter}>`;
}

/**
 * Returns the parts of an edge's name.
 * @throws Error if the text does not have the form of an edge's name; the nodes are not checked.
 * @example
 * ```ts
 * import { edgeName, parseEdgeName } from "./nodes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const edge = parseEdgeName("m0->a3.h1<q>");
 * assertEquals(edge, { source: "m0", target: "a3.h1", letter: "q" });
 * assertEquals(edgeName(edge), "m0->a3.h1<q>");
 * ```
 */
export function parseEdgeName(name: string): NamedEdge {
  const match = /^([^<>]+)->([^<>]+?)(?:<([qkv])>)?$/.exec(name);
  if (!match) throw new Error(`expected an edge name such as "m0->a1.h2<q>", found "${name}"`);
  const [, source, target, letter] = match;
  return { source, target, letter: letter as Letter | undefined ?? null };
}
