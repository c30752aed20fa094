/**
 * Cuts a model out of a graph.
 *
 *  1. From the wanted outputs walk back to graph inputs, constants, and `cuts`: inner values that the model takes as
 *     inputs instead of computing them. So one graph with forward and backward nodes gives a forward model (inputs →
 *     activations) and a backward model (saved activations, cotangent → gradients) by two cuts.
 *  2. Keep the nodes met, in graph order. Skip those that direct gradients: whatever reads such a node's output reads its
 *     first input instead.
 *  3. Write shape vectors out as Shape/Concat over inputs that have the symbols in their shapes.
 *  4. Encode as ONNX protobuf.
 */
import { dtypeOf, DTYPES, type TensorData } from "./dtype.ts";
import {
  type Attribute,
  type Dim,
  GRADIENT_DOMAIN,
  type Node,
  type Shape,
  type Value,
} from "./graph.ts";
import { ATTRIBUTE, encodeModel } from "./protobuf.ts";

/** Operator set of all graphs: 20 is the first with Gelu. */
export const OPSET = 20;

/** A result of a model. */
export interface Result {
  /** what it is in the graph */
  value: Value;
  /** its name inside the model */
  onnxName: string;
}

/** A model cut out of a graph. */
export interface Model {
  /** ONNX protobuf; empty once a session has compiled it */
  bytes: Uint8Array;
  /** feed name → value, in the order met */
  inputs: Map<string, Value>;
  /** result name → value and its name inside the model */
  outputs: Map<string, Result>;
  /** operator name → number of nodes */
  operators: Map<string, number>;
  /** its nodes in the order of computation */
  nodes: readonly Node[];
}

/**
 * Builds the model that computes `outputs` (result name → value) from the graph inputs and `cuts` (feed name → value).
 * @throws Error when no input's shape has a symbol of a shape vector.
 */
export function buildModel(
  outputs: Record<string, Value>,
  cuts: Record<string, Value> = {},
): Model {
  const cutNames = new Map(Object.entries(cuts).map(([name, value]) => [value, name]));
  /** the value that holds the elements of `value` in the model */
  const holder = (value: Value): Value => {
    while (value.node?.domain === GRADIENT_DOMAIN && !cutNames.has(value)) {
      value = value.node.inputs[0];
    }
    return value;
  };
  const nodes = new Set<Node>();
  const inputs = new Map<string, Value>();
  const constants = new Set<Value>();
  const shapeVectors = new Set<Value>();
  const stack = Object.values(outputs);
  const seen = new Set<Value>();
  while (stack.length > 0) {
    const value = holder(stack.pop()!);
    if (seen.has(value)) continue;
    seen.add(value);
    const cutName = cutNames.get(value);
    if (cutName !== undefined) inputs.set(cutName, value);
    else if (value.data) constants.add(value);
    else if (value.dims) shapeVectors.add(value);
    else if (value.node) {
      nodes.add(value.node);
      stack.push(...value.node.inputs);
    } else inputs.set(value.name, value);
  }

  const nameOf = (value: Value) => cutNames.get(holder(value)) ?? holder(value).name;
  const protos: unknown[] = [];
  const initializers = [...constants].map((c) => tensorProto(c.name, c.data!, c.shape as number[]));
  for (const value of shapeVectors) lowerShapeVector(value, inputs, protos, initializers);
  const ordered = [...nodes].sort((a, b) => a.id - b.id);
  for (const node of ordered) protos.push(nodeProto(node, nameOf));

  // Results keep the names of their values; an input asked for as a result, or a value asked for twice, is copied.
  const results = new Map<string, Result>();
  const taken = new Set<string>();
  for (const [name, value] of Object.entries(outputs)) {
    let onnxName = nameOf(value);
    const held = holder(value);
    if (!held.node || cutNames.has(held) || taken.has(onnxName)) {
      protos.push({ opType: "Identity", input: [onnxName], output: [`${name}#copy`] });
      onnxName = `${name}#copy`;
    }
    taken.add(onnxName);
    results.set(name, { value, onnxName });
  }
  const bytes = encodeModel({
    irVersion: 10,
    producerName: "circuits-over-time",
    opsetImport: [{ domain: "", version: OPSET }, { domain: "com.microsoft", version: 1 }],
    graph: {
      name: "graph",
      node: protos,
      initializer: initializers,
      input: [...inputs].map(([name, value]) => valueInfo(name, value)),
      output: [...results.values()].map(({ value, onnxName }) => valueInfo(onnxName, value)),
    },
  });
  const operators = new Map<string, number>();
  for (const { op } of ordered) operators.set(op, (operators.get(op) ?? 0) + 1);
  return { bytes, inputs, outputs: results, operators, nodes: ordered };
}

function valueInfo(name: string, value: Value) {
  const dim = value.shape.map((d) => typeof d === "number" ? { dimValue: d } : { dimParam: d });
  return { name, type: { tensorType: { elemType: DTYPES[value.dtype].onnx, shape: { dim } } } };
}

function tensorProto(name: string, data: TensorData, shape: readonly number[]) {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: [...shape], dataType: DTYPES[dtypeOf(data)].onnx, rawData };
}

function nodeProto(node: Node, nameOf: (value: Value) => string) {
  return {
    opType: node.op,
    domain: node.domain,
    name: `${node.op}_${node.id}`,
    input: node.inputs.map(nameOf),
    output: node.outputs.map((value) => value.name),
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
  };
}

function attributeProto(name: string, value: Attribute) {
  if (typeof value === "number") return { name, i: value, type: ATTRIBUTE.int };
  if (typeof value === "string") {
    return { name, s: new TextEncoder().encode(value), type: ATTRIBUTE.string };
  }
  if ("float" in value) return { name, f: value.float, type: ATTRIBUTE.float };
  return { name, ints: [...value], type: ATTRIBUTE.ints };
}

/** Writes the run-time sizes `value.dims` as Concat of constants and of sizes read from inputs. */
function lowerShapeVector(
  value: Value,
  inputs: Map<string, Value>,
  protos: unknown[],
  initializers: unknown[],
) {
  let count = 0;
  const fresh = () => `${value.name}.${count++}`;
  const constant = (n: number): string => {
    const name = fresh();
    initializers.push(tensorProto(name, BigInt64Array.of(BigInt(n)), [1]));
    return name;
  };
  const combine = (opType: string, parts: string[]): string =>
    parts.reduce((a, b) => {
      const output = fresh();
      protos.push({ opType, input: [a, b], output: [output] });
      return output;
    });
  const size = (dim: Dim): string => {
    if (typeof dim === "number") return constant(dim);
    for (const [name, input] of inputs) {
      const axis = input.shape.indexOf(dim);
      if (axis < 0) continue;
      const output = fresh();
      const attribute = [attributeProto("start", axis), attributeProto("end", axis + 1)];
      protos.push({ opType: "Shape", input: [name], output: [output], attribute });
      return output;
    }
    const terms = dim.split("+");
    if (terms.length > 1) return combine("Add", terms.map((t) => size(dimOf(t))));
    const factors = dim.split("*");
    if (factors.length > 1) return combine("Mul", factors.map((f) => size(dimOf(f))));
    throw new Error(
      `no input of the model has the dimension "${dim}"; inputs: ${
        [...inputs.values()].join("; ")
      }`,
    );
  };
  const parts = (value.dims as Shape).map(size);
  protos.push({
    opType: "Concat",
    input: parts,
    output: [value.name],
    attribute: [attributeProto("axis", 0)],
  });
}

const dimOf = (text: string): Dim => /^\d+$/.test(text) ? Number(text) : text;
