/**
 * What a run of a model costs, counted from its graph before anything is computed.
 *
 *  1. The feeds give every symbol of a shape its size (`symbolSizes`).
 *  2. A product `[…, m, k] × […, k, n]` costs `2·…·m·k·n` floating-point operations; other operators count as none.
 *  3. Every operator reads its operands, or what it takes of them, and writes its results once. Those that only rename a
 *     shape move nothing.
 *  4. A value lives from the node that computes it to its last reader: the largest sum of sizes is the memory of a run.
 */
import { type Dtype, DTYPES, sizeOf, type Tensor } from "../dtype.ts";
import type { Dim, Node, Shape, Value } from "../graph.ts";
import type { Model } from "../model.ts";

/** Sizes of symbols, by name. */
export type SymbolSizes = ReadonlyMap<string, number>;

/** What a run costs. */
export interface RunCost {
  /** floating-point operations of the matrix products */
  flops: number;
  /** bytes that operators read and write */
  moved: number;
  /** operators that compute something */
  nodes: number;
  /** bytes of the values that are computed on the way, at their most */
  inner: number;
}

/** Operators that give the elements of their first operand another shape, without touching them. */
const RENAMES = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/** Operators that read as much of their first operand as they give. */
const TAKES = new Set(["Gather", "GatherElements", "Slice", "Split"]);

const PRODUCTS = new Set(["MatMul", "FusedMatMul", "Gemm"]);

/** Returns the sizes of the symbols of a model's feeds. */
export function symbolSizes(
  inputs: ReadonlyMap<string, Value>,
  feeds: Record<string, Pick<Tensor, "shape">>,
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, { shape }] of inputs) {
    shape.forEach((dim, i) => {
      if (typeof dim === "string") sizes.set(dim, feeds[name].shape[i]);
    });
  }
  return sizes;
}

/**
 * Returns the size of a dimension: of a symbol, or of a sum or product of symbols, as `productDim` and `sumDim` write
 * them. A symbol that no feed has, such as the number of places where a condition holds, counts as 1.
 */
export function dimSize(dim: Dim, sizes: SymbolSizes): number {
  if (typeof dim === "number") return dim;
  const known = sizes.get(dim);
  if (known !== undefined) return known;
  if (/^\d+$/.test(dim)) return Number(dim);
  for (const [sign, of] of [["+", (a: number, b: number) => a + b], ["*", multiply]] as const) {
    const parts = dim.split(sign);
    if (parts.length > 1) return parts.map((part) => dimSize(part, sizes)).reduce(of);
  }
  return 1;
}

const multiply = (a: number, b: number) => a * b;

/** Returns the sizes of a shape; see {@link dimSize}. */
export function shapeSizes(shape: Shape, sizes: SymbolSizes): number[] {
  return shape.map((dim) => dimSize(dim, sizes));
}

/** Returns the floating-point operations of a node's matrix products; 0 for other operators. */
export function nodeFlops(node: Node, sizes: SymbolSizes): number {
  if (!PRODUCTS.has(node.op)) return 0;
  const [a] = node.inputs, [out] = node.outputs;
  const across = node.attributes.transA === 1 ? a.shape.at(-2)! : a.shape.at(-1)!;
  return 2 * sizeOf(shapeSizes(out.shape, sizes)) * dimSize(across, sizes);
}

/** Counts what a run of a model costs for given sizes. */
export function runCost({ nodes, outputs }: Model, sizes: SymbolSizes): RunCost {
  const bytes = (value: Value) => bytesOf(value.dtype, value.shape, sizes);
  const results = new Set([...outputs.values()].map(({ value }) => value));
  const last = new Map<Value, number>();
  nodes.forEach((node, i) => node.inputs.forEach((value) => last.set(value, i)));
  let flops = 0, moved = 0, count = 0, live = 0, inner = 0;
  nodes.forEach((node, i) => {
    if (RENAMES.has(node.op)) return;
    count++;
    flops += nodeFlops(node, sizes);
    const operands = TAKES.has(node.op) ? node.outputs : node.inputs;
    for (const value of [...operands, ...node.outputs]) {
      if (value.data === undefined && value.dims === undefined) moved += bytes(value);
    }
    for (const value of node.outputs) if (!results.has(value)) live += bytes(value);
    inner = Math.max(inner, live);
    for (const value of new Set(node.inputs)) {
      const computed = value.node !== undefined && !RENAMES.has(value.node.op);
      if (computed && last.get(value) === i && !results.has(value)) live -= bytes(value);
    }
  });
  return { flops, moved, nodes: count, inner: Math.max(0, inner) };
}

function bytesOf(dtype: Dtype, shape: Shape, sizes: SymbolSizes): number {
  return DTYPES[dtype].bytes * sizeOf(shapeSizes(shape, sizes));
}
