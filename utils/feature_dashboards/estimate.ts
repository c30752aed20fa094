/**
 * What dashboards will cost, before they are made: memory from the shapes, time from the first batches. Both are said first, so
 * that a run of hours does not come as a surprise.
 */
import type { HookedModel } from "../model/mod.ts";
import { type Coder, encode, readCoderPoints } from "../transcoders/mod.ts";
import type { DashboardText, TextSample } from "./pass/mod.ts";
import { ExampleKeeper, type ExampleOptions } from "./pass/mod.ts";
import { ActivationMoments } from "./pass/mod.ts";

/** Bytes of a firing of the sample, while it is sorted by feature. */
const FIRING_BYTES = 20;

/** Cost of dashboards. */
export interface Estimate {
  /** seconds of the pass over text */
  seconds: number;
  /** bytes besides model and coders */
  bytes: number;
}

/** Returns the estimate. Runs the first batch twice; the second run is timed. */
export async function estimateDashboards(
  model: HookedModel,
  coders: readonly Coder[],
  text: DashboardText,
  sample: TextSample,
  examples: ExampleOptions,
): Promise<Estimate> {
  const [batch] = text.batches, configs = coders.map(({ config }) => config);
  let seconds = 0, active = 0;
  for (let time = 0; time < 2; time++) {
    const started = performance.now();
    const points = await readCoderPoints(model, configs, batch.prompts);
    active = 0;
    for (const [c, coder] of coders.entries()) {
      const { data } = await encode(model.runtime, coder, points[c].input);
      for (let i = 0; i < data.length; i++) if (data[i] > 0) active++;
    }
    seconds = (performance.now() - started) / 1000;
  }
  const positions = batch.prompts.length * batch.pos;
  const sampled = sample.rows.length /
    text.batches.reduce((sum, { prompts }) => sum + prompts.length, 0);
  const features = configs.map(({ features }) => features);
  const kept = features.reduce(
    (sum, F) => sum + ExampleKeeper.bytes(F, examples) + ActivationMoments.bytes(F),
    0,
  );
  const firings = active / positions * sample.tokens * 2 * FIRING_BYTES;
  const dense = 2 * positions * Math.max(...features) * 4;
  const ids = text.batches.reduce((sum, { prompts, pos }) => sum + prompts.length * pos * 9, 0);
  return {
    seconds: seconds * text.batches.length * (1 + sampled),
    bytes: kept + firings + dense + ids,
  };
}
