/**
 * A model whose weights are set by hand: a two-hop Boolean circuit in two MLP layers and one head, with noise weights around it.
 *
 *     MLP 0    neuron 0 fires on token a, neuron 1 on token b, at their own positions
 *     head 1.0 moves both from everywhere to every later position (its pattern is nearly uniform)
 *     MLP 1    neuron 0 fires where both have arrived: a AND b; it writes the direction of the answer's logit
 *
 * Directions are pairs of dimensions with opposite signs, so that LayerNorm's mean takes nothing from them. The MLPs have ReLU,
 * so their own neurons are an exact coder.
 */
import { uniform } from "./random_model.ts";
import { HookedModel, type ModelConfig } from "../../utils/model/mod.ts";
import { unitNames, unitTensors } from "../../utils/model/weights/weight_source.ts";
import { type F32, tensor } from "../../utils/onnx/mod.ts";
import type { Coder } from "../../utils/transcoders/mod.ts";

const CONFIG: ModelConfig = {
  architecture: "gpt2",
  nLayers: 2,
  nHeads: 2,
  dModel: 32,
  dHead: 16,
  dMlp: 24,
  vocabSize: 10,
  maxPositions: 8,
  parallel: false,
  rotaryDims: 0,
  rotaryBase: 10000,
  layerNormEps: 1e-5,
  activation: "relu",
  tied: false,
};

/** Token ids with a part in the circuit; the others are neutral. */
export const PLANTED = { a: 1, b: 2, answer: 9 } as const;

/** Adds `factor` times a direction to a row, or a column, of a matrix. */
function plant(
  { data, shape }: F32,
  at: { row: number } | { column: number },
  direction: number,
  factor: number,
): void {
  for (const [i, sign] of [[2 * direction, 1], [2 * direction + 1, -1]]) {
    const place = "row" in at ? at.row * shape[1] + i : i * shape[1] + at.column;
    data[place] += sign * factor / Math.SQRT2;
  }
}

/** Makes the model, and its MLPs' neurons as coders. @param noise size of the weights around the circuit */
export async function plantedCircuit(
  noise: number,
  seed = 1,
): Promise<{ model: HookedModel; coders: Coder[] }> {
  const next = uniform(seed);
  const units = Object.fromEntries(
    unitNames(CONFIG).map((unit) => {
      const made = Object.entries(unitTensors(CONFIG, unit)).map(([feed, [, shape]]) => {
        const data = new Float32Array(shape.reduce((x, y) => x * y, 1));
        const centre = feed.startsWith("ln") && feed.endsWith("_w") ? 1 : 0;
        return [feed, tensor(data.map(() => centre + noise * next()), shape)] as const;
      });
      return [unit, Object.fromEntries(made)];
    }),
  );
  const { a, b, answer } = PLANTED, d = CONFIG.dModel;
  const [fromA, fromB, movedA, movedB, out] = [10, 11, 12, 13, 14];
  for (let token = 0; token < CONFIG.vocabSize; token++) {
    plant(units.embed.W_E, { row: token }, token, 2);
  }
  const [first, second] = [units["0"], units["1"]];
  for (const [neuron, token, writes] of [[0, a, fromA], [1, b, fromB]]) {
    plant(first.in_w, { column: neuron }, token, 1);
    first.in_b.data[neuron] = -2.8;
    plant(first.out_w, { row: neuron }, writes, 1.5);
  }
  for (const [i, reads, writes] of [[0, fromA, movedA], [1, fromB, movedB]]) {
    plant(second.qkv_w, { column: 2 * d + i }, reads, 1);
    plant(second.o_w, { row: i }, writes, 3);
  }
  for (const reads of [movedA, movedB]) plant(second.in_w, { column: 0 }, reads, 1);
  second.in_b.data[0] = -6.2;
  plant(second.out_w, { row: 0 }, out, 3);
  plant(units.unembed.W_U, { row: answer }, out, 3);
  const source = {
    config: CONFIG,
    units: unitNames(CONFIG),
    load: (unit: string) => Promise.resolve(units[unit]),
    close() {},
  };
  const model = HookedModel.fromSource(source);
  const coders: Coder[] = [];
  for (let layer = 0; layer < CONFIG.nLayers; layer++) coders.push(await neurons(model, layer));
  return { model, coders };
}

/** Returns the neurons of a layer's MLP as a coder. */
async function neurons(model: HookedModel, layer: number): Promise<Coder> {
  const { in_w, in_b, out_w, out_b } = await model.weights.layer(layer);
  const [d, m] = in_w.shape;
  const W_enc = Float32Array.from(
    { length: m * d },
    (_, i) => in_w.data[(i % d) * m + Math.floor(i / d)],
  );
  return {
    config: {
      kind: "transcoder",
      activation: { name: "relu" },
      dIn: d,
      dOut: d,
      features: m,
      skip: false,
      layer,
      inputHook: `blocks.${layer}.mlp.hook_in`,
      outputHook: `blocks.${layer}.hook_mlp_out`,
      inputConvention: "raw",
      metadata: {},
    },
    weights: { W_enc: tensor(W_enc, [m, d]), b_enc: in_b, W_dec: out_w, b_dec: out_b },
  };
}
