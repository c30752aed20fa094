/**
 * Measures the gain of each identity that makes attribution fast: seconds per prompt and path point without it, divided
 * by those with all of them. Without it means:
 *
 *   shared prefix      whole prompts at every path point, instead of the tokens from the first difference on
 *   sums in head space gradients at the inputs of every head's q, k and v and of the MLPs, each with its own backward pass
 *                      through a LayerNorm; both sides run whole prompts
 *   one contraction    the product of source differences and gradients at every path point, instead of once per prompt;
 *                      it is timed separately and added
 *   still input        the same prompts with a different last token as well, so that no position of layer 0 is still
 */
import {
  attribute,
  batchActivations,
  EdgeContraction,
  layerColumns,
  sourceDifferences,
} from "../utils/circuits/mod.ts";
import { type PromptBatch, promptBatches } from "../utils/tasks/mod.ts";
import { type HookedModel, hookName, type ModelConfig } from "../utils/model/mod.ts";
import { tensor } from "../utils/onnx/mod.ts";
import { median } from "../utils/base/mod.ts";
import {
  type Bench,
  type BenchCase,
  type Measurement,
  peakRssMb,
  POSITIONS,
  timed,
} from "./case.ts";
import { attributionFlops, logitDifferences, openModel, randomPairs, STEPS } from "./circuits.ts";

/** Returns a function that runs all contractions of a batch once. */
async function contraction(model: HookedModel, batch: PromptBatch): Promise<() => Promise<void>> {
  const { nLayers, dModel: d } = model.config;
  const D = await sourceDifferences(model, await batchActivations(model, batch));
  const [N, , P] = D.shape;
  let sum = 0;
  const all = new EdgeContraction(model, D, {
    edge: (_n, _u, _v, score) => sum += score,
    neurons: (_n, _u, scores) => sum += scores[0],
  });
  const shape = [N, layerColumns(model.config, 0).end, P, d];
  const gradients = tensor(
    new Float32Array(shape.reduce((a, b) => a * b)).fill(1e-3),
    shape,
  );
  return async () => {
    for (let l = 0; l < nLayers; l++) await all.edgesOfLayer(l, 0, gradients);
  };
}

async function measure(
  config: ModelConfig,
  { prompts, repeats, threads }: BenchCase,
): Promise<Measurement> {
  const model = openModel(config, threads);
  const pairs = randomPairs(prompts, [[POSITIONS, 10]], config.vocabSize);
  const readout = logitDifferences(pairs);
  const batches = promptBatches(pairs, readout);
  const whole = promptBatches(pairs, readout, { sharePrefix: false });
  const moving = pairs.map((pair) => {
    const { corrupted, position } = pair;
    return {
      ...pair,
      corrupted: corrupted.with(position, (corrupted[position] + 1) % config.vocabSize),
    };
  });
  const everywhere = promptBatches(moving, readout);
  const hooks = Array.from(
    { length: config.nLayers },
    (_, l) =>
      ["hook_q_input", "hook_k_input", "hook_v_input", "hook_mlp_in"]
        .map((point) => hookName(l, point)),
  ).flat();
  const tokens = pairs.map(({ clean }) => clean);
  const positions = pairs.map(({ position }) => position);
  const contract = await contraction(model, batches[0]);
  const sides = {
    all: () => attribute(model, batches, { steps: STEPS }),
    whole: () => attribute(model, whole, { steps: STEPS }),
    moving: () => attribute(model, everywhere, { steps: STEPS }),
    plain: () => model.gradients(tokens, positions, readout, hooks),
    contract,
  };
  const times = Object.fromEntries(Object.keys(sides).map((name) => [name, [] as number[]]));
  for (const run of Object.values(sides)) await run();
  for (let i = 0; i < repeats; i++) {
    for (const [name, run] of Object.entries(sides)) times[name].push(await timed(run));
  }
  const seconds = (name: string) => median(times[name]);
  const perStep = (name: string) => seconds(name) / (prompts * STEPS);
  const oneContraction = seconds("contract") / prompts;
  return {
    tokens: STEPS * prompts * batches[0].clean[0].length,
    seconds: seconds("all"),
    flops: attributionFlops(config, batches),
    peakRssMb: peakRssMb(),
    weightsMb: model.weights.totalBytes / 2 ** 20,
    more: {
      seconds_per_prompt_step: perStep("all"),
      shared_prefix_gain: perStep("whole") / perStep("all"),
      head_sums_gain: seconds("plain") / prompts / perStep("whole"),
      one_contraction_gain: 1 + oneContraction * (1 - 1 / STEPS) / perStep("all"),
      still_input_gain: perStep("moving") / perStep("all"),
    },
  };
}

export const benches: Bench[] = [{
  name: "attribution_identities",
  description:
    "gain of each identity: shared prefix, sums in head space, one contraction, still input of layer 0",
  shapes: ["pythia-70m", "pythia-160m"],
  prompts: [10],
  measure,
}];
