/**
 * The table of differentiation: for each operator, how cotangents of its outputs become cotangents of its inputs.
 *
 * A rule receives the node and the cotangents of its outputs (undefined where nothing flows back) and returns one
 * cotangent per input, undefined where the input is not differentiable (indices, shapes, conditions). A cotangent may have
 * the shape that its input was broadcast to: `gradients` sums it back. All rules are vector–Jacobian products written
 * with the forward operators, so a gradient is again an ONNX graph.
 */
import {
  add,
  cast,
  concat,
  div,
  equal,
  erf,
  exp,
  expand,
  gatherElements,
  gemm,
  greater,
  hardSigmoid,
  less,
  matmul,
  mean,
  mul,
  neg,
  type Operand,
  pow,
  reshape,
  rotaryEmbedding,
  scatterAdd,
  sign,
  split,
  sub,
  sum,
  swapLast,
  tanh,
  transpose,
  where,
} from "./operators.ts";
import type { Cotangent, Dim, Node, Rule, Value } from "./graph.ts";
import { productDim } from "./shapes.ts";

/** A rule for operators with one output, whose cotangent is always there when the rule is called. */
const one =
  (rule: (g: Value, node: Node, ...inputs: Value[]) => Cotangent[]): Rule => (node, [g]) =>
    rule(g!, node, ...node.inputs);

const out = (node: Node): Value => node.outputs[0];
const ints = (v: Value): number[] => Array.from(v.data as BigInt64Array, Number);

/** The shape of a reduction's input with the reduced axes of length 1. */
function keptShape(node: Node): Dim[] {
  const axes = ints(node.inputs[1]);
  return node.inputs[0].shape.map((dim, i) => axes.includes(i) ? 1 : dim);
}

/** Puts a reduced cotangent back over the reduced axes. */
const unreduce = (g: Value, node: Node): Value =>
  expand(reshape(g, keptShape(node)), node.inputs[0].shape);

/** Mean over the reduced axes as a factor; symbolic lengths are not needed anywhere. */
function reducedCount(node: Node): number {
  return ints(node.inputs[1]).reduce((count, axis) => {
    const dim = node.inputs[0].shape[axis];
    if (typeof dim !== "number") {
      throw new Error(`ReduceMean over symbolic axis "${dim}" has no gradient rule`);
    }
    return count * dim;
  }, 1);
}

function softmaxRule(g: Value, node: Node): Cotangent[] {
  const axis = node.attributes.axis as number;
  const y = out(node);
  const gy = mul(g, y);
  return [sub(gy, mul(y, sum(gy, [axis], true)))];
}

function logSoftmaxRule(g: Value, node: Node): Cotangent[] {
  const axis = node.attributes.axis as number;
  return [sub(g, mul(exp(out(node)), sum(g, [axis], true)))];
}

/**
 * d/dx of GELU in as few passes over the (widest) tensor as ONNX's operators allow. With y = x/√2, exact:
 *   Φ(x) + xφ(x) = (½ + ½ erf y) + y·exp(ln(1/√π) − y²),   the bracket being HardSigmoid(½, ½) of erf y
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

/** Whether a value is a constant with this value everywhere. */
const isConstant = ({ data }: Value, x: number): boolean =>
  data !== undefined && data.every((element: number | bigint) => Number(element) === x);

/** With x̂ = (x − mean)/σ and u = g ⊙ weight: dx = (u − mean(u) − x̂ · mean(u ⊙ x̂))/σ. */
const layerNormRule: Rule = (node, [g, gMean, gScale]) => {
  if (gMean || gScale) {
    throw new Error("LayerNormalization: gradient through its statistics is not supported");
  }
  const [x, weight, bias] = node.inputs;
  const [output, mean_, inverse] = node.outputs;
  const plain = isConstant(weight, 1) && isConstant(bias, 0);
  const normalised = plain ? output : mul(sub(x, mean_), inverse);
  const u = plain ? g! : mul(g!, weight);
  const projected = mul(normalised, mean(mul(u, normalised), [-1], true));
  const dx = mul(sub(sub(u, mean(u, [-1], true)), projected), inverse);
  return [dx, mul(g!, normalised), g];
};

function matmulRule(g: Value, _: Node, a: Value, b: Value): Cotangent[] {
  return [matmul(g, swapLast(b)), matmul(swapLast(a), g)];
}

function gemmRule(g: Value, node: Node, a: Value, b: Value, addend?: Value): Cotangent[] {
  const { transA, transB } = node.attributes;
  return [
    transA ? gemm(b, g, Boolean(transB), true) : gemm(g, b, false, !transB),
    transB ? gemm(g, a, true, Boolean(transA)) : gemm(a, g, !transA, false),
    addend && g,
  ];
}

function sliceRule(
  g: Value,
  _: Node,
  x: Value,
  start: Value,
  end: Value,
  axes: Value,
): Cotangent[] {
  const [from, to, axis] = [ints(start)[0], ints(end)[0], ints(axes)[0]];
  const length = x.shape[axis] as number;
  const zeros = (n: number) => expand(x.graph.constant(0, [], x.dtype), x.shape.with(axis, n));
  const parts = [
    ...(from > 0 ? [zeros(from)] : []),
    g,
    ...(to < length ? [zeros(length - to)] : []),
  ];
  return [concat(parts, axis)];
}

const splitRule: Rule = (node, cotangents) => {
  const parts = cotangents.map((g, i) => g ?? zerosLike(node.outputs[i]));
  return [concat(parts, node.attributes.axis as number)];
};

function concatRule(g: Value, node: Node, ...inputs: Value[]): Cotangent[] {
  const axis = node.attributes.axis as number;
  const sizes = inputs.map((v) => v.shape[axis]);
  if (sizes.every((n) => typeof n === "number")) return split(g, axis, sizes as number[]);
  // Symbolic lengths: each part is cut out by itself, since not all lengths need be known where only one is wanted.
  const lengths = inputs.map((v) => v.graph.shapeVector([v.shape[axis]]));
  const total = g.graph.shapeVector([g.shape[axis]]);
  const vector = (n: number) => g.graph.constant([n], [1], "int64");
  let start = vector(0);
  return inputs.map((v, i) => {
    const end = i === inputs.length - 1 ? total : add(start, lengths[i]);
    const part = g.graph.add("Slice", [g, start, end, vector(axis)], g.dtype, v.shape);
    start = end;
    return part;
  });
}

/**
 * Rows are added element by element: ScatterElements runs on one thread, while ScatterND adds rows from several at once
 * and loses some of those that meet at the same index.
 */
function gatherRule(g: Value, node: Node, x: Value, indices: Value): Cotangent[] {
  const axis = node.attributes.axis as number;
  // The axes before the gathered one and those after it count as one each; an outer one of length 1 is left out.
  const outer = axis === 0 ? [] : [productDim(x.shape.slice(0, axis))];
  const inner = productDim(x.shape.slice(axis + 1)), rows = productDim(indices.shape);
  const all = [...outer, rows, inner];
  const column = [...outer.map(() => 1), rows, 1];
  const ids = expand(reshape(cast(indices, "int64"), column), all);
  const zeros = expand(x.graph.constant(0, [], x.dtype), [...outer, x.shape[axis], inner]);
  const added = scatterAdd(zeros, ids, reshape(g, all), outer.length);
  return [reshape(added, x.shape), undefined];
}

/** Splits the cotangent of a maximum evenly among the elements that equal it. */
function maximumRule(g: Value, node: Node, x: Value): Cotangent[] {
  const kept = keptShape(node);
  const chosen = cast(equal(x, reshape(out(node), kept)), g.dtype);
  return [mul(chosen, div(reshape(g, kept), sum(chosen, ints(node.inputs[1]), true)))];
}

function powRule(g: Value, _: Node, x: Value, exponent: Value): Cotangent[] {
  if (!exponent.data || exponent.data.length !== 1) {
    throw new Error("Pow: gradient only for a constant exponent");
  }
  const p = Number(exponent.data[0]);
  return [mul(g, mul(pow(x, p - 1), p)), undefined];
}

/** Cotangent of the chosen operand of Max or Min; where both are equal each gets half. */
const chosen = (larger: boolean) =>
  one((g, _, a, b) => {
    const wins = (x: Operand, y: Operand) => cast(larger ? greater(x, y) : greater(y, x), g.dtype);
    const tie = mul(cast(equal(a, b), g.dtype), 0.5);
    return [mul(g, add(wins(a, b), tie)), mul(g, add(wins(b, a), tie))];
  });

/** A cotangent with other axes. Of a matrix product with the last two exchanged: (A·B)ᵀ = Bᵀ·Aᵀ, which moves nothing. */
function moved(g: Value, perm: readonly number[]): Value {
  const exchanged = perm.every((p, i) => p === (i < g.rank - 2 ? i : 2 * g.rank - 3 - i));
  if (!exchanged || g.node?.op !== "MatMul") return transpose(g, perm);
  const [a, b] = g.node.inputs;
  return matmul(swapLast(b), swapLast(a));
}

/** Zeros of the type and shape of `x`. */
export function zerosLike(x: Value): Value {
  return expand(x.graph.constant(0, [], x.dtype), x.shape);
}

export const GRADIENT_RULES: Record<string, Rule> = {
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
  MatMul: one(matmulRule),
  Gemm: one(gemmRule),
  // A rotation turned back: the tables are not differentiated.
  RotaryEmbedding: one((g, _, _x, _first, cos, sin) => [rotaryEmbedding(g, cos, neg(sin))]),
  ReduceSum: one((g, n) => [unreduce(g, n)]),
  ReduceMean: one((g, n) => [unreduce(mul(g, 1 / reducedCount(n)), n)]),
  ReduceMax: one(maximumRule),
  TopK: ({ inputs: [x], outputs: [, indices], attributes }, [g]) => [
    g && scatterAdd(zerosLike(x), indices, g, attributes.axis as number),
    undefined,
  ],
  Softmax: one(softmaxRule),
  LogSoftmax: one(logSoftmaxRule),
  LayerNormalization: layerNormRule,
  Reshape: one((g, _, x) => [reshape(g, x.shape)]),
  Squeeze: one((g, _, x) => [reshape(g, x.shape)]),
  Unsqueeze: one((g, _, x) => [reshape(g, x.shape)]),
  Transpose: one((g, n) => {
    const perm = n.attributes.perm as number[];
    return [moved(g, perm.map((_, i) => perm.indexOf(i)))];
  }),
  Expand: one((g) => [g]),
  Slice: one(sliceRule),
  Split: splitRule,
  Concat: one(concatRule),
  Gather: one(gatherRule),
  GatherElements: one((g, n, x, indices) => [
    scatterAdd(zerosLike(x), indices, g, n.attributes.axis as number),
    undefined,
  ]),
  ScatterElements: one((g, n, _, indices) => [
    g,
    undefined,
    gatherElements(g, indices, n.attributes.axis as number),
  ]),
};
