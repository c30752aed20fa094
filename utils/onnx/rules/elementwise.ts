/** Gradient rules of elementwise operators. */
import type { Cotangent, Node, Rule, Value } from "../graph.ts";
import {
  add,
  cast,
  div,
  equal,
  erf,
  exp,
  greater,
  hardSigmoid,
  less,
  mul,
  neg,
  type Operand,
  pow,
  sign,
  sub,
  tanh,
  where,
} from "../ops/mod.ts";
import { one, out } from "./rule.ts";

function powRule(g: Value, _: Node, x: Value, exponent: Value): Cotangent[] {
  if (!exponent.data || exponent.data.length !== 1) {
    throw new Error("Pow: gradient only for a constant exponent");
  }
  const p = Number(exponent.data[0]);
  return [mul(g, mul(pow(x, p - 1), p)), undefined];
}

/** Makes the rule of Max or Min: the operand chosen gets the cotangent; equal ones get half each. */
const chosen = (larger: boolean) =>
  one((g, _, a, b) => {
    const wins = (x: Operand, y: Operand) => cast(larger ? greater(x, y) : greater(y, x), g.dtype);
    const tie = mul(cast(equal(a, b), g.dtype), 0.5);
    return [mul(g, add(wins(a, b), tie)), mul(g, add(wins(b, a), tie))];
  });

/**
 * Differentiates GELU in as few passes over the (widest) tensor as ONNX's operators allow. With y = x/√2, exact:
 *   Φ(x) + xφ(x) = (½ + ½ erf y) + y·exp(ln(1/√π) − y²),   where the bracket is HardSigmoid(½, ½) of erf y
 * tanh form, t = tanh(c x (1 + a x²)), c = √(2/π):
 *   ½ (1 + t) (1 + x (1 − t) (c + 3ca x²))
 */
function geluRule(g: Value, node: Node, x: Value): Cotangent[] {
  if (node.attributes.approximate === "tanh") {
    const c = Math.sqrt(2 / Math.PI), a = 0.044715;
    const x2 = mul(x, x);
    const t = tanh(mul(x, add(mul(x2, c * a), c)));
    const inner = mul(mul(x, sub(1, t)), add(mul(x2, 3 * c * a), c));
    return [mul(mul(g, hardSigmoid(t, 0.5, 0.5)), add(inner, 1))];
  }
  const y = mul(x, Math.SQRT1_2);
  const bell = mul(y, exp(sub(-Math.log(Math.PI) / 2, mul(y, y))));
  return [mul(g, add(hardSigmoid(erf(y), 0.5, 0.5), bell))];
}

/** Rules of arithmetic, functions of one argument and selection. */
export const ELEMENTWISE_RULES: Record<string, Rule> = {
  Add: one((g) => [g, g]),
  Sub: one((g) => [g, neg(g)]),
  Mul: one((g, _, a, b) => [mul(g, b), mul(g, a)]),
  Div: one((g, n, _, b) => [div(g, b), neg(mul(g, div(out(n), b)))]),
  Max: chosen(true),
  Min: chosen(false),
  Pow: one(powRule),
  Neg: one((g) => [neg(g)]),
  Exp: one((g, n) => [mul(g, out(n))]),
  Log: one((g, _, x) => [div(g, x)]),
  Sqrt: one((g, n) => [div(mul(g, 0.5), out(n))]),
  Reciprocal: one((g, n) => [neg(mul(g, mul(out(n), out(n))))]),
  Abs: one((g, _, x) => [mul(g, sign(x))]),
  // Piecewise constant.
  Sign: () => [undefined],
  Erf: one((g, _, x) => [mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))]),
  Tanh: one((g, n) => [mul(g, sub(1, mul(out(n), out(n))))]),
  Sigmoid: one((g, n) => [mul(g, mul(out(n), sub(1, out(n))))]),
  Relu: one((g, _, x) => [mul(g, cast(greater(x, 0), g.dtype))]),
  HardSigmoid: one((g, n) => {
    const y = out(n), { float: slope } = n.attributes.alpha as { float: number };
    return [mul(g, mul(mul(cast(greater(y, 0), g.dtype), cast(less(y, 1), g.dtype)), slope))];
  }),
  Gelu: one(geluRule),
  Identity: one((g) => [g]),
  Cast: one((g, _, x) => [cast(g, x.dtype)]),
  Where: one((g, _, c) => [undefined, where(c, g, 0), where(c, 0, g)]),
};
