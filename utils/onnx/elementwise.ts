/** Elementwise operators: arithmetic with broadcasting, functions of one argument, selection. */
import { type Dtype, DTYPES } from "./dtype.ts";
import type { Value } from "./graph.ts";
import { broadcast } from "./shapes.ts";

/** A value, or a number that becomes a constant of the other operand's type. */
export type Operand = Value | number;

function binary(op: string, a: Operand, b: Operand, dtype?: Dtype): Value {
  const [x, y] = lift(op, a, b);
  if (x.dtype !== y.dtype) throw new Error(`${op}: element types differ: ${x} and ${y}`);
  return x.graph.add(op, [x, y], dtype ?? x.dtype, broadcast(op, x.shape, y.shape));
}

function lift(op: string, a: Operand, b: Operand): [Value, Value] {
  if (typeof a === "number") {
    if (typeof b === "number") throw new Error(`${op}: both operands are plain numbers`);
    return [b.graph.constant(a, [], b.dtype), b];
  }
  return [a, typeof b === "number" ? a.graph.constant(b, [], a.dtype) : b];
}

const unary = (op: string) => (x: Value): Value => x.graph.add(op, [x], x.dtype, x.shape);

export const add = (a: Operand, b: Operand): Value => binary("Add", a, b);
export const sub = (a: Operand, b: Operand): Value => binary("Sub", a, b);
export const mul = (a: Operand, b: Operand): Value => binary("Mul", a, b);
export const div = (a: Operand, b: Operand): Value => binary("Div", a, b);
/** `a` to the power `b`; differentiable in `a` for a constant `b`. */
export const pow = (a: Operand, b: Operand): Value => binary("Pow", a, b);
export const max = (a: Operand, b: Operand): Value => binary("Max", a, b);
export const min = (a: Operand, b: Operand): Value => binary("Min", a, b);
export const greater = (a: Operand, b: Operand): Value => binary("Greater", a, b, "bool");
export const less = (a: Operand, b: Operand): Value => binary("Less", a, b, "bool");
export const equal = (a: Operand, b: Operand): Value => binary("Equal", a, b, "bool");

export const neg = unary("Neg");
export const exp = unary("Exp");
export const log = unary("Log");
export const sqrt = unary("Sqrt");
export const reciprocal = unary("Reciprocal");
export const abs = unary("Abs");
export const sign = unary("Sign");
export const erf = unary("Erf");
export const tanh = unary("Tanh");
export const sigmoid = unary("Sigmoid");
export const relu = unary("Relu");
export const identity = unary("Identity");

/** `αx + β` cut off below 0 and above 1: an affine map in one pass where its range is known to lie there. */
export function hardSigmoid(x: Value, alpha: number, beta: number): Value {
  const attributes = { alpha: { float: alpha }, beta: { float: beta } };
  return x.graph.add("HardSigmoid", [x], x.dtype, x.shape, attributes);
}

/** GELU, exact (`approximate: "none"`) or by tanh, as ONNX 20 defines it. */
export function gelu(x: Value, approximate: "none" | "tanh" = "none"): Value {
  return x.graph.add("Gelu", [x], x.dtype, x.shape, { approximate });
}

/** `condition ? a : b`, elementwise with broadcasting. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const [x, y] = lift("Where", a, b);
  if (x.dtype !== y.dtype) throw new Error(`Where: element types differ: ${x} and ${y}`);
  if (condition.dtype !== "bool") throw new Error(`Where: condition must be bool, is ${condition}`);
  const shape = broadcast("Where", condition.shape, x.shape, y.shape);
  return x.graph.add("Where", [condition, x, y], x.dtype, shape);
}

/** Conversion of the element type. */
export function cast(x: Value, dtype: Dtype): Value {
  if (x.dtype === dtype) return x;
  return x.graph.add("Cast", [x], dtype, x.shape, { to: DTYPES[dtype].onnx });
}
