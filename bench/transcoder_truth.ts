/**
 * What coders of each kind find of known features (`utils/transcoders/truth`): not their speed but their truth. All kinds
 * have as many features as half the known ones, see the same rows and aim at the same number of active features, so that
 * scores compare. The best reconstruction need not have the best features (SynthSAEBench, 2602.14687).
 */
import { type Bench, peakRssMb, timed } from "./case.ts";
import { ProgramCache } from "../utils/onnx/mod.ts";
import { initialState, layoutOf, Trainer } from "../utils/training/mod.ts";
import {
  type Coder,
  coderObjective,
  type CoderObjectiveSettings,
  coderOptimiser,
  type CoderShape,
  decode,
  encode,
  FiringMeter,
  FitMeter,
  type KnownFeatures,
  knownFeatures,
  type KnownRows,
  matchDirections,
  reluL1,
  saelensJumpRelu,
  saelensTopK,
  schedule,
  startValues,
  type TrainedCoder,
  trainedCoder,
} from "../utils/transcoders/mod.ts";

/** Mean number of known features that are on in a row. */
const ACTIVE = 8;
/** Rows per step. */
const ROWS = 1024;
/** Rows that scores are measured on. */
const TEST_ROWS = 8192;

/** Objectives by name, all dense (the dictionary is small), each with coefficients that lead to about {@link ACTIVE} active features. */
function variants(shape: CoderShape, steps: number): Record<string, CoderObjectiveSettings> {
  const common = { shape, deadAfter: 200, form: "dense" } as const;
  const warmUp = Math.floor(steps / 10);
  return {
    relu_l1: reluL1({ ...common, sparsity: { coefficient: 2.8e-3, warmUp }, ghosts: true }),
    topk: saelensTopK({ ...common, k: ACTIVE }),
    batchtopk: saelensTopK({ ...common, k: ACTIVE, batch: true }),
    jumprelu: saelensJumpRelu({
      ...common,
      bandwidth: 0.2,
      sparsity: { coefficient: 0.13, warmUp },
      preActCoefficient: 1e-3,
    }),
  };
}

/** Compiles the training of a coder. */
function trainerOf(settings: CoderObjectiveSettings, steps: number, threads?: number) {
  const objective = coderObjective(settings);
  const rate = schedule("warmup_constant", {
    lr: 2e-3,
    steps,
    warmUp: Math.floor(steps / 20),
    decay: Math.floor(steps / 5),
  });
  const weights = startValues(settings.shape, { seed: 1, threshold: 0.2 });
  const state = initialState(weights, ["m", "v"], layoutOf(objective.carried ?? []));
  const optimiser = coderOptimiser({ rate, unitDecoder: true, clip: 1 });
  return Trainer.compile(objective, optimiser, state, { threads });
}

/** Returns the scores of a trained coder on rows held out from its training. */
async function scoresOf(
  { activation, weights }: TrainedCoder,
  { dIn, dOut, features }: CoderShape,
  { directions }: KnownFeatures,
  { x, strengths }: KnownRows,
  cache: ProgramCache,
): Promise<Record<"mcc" | "f1" | "uniqueness" | "l0" | "fvu", number>> {
  const hook = "blocks.0.hook_resid_post";
  const coder: Coder = {
    config: {
      ...{ kind: "sae", activation, dIn, dOut, features, skip: false, layer: 0 },
      ...{ inputHook: hook, outputHook: hook, inputConvention: "raw", metadata: {} },
    },
    weights,
  };
  const activations = await encode(cache, coder, x);
  const { partners, mcc, uniqueness } = matchDirections(weights.W_dec, directions);
  const firing = new FiringMeter(partners);
  firing.add(activations, strengths);
  const fit = new FitMeter(cache, features, dOut);
  await fit.add(activations, await decode(cache, coder, activations), x);
  const { l0, fvu } = fit.quality();
  return { mcc, f1: firing.scores().f1, uniqueness, l0, fvu };
}

export const benches: Bench[] = [{
  name: "transcoder_truth",
  description:
    "known features that coders of each kind find, trained on activations of the shape's width for the given number " +
    "of steps: MCC, F1, uniqueness, L0, FVU",
  shapes: ["pythia-14m"],
  prompts: [1000],
  async measure({ dModel: d }, { prompts: steps, threads }) {
    const features = 2 * d;
    const shape: CoderShape = { rows: ROWS, dIn: d, dOut: d, features, inputBias: "shared" };
    const known = knownFeatures({
      features: 2 * features,
      width: d,
      meanActive: ACTIVE,
      hierarchy: { roots: Math.floor(d / 32), branching: 4, depth: 2 },
      pairs: { count: Math.floor(d / 4), correlation: 0.5 },
      seed: 1,
    });
    const kinds = Object.entries(variants(shape, steps));
    const trainers = await Promise.all(
      kinds.map(([, settings]) => trainerOf(settings, steps, threads)),
    );
    const seconds = await timed(async () => {
      for (let step = 0; step < steps; step++) {
        const { x } = known.rows(step, ROWS);
        for (const trainer of trainers) await trainer.step({ x: x.data });
      }
    });
    const cache = new ProgramCache({ threads });
    const test = known.rows(steps, TEST_ROWS);
    const more: Record<string, number> = {};
    for (const [i, [name, settings]] of kinds.entries()) {
      const trained = trainedCoder(settings, trainers[i].state);
      const scores = await scoresOf(trained, shape, known, test, cache);
      for (const [score, value] of Object.entries(scores)) more[`${name}_${score}`] = value;
      await trainers[i].release();
    }
    await cache.close();
    const tokens = kinds.length * steps * ROWS;
    return {
      tokens,
      seconds,
      // five products of the encoder's or decoder's size: two forward, three backward
      flops: 10 * tokens * d * features,
      peakRssMb: peakRssMb(),
      weightsMb: 2 * d * features * 4 / 2 ** 20,
      more,
    };
  },
}];
