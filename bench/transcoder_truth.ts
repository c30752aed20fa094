/**
 * What coders of each kind find of known features (`utils/transcoders/truth`): not their speed but their truth. All kinds
 * have as many features as half the known ones, see the same rows and aim at the same number of active features, so that
 * scores compare. The best reconstruction need not have the best features (SynthSAEBench, 2602.14687).
 */
import { type Bench, peakRssMb, timed } from "./case.ts";
import { ProgramCache, tensor } from "../utils/onnx/mod.ts";
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
  knownFeatures,
  matchDirections,
  reluL1,
  saelensJumpRelu,
  saelensTopK,
  schedule,
  startValues,
  trainedCoder,
} from "../utils/transcoders/mod.ts";

/** Mean number of known features that are on in a row. */
const ACTIVE = 8;
/** Rows per step. */
const ROWS = 1024;
/** Rows that scores are measured on. */
const TEST_ROWS = 8192;

/** Objectives by name, each with coefficients that lead to about {@link ACTIVE} active features. */
function variants(shape: CoderShape, steps: number): Record<string, CoderObjectiveSettings> {
  const common = { shape, deadAfter: 200 };
  const warmUp = Math.floor(steps / 10);
  return {
    relu_l1: reluL1({ ...common, sparsity: { coefficient: 6e-3, warmUp }, ghosts: true }),
    topk: saelensTopK({ ...common, k: ACTIVE }),
    batchtopk: saelensTopK({ ...common, k: ACTIVE, batch: true }),
    jumprelu: saelensJumpRelu({
      ...common,
      bandwidth: 0.1,
      sparsity: { coefficient: 0.1, warmUp },
      preActCoefficient: 1e-3,
    }),
  };
}

/** Trains a coder of one kind on known features and returns its scores. */
async function scoresOf(
  settings: CoderObjectiveSettings,
  known: ReturnType<typeof knownFeatures>,
  steps: number,
  cache: ProgramCache,
): Promise<Record<"mcc" | "f1" | "uniqueness" | "l0" | "fvu", number>> {
  const objective = coderObjective(settings);
  const rate = schedule("warmup_constant", {
    lr: 2e-3,
    steps,
    warmUp: Math.floor(steps / 20),
    decay: Math.floor(steps / 5),
  });
  const weights = startValues(settings.shape, { seed: 1 });
  const carried = layoutOf(objective.carried ?? []);
  const trainer = await Trainer.compile(
    objective,
    coderOptimiser({ rate, unitDecoder: true, clip: 1 }),
    initialState(weights, ["m", "v"], carried),
  );
  for (let step = 0; step < steps; step++) {
    await trainer.step({ x: known.rows(step, ROWS).x.data });
  }
  const trained = trainedCoder(settings, trainer.state);
  await trainer.release();
  const { dIn, dOut, features } = settings.shape;
  const hook = "blocks.0.hook_resid_post";
  const coder: Coder = {
    config: {
      ...{ kind: "sae", activation: trained.activation, dIn, dOut, features, skip: false },
      ...{ layer: 0, inputHook: hook, outputHook: hook, inputConvention: "raw", metadata: {} },
    },
    weights: trained.weights,
  };
  const { x, strengths } = known.rows(steps + 1, TEST_ROWS);
  const activations = await encode(cache, coder, x);
  const { partners, mcc, uniqueness } = matchDirections(coder.weights.W_dec, known.directions);
  const firing = new FiringMeter(partners);
  firing.add(activations, strengths);
  const fit = new FitMeter(cache, features, dOut);
  await fit.add(activations, await decode(cache, coder, activations), tensor(x.data, x.shape));
  const { l0, fvu } = fit.quality();
  return { mcc, f1: firing.scores().f1, uniqueness, l0, fvu };
}

export const benches: Bench[] = [{
  name: "transcoder_truth",
  description:
    "known features that coders of each kind find, trained on activations of the shape's width for the given number " +
    "of steps: MCC, F1, uniqueness, L0, FVU",
  shapes: ["pythia-14m"],
  prompts: [2000],
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
    const cache = new ProgramCache({ threads });
    const more: Record<string, number> = {};
    const kinds = Object.entries(variants(shape, steps));
    const seconds = await timed(async () => {
      for (const [name, settings] of kinds) {
        const scores = await scoresOf(settings, known, steps, cache);
        for (const [score, value] of Object.entries(scores)) more[`${name}_${score}`] = value;
      }
    });
    await cache.close();
    const tokens = kinds.length * steps * ROWS;
    return {
      tokens,
      seconds,
      // encoder forward and its gradient's rows: an estimate, dense where the step is sparse
      flops: 2 * tokens * d * features,
      peakRssMb: peakRssMb(),
      weightsMb: 2 * d * features * 4 / 2 ** 20,
      more,
    };
  },
}];
