/** Elementwise operators: arithmetic with broadcasting, functions of one argument, selection. */
import { type Dtype, DTYPES } from "../dtype.ts";
import type { Value } from "../graph.ts";
import { broadcast } from "../shapes.ts";

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

/** Returns `a + b`, elementwise with broadcasting. */
export const add = (a: Operand, b: Operand): Value => binary("Add", a, b);
/** Returns `a − b`, elementwise with broadcasting. */
export const sub = (a: Operand, b: Operand): Value => binary("Sub", a, b);
/** Returns `a · b`, elementwise with broadcasting. */
export const mul = (a: Operand, b: Operand): Value => binary("Mul", a, b);
/** Returns `a / b`, elementwise with broadcasting. */
export const div = (a: Operand, b: Operand): Value => binary("Div", a, b);
/** Returns `a` to the power `b`; differentiable in `a`, for a constant `b` of one element. */
export const pow = (a: Operand, b: Operand): Value => binary("Pow", a, b);
/** Returns the larger of `a` and `b`, elementwise; equal ones get half of the gradient each. */
export const max = (a: Operand, b: Operand): Value => binary("Max", a, b);
/** Returns the smaller of `a` and `b`, elementwise; equal ones get half of the gradient each. */
export const min = (a: Operand, b: Operand): Value => binary("Min", a, b);
/** Returns `a > b`, elementwise, as booleans. Comparisons end a gradient. */
export const greater = (a: Operand, b: Operand): Value => binary("Greater", a, b, "bool");
/** Returns `a < b`, elementwise, as booleans. */
export const less = (a: Operand, b: Operand): Value => binary("Less", a, b, "bool");
/** Returns `a = b`, elementwise, as booleans. */
export const equal = (a: Operand, b: Operand): Value => binary("Equal", a, b, "bool");

/** Returns `−x`. */
export const neg: (x: Value) => Value = unary("Neg");
/** Returns `eˣ`. */
export const exp: (x: Value) => Value = unary("Exp");
/** Returns the natural logarithm. */
export const log: (x: Value) => Value = unary("Log");
/** Returns the square root. */
export const sqrt: (x: Value) => Value = unary("Sqrt");
/** Returns `1/x`. */
export const reciprocal: (x: Value) => Value = unary("Reciprocal");
/** Returns `|x|`. */
export const abs: (x: Value) => Value = unary("Abs");
/** Returns −1, 0 or 1 by the sign of `x`; its gradient is zero. */
export const sign: (x: Value) => Value = unary("Sign");
/** Returns the error function, `2/√π · ∫₀ˣ exp(−t²) dt`. */
export const erf: (x: Value) => Value = unary("Erf");
/** Returns the hyperbolic tangent. */
export const tanh: (x: Value) => Value = unary("Tanh");
/** Returns `1/(1 + e⁻ˣ)`. */
export const sigmoid: (x: Value) => Value = unary("Sigmoid");
/** Returns `x` where it is positive, 0 elsewhere; the gradient at 0 is 0. */
export const relu: (x: Value) => Value = unary("Relu");
/** Returns a new value equal to `x`, which has a gradient of its own. */
export const identity: (x: Value) => Value = unary("Identity");

/** Returns `αx + β` cut off below 0 and above 1: one pass for an affine map whose values are known to be between them. */
export function hardSigmoid(x: Value, alpha: number, beta: number): Value {
  const attributes = { alpha: { float: alpha }, beta: { float: beta } };
  return x.graph.add("HardSigmoid", [x], x.dtype, x.shape, attributes);
}

/** Returns GELU, exact (`approximate: "none"`) or by tanh, as ONNX 20 defines it; float32 only. */
export function gelu(x: Value, approximate: "none" | "tanh" = "none"): Value {
  return x.graph.add("Gelu", [x], x.dtype, x.shape, { approximate });
}

/**
 * Returns `condition ? a : b`, elementwise with broadcasting.
 * @throws Error when the condition is not bool, or the types of `a` and `b` differ.
 */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const [x, y] = lift("Where", a, b);
  if (x.dtype !== y.dtype) throw new Error(`Where: element types differ: ${x} and ${y}`);
  if (condition.dtype !== "bool") throw new Error(`Where: condition must be bool, is ${condition}`);
  const shape = broadcast("Where", condition.shape, x.shape, y.shape);
  return x.graph.add("Where", [condition, x, y], x.dtype, shape);
}

/** Converts the element type. */
export function cast(x: Value, dtype: Dtype): Value {
  if (x.dtype === dtype) return x;
  return x.graph.add("Cast", [x], dtype, x.shape, { to: DTYPES[dtype].onnx });
}
