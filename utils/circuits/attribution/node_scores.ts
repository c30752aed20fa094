/**
 * Scores nodes and neurons: s(u) = ⟨D_u, ∂L/∂out_u⟩, with the gradient at the residual stream where u writes to it.
 *
 *   MLPs, heads of parallel models   after the block
 *   heads of sequential models       between attention and MLP
 *   input                            before block 0
 *
 * A neuron is one dimension of a node's output. Source: EAP-IG v2's `attribute_node`, with the gradient of an MLP taken
 * at its output.
 */
import { Graph, mul, Session, type SessionOptions, sum, unsqueeze } from "../../onnx/mod.ts";

/** Holds mean scores over prompts. */
export interface NodeScores {
  /** node scores, `[nForward]` */
  nodes: Float32Array;
  /** neuron scores, `[nForward, d]` */
  neurons: Float32Array;
}

/** Compiles D `[sources, P, d]` and a gradient `[P, d]` of one prompt → neuron scores `[sources, d]`. */
export function compileNeurons(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const differences = g.input("differences", ["sources", "pos", "d"]);
  const gradient = unsqueeze(g.input("gradient", ["pos", "d"]), 0);
  return Session.compile({ neurons: sum(mul(differences, gradient), [1]) }, {}, options);
}
