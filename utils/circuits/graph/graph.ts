/**
 * The computational graph circuits live in, as index arithmetic: nothing is allocated per node or per edge.
 *
 * A *source* writes to the residual stream: `input`, every head `a{l}.h{h}`, every MLP `m{l}`. A *destination* reads from
 * it: a head three times (letters q, k, v), an MLP, and `logits`. Scores and masks are dense row-major matrices
 * `[nForward, nBackward]`; row u is a source, column v a destination, and `u * nBackward + v` is called a *cell*.
 *
 *     row     0: input     1 + l(H+1) + h: a{l}.h{h}     1 + l(H+1) + H: m{l}
 *     column  l(3H+1) + jH + h: a{l}.h{h}<q|k|v>, j = 0, 1, 2     l(3H+1) + 3H: m{l}     last: logits
 *
 * A cell is an edge if the source comes before the destination in the residual stream, which is `u < prevIndex(v)`.
 * In a parallel model (GPT-NeoX) a layer's MLP reads what its heads read; in a sequential one (GPT-2) it also reads the
 * heads of its own layer.
 *
 * Names, used where people and files meet the graph, are `input`, `a3.h1`, `m3`, `logits`, and `a0.h1->a3.h2<q>` for an
 * edge. Indices, names and the order of the edges are those of EAP-IG (Hanna et al., 2024).
 */

/** What determines the graph of a model. */
export interface CircuitShape {
  nLayers: number;
  nHeads: number;
  /** attention and MLP of a layer read the same residual stream */
  parallel: boolean;
}

export type Letter = "q" | "k" | "v";
export const LETTERS: readonly Letter[] = ["q", "k", "v"];

/** A node by its parts; `layer` of `input` is −1 and of `logits` nLayers. */
export type GraphNode =
  | { kind: "input" | "logits" | "mlp"; layer: number }
  | { kind: "head"; layer: number; head: number };

/** Number of sources, 1 + L(H+1): rows of scores and masks. `logits` has this number as its source index. */
export function nForward({ nLayers, nHeads }: CircuitShape): number {
  return 1 + nLayers * (nHeads + 1);
}

/** Number of destinations, L(3H+1) + 1: columns of scores and masks. */
export function nBackward({ nLayers, nHeads }: CircuitShape): number {
  return nLayers * (3 * nHeads + 1) + 1;
}

/** Number of edges of the whole graph. */
export function edgeCount(shape: CircuitShape): number {
  let edges = 0;
  for (let v = 0; v < nBackward(shape); v++) edges += prevIndex(shape, v);
  return edges;
}

/** The node that owns column `v`, and the letter by which it is entered (undefined for MLPs and logits). */
export function destinationNode(
  shape: CircuitShape,
  v: number,
): { node: GraphNode; letter?: Letter } {
  const { nLayers, nHeads } = shape;
  const width = 3 * nHeads + 1;
  const layer = Math.floor(v / width), within = v % width;
  if (layer === nLayers) return { node: { kind: "logits", layer } };
  if (within === width - 1) return { node: { kind: "mlp", layer } };
  return {
    node: { kind: "head", layer, head: within % nHeads },
    letter: LETTERS[Math.floor(within / nHeads)],
  };
}

/** The node of row `u`; `u = nForward` is `logits`. */
export function sourceNode({ nLayers, nHeads }: CircuitShape, u: number): GraphNode {
  if (u === 0) return { kind: "input", layer: -1 };
  const layer = Math.floor((u - 1) / (nHeads + 1)), head = (u - 1) % (nHeads + 1);
  if (layer === nLayers) return { kind: "logits", layer };
  return head === nHeads ? { kind: "mlp", layer } : { kind: "head", layer, head };
}

/** Number of sources that can feed column `v`: exactly the rows `0 … prevIndex − 1`. */
export function prevIndex(shape: CircuitShape, v: number): number {
  const { nHeads, parallel } = shape;
  const { kind, layer } = destinationNode(shape, v).node;
  return 1 + layer * (nHeads + 1) + (kind === "mlp" && !parallel ? nHeads : 0);
}

/** Row of the node that owns column `v`; nForward for `logits`. */
export function ownerIndex(shape: CircuitShape, v: number): number {
  return nodeIndex(shape, destinationNode(shape, v).node);
}

/** Columns by which the node of row `u` reads: none for `input`, three for a head, one for an MLP or `logits`. */
export function columnsOf(shape: CircuitShape, u: number): number[] {
  const { nHeads } = shape;
  const node = sourceNode(shape, u);
  const first = node.layer * (3 * nHeads + 1);
  switch (node.kind) {
    case "input":
      return [];
    case "head":
      return LETTERS.map((_, j) => first + j * nHeads + node.head);
    case "mlp":
      return [first + 3 * nHeads];
    case "logits":
      return [first];
  }
}

/** `[nForward, nBackward]`: 1 where the cell is an edge. */
export function realEdgeMask(shape: CircuitShape): Uint8Array {
  const columns = nBackward(shape);
  const mask = new Uint8Array(nForward(shape) * columns);
  for (let v = 0; v < columns; v++) {
    for (let u = prevIndex(shape, v) - 1; u >= 0; u--) mask[u * columns + v] = 1;
  }
  return mask;
}

/**
 * All edges as cells, in EAP-IG's order of insertion (the order of its JSON files): layer by layer; within a layer by
 * source, then head, then letter. A parallel layer's MLP edge follows the head edges of the same source, a sequential
 * layer's MLP edges follow all its head edges. Edges into `logits` come last.
 */
export function* edgesInOrder(shape: CircuitShape): Generator<number, void, void> {
  const { nLayers, nHeads, parallel } = shape;
  const columns = nBackward(shape);
  for (let layer = 0; layer < nLayers; layer++) {
    const first = layer * (3 * nHeads + 1), mlp = first + 3 * nHeads;
    for (let u = 0; u < prevIndex(shape, first); u++) {
      for (let h = 0; h < nHeads; h++) {
        for (let j = 0; j < 3; j++) yield u * columns + first + j * nHeads + h;
      }
      if (parallel) yield u * columns + mlp;
    }
    if (!parallel) { for (let u = 0; u < prevIndex(shape, mlp); u++) yield u * columns + mlp; }
  }
  for (let u = 0; u < nForward(shape); u++) yield u * columns + columns - 1;
}

/** Row of a node; nForward for `logits`. */
export function nodeIndex(shape: CircuitShape, node: GraphNode): number {
  switch (node.kind) {
    case "input":
      return 0;
    case "head":
      return 1 + node.layer * (shape.nHeads + 1) + node.head;
    case "mlp":
      return 1 + node.layer * (shape.nHeads + 1) + shape.nHeads;
    case "logits":
      return nForward(shape);
  }
}

/** The name of a node: `input`, `a{l}.h{h}`, `m{l}` or `logits`. */
export function nodeName(node: GraphNode): string {
  switch (node.kind) {
    case "head":
      return `a${node.layer}.h${node.head}`;
    case "mlp":
      return `m${node.layer}`;
    default:
      return node.kind;
  }
}

/** Names of all sources in row order, without `logits`. */
export function sourceNames(shape: CircuitShape): string[] {
  return Array.from({ length: nForward(shape) }, (_, u) => nodeName(sourceNode(shape, u)));
}

/** Names of all destinations in column order; heads with their letter, `a0.h1<q>`. */
export function destinationNames(shape: CircuitShape): string[] {
  return Array.from({ length: nBackward(shape) }, (_, v) => destinationName(shape, v));
}

/** The name of column `v`. */
export function destinationName(shape: CircuitShape, v: number): string {
  const { node, letter } = destinationNode(shape, v);
  return letter ? `${nodeName(node)}<${letter}>` : nodeName(node);
}

/** The name of the edge from row `u` to column `v`. */
export function edgeName(shape: CircuitShape, u: number, v: number): string {
  return `${nodeName(sourceNode(shape, u))}->${destinationName(shape, v)}`;
}

/**
 * The node of that name.
 * @throws Error if the name is not a node of a graph of this shape.
 */
export function parseNode(shape: CircuitShape, name: string): GraphNode {
  if (name === "input") return { kind: "input", layer: -1 };
  if (name === "logits") return { kind: "logits", layer: shape.nLayers };
  const match = /^(?:a(\d+)\.h(\d+)|m(\d+))$/.exec(name);
  const layer = Number(match?.[1] ?? match?.[3]), head = Number(match?.[2] ?? 0);
  if (!match || layer >= shape.nLayers || head >= shape.nHeads) {
    throw new Error(
      `expected a node name (input, a0.h0 … a${shape.nLayers - 1}.h${shape.nHeads - 1}, ` +
        `m0 … m${shape.nLayers - 1}, logits), found "${name}"`,
    );
  }
  return match[3] === undefined ? { kind: "head", layer, head } : { kind: "mlp", layer };
}

/**
 * Row and column of an edge name.
 * @throws Error if it is no edge of a graph of this shape (a wrong name, a letter missing, a source after its destination).
 */
export function parseEdge(
  shape: CircuitShape,
  name: string,
): { source: number; destination: number } {
  const match = /^([^<>]+)->([^<>]+?)(?:<([qkv])>)?$/.exec(name);
  if (!match) throw new Error(`expected an edge name such as "m0->a1.h2<q>", found "${name}"`);
  const source = nodeIndex(shape, parseNode(shape, match[1]));
  const target = parseNode(shape, match[2]);
  const columns = columnsOf(shape, nodeIndex(shape, target));
  if ((target.kind === "head") !== (match[3] !== undefined)) {
    throw new Error(
      `an edge into a head, and no other, ends with <q>, <k> or <v>; found "${name}"`,
    );
  }
  const destination = columns[match[3] ? "qkv".indexOf(match[3]) : 0];
  if (destination === undefined || source >= prevIndex(shape, destination)) {
    throw new Error(`"${name}" is no edge: its source does not come before its destination`);
  }
  return { source, destination };
}

/** Scores `[nForward, nBackward]`; cells that are not edges are ignored. */
export type Scores = Float32Array | Float64Array;
