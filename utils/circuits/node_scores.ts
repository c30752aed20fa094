/**
 * Node and neuron scores: s(u) = ⟨D_u, ∂L/∂out_u⟩, the gradient at the residual stream where u writes to it: behind the
 * block for MLPs and for heads of parallel models, between attention and MLP for heads of sequential ones, before block
 * 0 for the input. A neuron is one dimension of a node's output (EAP-IG v2's `attribute_node`, with the MLP's gradient
 * taken at its output).
 */
import {
  type Feeds,
  Graph,
  mul,
  Session,
  type SessionOptions,
  sum,
  type Tensor,
  tensor,
  unsqueeze,
} from "../onnx/mod.ts";
import type { HookedModel } from "../model/hooked_model.ts";

export interface NodeScores {
  /** `[nForward]` */
  nodes: Float32Array;
  /** `[nForward, d]` */
  neurons: Float32Array;
}

/** D `[sources, P, d]` and a gradient `[P, d]` of one prompt → neuron scores `[sources, d]`. */
function compileNeurons(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const differences = g.input("differences", ["sources", "pos", "d"]);
  const gradient = unsqueeze(g.input("gradient", ["pos", "d"]), 0);
  return Session.compile({ neurons: sum(mul(differences, gradient), [1]) }, {}, options);
}

/** Adds the scores of every prompt of a batch to `nodes` and `neurons`. */
export async function nodeScores(
  differences: Tensor<Float32Array>,
  input: Float32Array,
  sums: readonly Feeds[],
  model: HookedModel,
  nodes: Float64Array,
  neurons: Float64Array,
): Promise<void> {
  const { nLayers, nHeads } = model.config;
  const [N, rows, P, d] = differences.shape;
  const session = await model.runtime.compiled("neurons", compileNeurons);
  const add = async (first: number, count: number, gradient: Float32Array) => {
    for (let n = 0; n < N; n++) {
      const at = (n * rows + first) * P * d;
      const out = await session.run({
        differences: tensor(differences.data.subarray(at, at + count * P * d), [count, P, d]),
        gradient: tensor(gradient.subarray(n * P * d, (n + 1) * P * d), [P, d]),
      });
      out.neurons.data.forEach((score, i) => {
        nodes[first + Math.floor(i / d)] += score;
        neurons[first * d + i] += score;
      });
    }
  };
  await add(0, 1, input);
  for (let l = 0; l < nLayers; l++) {
    const first = 1 + l * (nHeads + 1);
    await add(first, nHeads, sums[l]["sum:g_heads"].data as Float32Array);
    await add(first + nHeads, 1, sums[l]["sum:g_mlp"].data as Float32Array);
  }
}
