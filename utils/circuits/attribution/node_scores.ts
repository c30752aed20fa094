/**
 * Node and neuron scores: s(u) = ⟨D_u, ∂L/∂out_u⟩, the gradient at the residual stream where u writes to it: after the
 * block for MLPs and for heads of parallel models, between attention and MLP for heads of sequential ones, before block
 * 0 for the input. A neuron is one dimension of a node's output (EAP-IG v2's `attribute_node`, with the MLP's gradient
 * taken at its output).
 */
import { Graph, mul, Session, type SessionOptions, sum, unsqueeze } from "../../onnx/mod.ts";

export interface NodeScores {
  /** `[nForward]` */
  nodes: Float32Array;
  /** `[nForward, d]` */
  neurons: Float32Array;
}

/** D `[sources, P, d]` and a gradient `[P, d]` of one prompt → neuron scores `[sources, d]`. */
export function compileNeurons(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const differences = g.input("differences", ["sources", "pos", "d"]);
  const gradient = unsqueeze(g.input("gradient", ["pos", "d"]), 0);
  return Session.compile({ neurons: sum(mul(differences, gradient), [1]) }, {}, options);
}
