/**
 * Times the pass over text of feature dashboards (`utils/feature_dashboards`): examples, histograms and firings of all features of
 * a coder, the random coder on the sampled rows included, and the readings of some features. Model and coder are random. Memory
 * does not grow with the text, so a short text says what a long one needs.
 */
import { type Bench, peakRssMb, randomPrompts, timed } from "./case.ts";
import { HookedModel, randomSource, Runtime } from "../utils/model/mod.ts";
import { tensor } from "../utils/onnx/mod.ts";
import {
  ExampleKeeper,
  FeatureReader,
  floorCoders,
  randomCoder,
  sampleText,
  textPass,
} from "../utils/feature_dashboards/mod.ts";
import { type Coder, coderShapes, rowsOf } from "../utils/transcoders/mod.ts";

/** Rows of a batch, tokens of a row, batches. */
const [ROWS, TOKENS, BATCHES] = [8, 64, 8];
/** Share of the text that readings are made on, as in a run of a million tokens with the default settings. */
const SAMPLED = 1 / 16;
/** Features whose readings are timed. */
const READ = 512;
const EXAMPLES = { top: 8, sample: 24, before: 23, after: 8, seed: 0 };

/** Returns a random TopK coder of the middle layer, of the size of transcoder_circuits' for GPT-2. */
function middleCoder(layer: number, d: number): Coder {
  const features = d === 768 ? 24_576 : 8 * d, active = d === 768 ? 50 : 16;
  const config: Coder["config"] = {
    kind: "transcoder",
    activation: { name: "topk", k: active },
    dIn: d,
    dOut: d,
    features,
    skip: false,
    layer,
    inputHook: `blocks.${layer}.ln2.hook_normalized`,
    outputHook: `blocks.${layer}.hook_mlp_out`,
    inputConvention: "raw",
    metadata: {},
  };
  const made = Object.entries(coderShapes(config)).map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1);
    return [name, tensor(data, shape)];
  });
  const like: Coder = { config, weights: Object.fromEntries(made) };
  return randomCoder(like, active, new Float32Array(d), 1);
}

export const benches: Bench[] = [{
  name: "feature_dashboards",
  description:
    "one coder's dashboards: the pass over text, tokens a second; readings, features a second",
  shapes: ["pythia-nano", "gpt2-small"],
  prompts: [1],
  async measure(config, { threads }) {
    const { dModel: d, vocabSize } = config, layer = Math.floor(config.nLayers * 2 / 3);
    const model = HookedModel.fromSource(randomSource(config), {
      runtime: new Runtime({ threads }),
    });
    const coder = middleCoder(layer, d);
    const prompts = randomPrompts(ROWS * BATCHES, TOKENS, vocabSize);
    const batches = Array.from(
      { length: BATCHES },
      (_, b) => rowsOf(prompts.slice(b * ROWS, (b + 1) * ROWS)),
    );
    const text = { batches }, tokens = ROWS * BATCHES * TOKENS;
    const sample = sampleText(text, tokens * SAMPLED);
    const [floor] = await floorCoders(model, [coder], batches.slice(0, 1), 0);
    const pass = (part: typeof batches) =>
      textPass(model, [coder], [floor], { batches: part }, sample, { examples: EXAMPLES });
    await pass(batches.slice(0, 1));
    let found: Awaited<ReturnType<typeof pass>> | undefined;
    const seconds = await timed(async () => {
      found = await pass(batches);
    });
    const vocabulary = Array.from({ length: vocabSize }, (_, id) => ` ${id}`);
    const reader = new FeatureReader(text, sample, vocabulary, 0);
    const reading = await timed(() => {
      for (let f = 0; f < READ; f++) reader.read(found![0].firings, f);
      return Promise.resolve();
    });
    const { features } = coder.config;
    return {
      tokens,
      seconds,
      // The model up to the coder, the encoder, and the random coder's on the sample.
      flops: 2 * tokens * (12 * d * d * (layer + 1) + d * features * (1 + SAMPLED)),
      peakRssMb: peakRssMb(),
      weightsMb: (model.weights.totalBytes + 16 * d * features) / 2 ** 20,
      more: {
        tokens_per_second: tokens / seconds,
        hours_per_million: 1e6 * seconds / tokens / 3600,
        examples_mb: ExampleKeeper.bytes(features, EXAMPLES) / 2 ** 20,
        readings_per_second: READ / reading,
      },
    };
  },
}];
