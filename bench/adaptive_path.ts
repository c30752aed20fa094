/**
 * The adaptive path of EAP-IG against EAP-IG's own 30 points, on random weights and prompts as in the indirect-object task.
 * Both run in turn; `of_30_points` is the ratio of their times, `missing` what each leaves unexplained of the metric's change. As in
 * the main experiment, the mean change of the metric is known.
 */
import { attribute } from "../utils/circuits/mod.ts";
import type { ModelConfig } from "../utils/model/mod.ts";
import { promptBatches } from "../utils/tasks/mod.ts";
import { mean, median } from "../utils/base/mod.ts";
import { type Bench, type BenchCase, type Measurement, peakRssMb, timed } from "./case.ts";
import {
  attributionFlops,
  IOI_TEMPLATES,
  logitDifferences,
  openModel,
  randomPairs,
  STEPS,
} from "./circuits.ts";

const MB = 2 ** 20;

async function measure(config: ModelConfig, c: BenchCase): Promise<Measurement> {
  const model = openModel(config, c.threads);
  const pairs = randomPairs(c.prompts, IOI_TEMPLATES, config.vocabSize);
  const batches = promptBatches(pairs, logitDifferences(pairs), { batchSize: 10 });
  const fixed = () => attribute(model, batches, { steps: STEPS });
  // Reads the weights, compiles, and finds the errors.
  const { completeness: reference, cleanMetric, corruptedMetric } = await fixed();
  const meanChange = mean(
    Array.from(cleanMetric, (clean, n) => Math.abs(clean - corruptedMetric[n])),
  );
  const adaptive = () => attribute(model, batches, { quadrature: "adaptive", meanChange });
  const { completeness } = await adaptive();
  const seconds: number[] = [], ratios: number[] = [];
  for (let i = 0; i < c.repeats; i++) {
    seconds.push(await timed(adaptive));
    ratios.push(seconds[i] / await timed(fixed));
  }
  const flops = attributionFlops(config, batches);
  return {
    tokens: STEPS * batches.reduce((n, { clean }) => n + clean.length * clean[0].length, 0),
    seconds: median(seconds),
    flops,
    peakRssMb: peakRssMb(),
    weightsMb: model.weights.totalBytes / MB,
    more: {
      of_30_points: median(ratios),
      points: completeness.points!,
      missing: completeness.missing!,
      missing_of_30_points: reference.missing!,
    },
  };
}

export const benches: Bench[] = [{
  name: "attribution_adaptive",
  description:
    "EAP-IG's adaptive path against its own 30 points, on prompts as in the indirect-object task",
  shapes: ["pythia-70m", "pythia-160m"],
  prompts: [70],
  measure,
}];
