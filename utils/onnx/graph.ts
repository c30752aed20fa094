/**
 * A typed ONNX graph under construction.
 *
 * A {@link Value} knows its element type and its shape; a dimension is a number or a symbol (`"batch"`), and two equal
 * symbols are equal sizes. A {@link Node} is one application of an operator. Nodes are kept in the order of their
 * making, which is a topological order: inputs exist before the node that reads them. Nothing is computed here; a
 * sub-graph between chosen values is turned into a model by `model.ts`.
 *
 * The same operator with the same attributes on the same values is one node, however often it is asked for (hash
 * consing). So two LayerNorms of one residual stream without weights are one, and `gradients` adds up the cotangents of
 * its uses before it differentiates it once. `Identity` is always new: it is how a use becomes a value of its own. So is
 * a node with a gradient rule of its own, because two rules cannot be compared.
 *
 * Nodes of the domain {@link GRADIENT_DOMAIN} compute nothing. They say what a gradient does, and no model contains them.
 */
import { type Dtype, dtypeOf, sizeOf, type TensorData } from "./dtype.ts";

/** A size: a number, or a symbol that the run gives a size. */
export type Dim = number | string;
/** Sizes of a value, from the outermost axis. */
export type Shape = readonly Dim[];

/** An attribute of an ONNX operator; a plain number is an integer. */
export type Attribute = number | string | readonly number[] | { float: number };

/** What flows back into a value; undefined where nothing does. */
export type Cotangent = Value | undefined;

/**
 * Turns the cotangents of a node's outputs into those of its inputs, one for each input; undefined where the input is not
 * differentiable (indices, shapes, conditions). A cotangent may have the shape that its input was broadcast to.
 */
export type Rule = (node: Node, cotangents: readonly Cotangent[]) => Cotangent[];

/**
 * Domain of the nodes that direct gradients (`detach`, `withGradient`). Their output is their first input, and a gradient
 * flows back into their other inputs only.
 */
export const GRADIENT_DOMAIN = "gradient";

/** One application of an operator. */
export interface Node {
  /** its place in `Graph.nodes` */
  readonly id: number;
  /** operator, by its ONNX name */
  readonly op: string;
  /** operator set: "" is ONNX's own */
  readonly domain: string;
  /** operands */
  readonly inputs: readonly Value[];
  /** results */
  readonly outputs: readonly Value[];
  /** constants that the operator takes by name */
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** the gradient rule of this node alone, in place of its operator's */
  readonly rule?: Rule;
}

/** A tensor that a graph will compute, take as input, or hold as a constant. */
export class Value {
  /** the node that computes it; undefined for inputs, constants and shape vectors */
  node?: Node;
  /** data of a constant */
  data?: TensorData;
  /** for a shape vector: the dimensions whose run-time sizes it holds */
  dims?: Shape;
  /** Makes a value; operators, `Graph.input` and `Graph.constant` do this. */
  constructor(
    /** the graph that it belongs to */
    readonly graph: Graph,
    /** its name in models, unique in the graph */
    readonly name: string,
    /** element type */
    readonly dtype: Dtype,
    /** sizes, some of them symbols */
    readonly shape: Shape,
  ) {}

  /** number of axes */
  get rank(): number {
    return this.shape.length;
  }

  /** Returns name, type and shape, for messages. */
  toString(): string {
    return `${this.name}: ${this.dtype}[${this.shape.join(", ")}]`;
  }
}

/** Largest number of elements of constants that are compared by value. */
const COMPARED = 16;

/**
 * A graph under construction.
 * @example
 * ```ts
 * import { add, gradients, Graph, matmul, Session, sum, tensor } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new Graph();
 * const x = g.input("x", ["rows", 2]), w = g.input("w", [2, 1]);
 * const y = add(matmul(x, w), 1);
 * assertEquals(y.shape, ["rows", 1]);
 *
 * // The gradient is more nodes of the same graph, so one session computes both.
 * const [dw] = gradients([sum(y, [0, 1])], [g.constant(1)], [w]);
 * const session = await Session.compile({ y, dw });
 * const out = await session.run({
 *   x: tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
 *   w: tensor(Float32Array.of(10, 1), [2, 1]),
 * });
 * assertEquals([...out.y.data], [13, 35]);
 * assertEquals([...out.dw.data], [4, 6]);
 * await session.release();
 * ```
 */
export class Graph {
  /** all nodes; a node comes after those it depends on */
  readonly nodes: Node[] = [];
  /** declared inputs by name */
  readonly inputs = new Map<string, Value>();
  #names = 0;
  /** values of nodes, constants and shape vectors by what they are */
  readonly #known = new Map<string, Value[]>();

  /**
   * Declares an input.
   * @throws Error when the name is taken.
   */
  input(name: string, shape: Shape, dtype: Dtype = "float32"): Value {
    if (this.inputs.has(name)) throw new Error(`the graph already has an input "${name}"`);
    const value = new Value(this, name, dtype, shape);
    this.inputs.set(name, value);
    return value;
  }

  /**
   * Adds a constant tensor; numbers become elements of `dtype`, a typed array keeps its own type.
   * @param shape default: a scalar for a number, one axis for a list
   * @throws RangeError when the shape has another number of elements.
   */
  constant(
    data: TensorData | number[] | number,
    shape?: number[],
    dtype: Dtype = "float32",
  ): Value {
    const list = typeof data === "number" ? [data] : data;
    const dims = shape ?? (typeof data === "number" ? [] : [list.length]);
    if (sizeOf(dims) !== list.length) {
      throw new RangeError(`constant of shape [${dims}] given ${list.length} elements`);
    }
    const array = Array.isArray(list) ? typed(list, dtype) : list;
    const make = () => {
      const value = new Value(this, this.#name("c"), dtypeOf(array), dims);
      value.data = array;
      return [value];
    };
    if (array.length > COMPARED) return make()[0];
    const bits = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    return this.#once(`constant ${dtypeOf(array)}[${dims}] ${bits}`, make)[0];
  }

  /**
   * Returns the run-time sizes of `dims` as an int64 vector, for operators that take a shape as input. Which model input has
   * the size of a symbol is decided when a model is built, because every cut of the graph has other inputs.
   */
  shapeVector(dims: Shape): Value {
    if (dims.every((dim) => typeof dim === "number")) {
      return this.constant(dims as number[], [dims.length], "int64");
    }
    return this.#once(`shape ${JSON.stringify(dims)}`, () => {
      const value = new Value(this, this.#name("s"), "int64", [dims.length]);
      value.dims = dims;
      return [value];
    })[0];
  }

  /** Adds a node with one output. */
  add(
    op: string,
    inputs: readonly Value[],
    dtype: Dtype,
    shape: Shape,
    attributes: Record<string, Attribute> = {},
    domain = "",
  ): Value {
    return this.addMany(op, inputs, [{ dtype, shape }], attributes, domain)[0];
  }

  /**
   * Adds a node with several outputs.
   * @param rule the gradient rule of this node alone, in place of its operator's
   * @throws Error when an input belongs to another graph.
   */
  addMany(
    op: string,
    inputs: readonly Value[],
    outputs: readonly { dtype: Dtype; shape: Shape }[],
    attributes: Record<string, Attribute> = {},
    domain = "",
    rule?: Rule,
  ): Value[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new Error(`${op}: input ${input} belongs to another graph`);
    }
    const make = () => {
      const values = outputs.map(({ dtype, shape }) =>
        new Value(this, this.#name(op), dtype, shape)
      );
      const id = this.nodes.length;
      const node: Node = { id, op, domain, inputs, outputs: values, attributes, rule };
      for (const value of values) value.node = node;
      this.nodes.push(node);
      return values;
    };
    if (op === "Identity" || rule) return make();
    const names = inputs.map(({ name }) => name);
    return this.#once(JSON.stringify([op, domain, names, outputs, attributes]), make);
  }

  #once(key: string, make: () => Value[]): Value[] {
    const known = this.#known.get(key);
    if (known) return known;
    const values = make();
    this.#known.set(key, values);
    return values;
  }

  #name(stem: string): string {
    return `${stem}_${this.#names++}`;
  }
}

function typed(list: number[], dtype: Dtype): TensorData {
  switch (dtype) {
    case "float64":
      return Float64Array.from(list);
    case "float16":
      return Float16Array.from(list);
    case "int64":
      return BigInt64Array.from(list, (x) => BigInt(x));
    case "int32":
      return Int32Array.from(list);
    case "bool":
      return Uint8Array.from(list);
    default:
      return Float32Array.from(list);
  }
}
