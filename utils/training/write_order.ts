/**
 * Decides where a step may write a result over the tensor that it replaces.
 *
 * ONNX Runtime runs a graph's nodes in an order of its own that only respects what a node reads. A result that shares its
 * memory with an input must therefore not be written before everything else has read that input. The graph can prove it:
 *
 *  1. Collect the nodes of the step, walking back from all its outputs.
 *  2. Collect the readers of the input: nodes that take it, or a view of it. What only moves elements counts as a view,
 *     since ONNX Runtime may share its memory or fuse it into the node after it.
 *  3. The write is safe if the node that makes the result comes after each reader on a path of the graph, or is the reader
 *     itself and elementwise, so that it reads each element before it writes it.
 *
 * Without a proof the result needs memory of its own. Gradient clipping gives one for every parameter, because each update
 * then waits for the norm of all gradients. Without it, the gradient of one layer may still read the weights of another.
 */
import type { Node, Value } from "../onnx/mod.ts";

/** Operators whose results may be views of their first input, or be fused with the node that reads them. */
const MOVES = new Set([
  "Identity",
  "Reshape",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
  "Slice",
  "Split",
  "Expand",
]);

const ELEMENTWISE = new Set(["Add", "Sub", "Mul", "Div"]);

/** The nodes of a step, given all its outputs. */
export class WriteOrder {
  readonly #nodes: ReadonlySet<Node>;

  /** @param outputs all values that the step computes */
  constructor(outputs: readonly Value[]) {
    this.#nodes = ancestors(outputs);
  }

  /** Returns whether `result` may be written over `input`, an input of the graph. */
  isSafe(input: Value, result: Value): boolean {
    const writer = result.node;
    if (writer === undefined) return false;
    const before = ancestors(writer.inputs);
    return this.#readers(input).every((reader) =>
      before.has(reader) || (reader === writer && isElementwise(writer))
    );
  }

  #readers(input: Value): Node[] {
    const views = new Set<Value>([input]);
    const readers: Node[] = [];
    for (const node of [...this.#nodes].sort((a, b) => a.id - b.id)) {
      if (!node.inputs.some((value) => views.has(value))) continue;
      readers.push(node);
      if (MOVES.has(node.op)) node.outputs.forEach((output) => views.add(output));
    }
    return readers;
  }
}

/** The nodes that some values are computed from. */
function ancestors(values: readonly Value[]): Set<Node> {
  const found = new Set<Node>();
  const stack = [...values];
  while (stack.length > 0) {
    const node = stack.pop()!.node;
    if (node === undefined || found.has(node)) continue;
    found.add(node);
    stack.push(...node.inputs);
  }
  return found;
}

/** Returns whether a node computes each element of its output from the same elements of its inputs. */
function isElementwise({ op, inputs, outputs: [{ shape }] }: Node): boolean {
  return ELEMENTWISE.has(op) &&
    inputs.every((value) => value.rank === 0 || String(value.shape) === String(shape));
}
