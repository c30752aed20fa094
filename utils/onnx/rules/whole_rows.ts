/** Gradient rules of softmax, layer normalisation and rotary embedding. */
import type { Cotangent, Node, Rule, Value } from "../graph.ts";
import { exp, inverseRms, mean, mul, neg, rotaryEmbedding, sub, sum } from "../ops/mod.ts";
import { one, out } from "./rule.ts";

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

/** Returns whether a value is a constant whose elements all equal `x`. */
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

/** With x̂ = x/σ and u = g ⊙ weight: dx = (u − x̂ · mean(u ⊙ x̂))/σ. */
const rmsNormRule: Rule = (node, [g]) => {
  const [x, weight] = node.inputs;
  const inverse = inverseRms(x, (node.attributes.epsilon as { float: number }).float);
  const normalised = mul(x, inverse);
  const u = mul(g!, weight);
  const projected = mul(normalised, mean(mul(u, normalised), [-1], true));
  return [mul(sub(u, projected), inverse), mul(g!, normalised)];
};

/** Rules of operators that compute whole rows in one pass. */
export const WHOLE_ROW_RULES: Record<string, Rule> = {
  Softmax: one(softmaxRule),
  LogSoftmax: one(logSoftmaxRule),
  LayerNormalization: layerNormRule,
  SimplifiedLayerNormalization: rmsNormRule,
  // Turns back; the tables are not differentiated.
  RotaryEmbedding: one((g, _, _x, _first, cos, sin) => [rotaryEmbedding(g, cos, neg(sin))]),
};
