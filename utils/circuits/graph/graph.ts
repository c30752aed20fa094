/**
 * The computational graph that circuits are sub-graphs of, as index arithmetic: no object per node or per edge.
 *
 * A *source* writes to the residual stream: `input`, every head `a{l}.h{h}`, every MLP `m{l}`. A *destination* reads from
 * it: a head three times (letters q, k, v), an MLP, and `logits`. Scores and masks are dense row-major matrices
 * `[nForward, nBackward]`. Row u is a source, column v a destination, and `u * nBackward + v` is called a *cell*.
 *
 *     row     0: input     1 + l(H+1) + h: a{l}.h{h}     1 + l(H+1) + H: m{l}
 *     column  l(3H+1) + jH + h: a{l}.h{h}<q|k|v>, j = 0, 1, 2     l(3H+1) + 3H: m{l}     last: logits
 *
 * A cell is an edge if its source comes before its destination in the residual stream: `u < prevIndex(v)`. In a parallel
 * model (GPT-NeoX) a layer's MLP reads what its heads read; in a sequential one (GPT-2) it also reads the heads of its
 * own layer.
 *
 * This is the only module that knows the arithmetic of rows and columns. Indices and the order of the edges are those of
 * EAP-IG (Hanna et al., 2024); names are those of `utils/names`.
 */
import {
  inputName,
  type Letter,
  LETTERS,
  matchNode,
  nodeName,
  parseEdgeName,
} from "../../names/mod.ts";

/** What determines the graph of a model. */
export interface CircuitShape {
  /** number of layers, L */
  nLayers: number;
  /** number of heads in each layer, H */
  nHeads: number;
  /** whether attention and MLP of a layer read the same residual stream */
  parallel: boolean;
  /** whether a norm over all heads of a layer makes each depend on the others' queries and keys (OLMo 2) */
  coupled?: boolean;
}

/** Scores `[nForward, nBackward]`; the values of cells that are not edges are ignored. */
export type Scores = Float32Array | Float64Array;

/** A node by its parts; `layer` is −1 for `input` and nLayers for `logits`. */
export type GraphNode =
  | { kind: "input" | "logits" | "mlp"; layer: number }
  | { kind: "head"; layer: number; head: number };

/** Returns the number of sources, 1 + L(H+1): the rows of scores and masks. It is also the row index of `logits`. */
export function nForward({ nLayers, nHeads }: CircuitShape): number {
  return 1 + nLayers * (nHeads + 1);
}

/** Returns the number of destinations, L(3H+1) + 1: the columns of scores and masks. */
export function nBackward({ nLayers, nHeads }: CircuitShape): number {
  return nLayers * (3 * nHeads + 1) + 1;
}

/** The rows of one layer's sources. */
export interface LayerRows {
  /** row of head 0; head h follows at `heads + h` */
  heads: number;
  /** row of the MLP */
  mlp: number;
  /** one past the last row of the layer */
  end: number;
}

/** Returns the rows of layer `l`; for `l = nLayers`, `heads` is nForward, the row index of `logits`. */
export function layerRows({ nHeads }: { nHeads: number }, l: number): LayerRows {
  const heads = 1 + l * (nHeads + 1);
  return { heads, mlp: heads + nHeads, end: heads + nHeads + 1 };
}

/** The columns of one layer's destinations. */
export interface LayerColumns {
  /** column of the query of head 0; all queries come first, then all keys, then all values */
  first: number;
  /** one past the last column of the layer */
  end: number;
}

/** Returns the columns of layer `l`, 3H + 1 of them. */
export function layerColumns({ nHeads }: { nHeads: number }, l: number): LayerColumns {
  const first = l * (3 * nHeads + 1);
  return { first, end: first + 3 * nHeads + 1 };
}

/** Returns the columns of some heads of layer `l`, head by head: query, key, value. */
export function headColumns(
  shape: { nHeads: number },
  l: number,
  heads: readonly number[],
): number[] {
  const { first } = layerColumns(shape, l);
  return heads.flatMap((h) => LETTERS.map((_, j) => first + j * shape.nHeads + h));
}

/** Returns the column of the MLP of layer `l`. */
export function mlpColumn(shape: { nHeads: number }, l: number): number {
  return layerColumns(shape, l).end - 1;
}

/** Returns the column of `logits`, the last one. */
export function logitsColumn(shape: CircuitShape): number {
  return nBackward(shape) - 1;
}

/** Returns the number of edges of the whole graph. */
export function edgeCount(shape: CircuitShape): number {
  let edges = 0;
  for (let v = 0; v < nBackward(shape); v++) edges += prevIndex(shape, v);
  return edges;
}

/** Returns the node that owns column `v`, and the letter of its input (undefined for MLPs and `logits`). */
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

/** Returns the node of row `u`; `u = nForward` is `logits`. */
export function sourceNode({ nLayers, nHeads }: CircuitShape, u: number): GraphNode {
  if (u === 0) return { kind: "input", layer: -1 };
  const layer = Math.floor((u - 1) / (nHeads + 1)), head = (u - 1) % (nHeads + 1);
  if (layer === nLayers) return { kind: "logits", layer };
  return head === nHeads ? { kind: "mlp", layer } : { kind: "head", layer, head };
}

/** Returns the number of sources that can feed column `v`: exactly the rows `0 … prevIndex − 1`. */
export function prevIndex(shape: CircuitShape, v: number): number {
  const { kind, layer } = destinationNode(shape, v).node;
  const { heads, mlp } = layerRows(shape, layer);
  return kind === "mlp" && !shape.parallel ? mlp : heads;
}

/** Returns the row of the node that owns column `v`; nForward for `logits`. */
export function ownerIndex(shape: CircuitShape, v: number): number {
  return nodeIndex(shape, destinationNode(shape, v).node);
}

/** Returns the columns through which the node of row `u` reads: none for `input`, three for a head, else one. */
export function columnsOf(shape: CircuitShape, u: number): number[] {
  const node = sourceNode(shape, u);
  switch (node.kind) {
    case "input":
      return [];
    case "head":
      return headColumns(shape, node.layer, [node.head]);
    case "mlp":
      return [mlpColumn(shape, node.layer)];
    case "logits":
      return [logitsColumn(shape)];
  }
}

/** Returns the mask `[nForward, nBackward]` of the whole graph: 1 where the cell is an edge. */
export function realEdgeMask(shape: CircuitShape): Uint8Array {
  const columns = nBackward(shape);
  const mask = new Uint8Array(nForward(shape) * columns);
  for (let v = 0; v < columns; v++) {
    for (let u = prevIndex(shape, v) - 1; u >= 0; u--) mask[u * columns + v] = 1;
  }
  return mask;
}

/**
 * Yields all edges as cells, in the order in which EAP-IG inserts them (the order of its JSON files): layer by layer, and
 * within a layer by source, then head, then letter. The MLP edge of a parallel layer follows the head edges of the same
 * source; the MLP edges of a sequential layer follow all its head edges. Edges into `logits` come last.
 */
export function* edgesInOrder(shape: CircuitShape): Generator<number, void, void> {
  const { nLayers, nHeads, parallel } = shape;
  const columns = nBackward(shape);
  const heads = Array.from({ length: nHeads }, (_, h) => h);
  for (let layer = 0; layer < nLayers; layer++) {
    const inputs = headColumns(shape, layer, heads), mlp = mlpColumn(shape, layer);
    for (let u = 0; u < layerRows(shape, layer).heads; u++) {
      for (const v of inputs) yield u * columns + v;
      if (parallel) yield u * columns + mlp;
    }
    if (!parallel) { for (let u = 0; u < prevIndex(shape, mlp); u++) yield u * columns + mlp; }
  }
  for (let u = 0; u < nForward(shape); u++) yield u * columns + columns - 1;
}

/** Returns the row of a node; nForward for `logits`. */
export function nodeIndex(shape: CircuitShape, node: GraphNode): number {
  switch (node.kind) {
    case "input":
      return 0;
    case "head":
      return layerRows(shape, node.layer).heads + node.head;
    case "mlp":
      return layerRows(shape, node.layer).mlp;
    case "logits":
      return nForward(shape);
  }
}

/** Returns the name of column `v`: of the node, and for a head with its letter, `a0.h1<q>`. */
export function destinationName(shape: CircuitShape, v: number): string {
  const { node, letter } = destinationNode(shape, v);
  return inputName(nodeName(node), letter ?? null);
}

/** Returns the name of the edge at a cell, `a0.h1->a3.h2<q>`. */
export function cellName(shape: CircuitShape, cell: number): string {
  const columns = nBackward(shape);
  const source = nodeName(sourceNode(shape, Math.floor(cell / columns)));
  return `${source}->${destinationName(shape, cell % columns)}`;
}

/**
 * Returns the node of that name.
 * @throws Error if the graph of this shape has no such node.
 */
export function parseNode(shape: CircuitShape, name: string): GraphNode {
  const node = matchNode(name);
  if (node?.kind === "input") return { kind: "input", layer: -1 };
  if (node?.kind === "logits") return { kind: "logits", layer: shape.nLayers };
  const head = node?.kind === "head" ? node.head : 0;
  if (!node || node.layer >= shape.nLayers || head >= shape.nHeads) {
    throw new Error(
      `expected a node name (input, a0.h0 … a${shape.nLayers - 1}.h${shape.nHeads - 1}, ` +
        `m0 … m${shape.nLayers - 1}, logits), found "${name}"`,
    );
  }
  return node;
}

/**
 * Returns the cell of the edge of that name.
 * @throws Error if the graph of this shape has no such edge: an unknown node, a letter that is missing or superfluous, or
 *   a source that does not come before its destination.
 */
export function edgeCell(shape: CircuitShape, name: string): number {
  const { source, target, letter } = parseEdgeName(name);
  const row = nodeIndex(shape, parseNode(shape, source));
  const node = parseNode(shape, target);
  if ((node.kind === "head") !== (letter !== null)) {
    throw new Error(
      `expected <q>, <k> or <v> at the end of an edge into a head, and of no other; found "${name}"`,
    );
  }
  const column = columnsOf(shape, nodeIndex(shape, node))[letter ? LETTERS.indexOf(letter) : 0];
  if (column === undefined || row >= prevIndex(shape, column)) {
    throw new Error(`"${name}" is not an edge: its source does not come before its destination`);
  }
  return row * nBackward(shape) + column;
}

/** Checks a matrix of scores or flags. @throws Error naming `what` if its size is not `[nForward, nBackward]`. */
export function checkMatrix(shape: CircuitShape, matrix: { length: number }, what: string): void {
  const rows = nForward(shape), columns = nBackward(shape);
  if (matrix.length !== rows * columns) {
    throw new Error(
      `expected ${what} to be [${rows}, ${columns}], ${rows * columns} values, for ` +
        `${shape.nLayers} layers of ${shape.nHeads} heads; found ${matrix.length}`,
    );
  }
}
