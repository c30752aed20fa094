/**
 * Measures circuits of one checkpoint by faithfulness: metric of the circuit / metric of the whole model, as in the paper,
 * and the same with the corrupted level subtracted from both.
 */
import { type Ability, abilityOf, mean } from "../../base/mod.ts";
import {
  CircuitEvaluator,
  countEdges,
  maskOf,
  meanActivations,
  nBackward,
  nForward,
  pruneCircuit,
} from "../../circuits/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { CurvePoint } from "../../results/mod.ts";
import { promptBatches } from "../../tasks/mod.ts";
import type { CircuitConfig } from "./settings.ts";
import type { CircuitTask } from "./task.ts";

/** Resamples of the intervals that judge ability; `bootstrap` may be 0. */
const ABILITY_RESAMPLES = 1000;

/** Bytes of circuits, as masks, that are evaluated together: ten at the shape of 20 billion parameters. */
const MASK_BYTES = 256e6;

/** Measures circuits against the whole model and the corrupted run. */
export class FaithfulnessScale {
  /** mean metric of the whole model on clean prompts */
  readonly baseline: number;
  /** mean metric of the whole model on corrupted prompts */
  readonly corrupted: number;

  /** mean size of the metric's change from corrupted to clean prompts */
  readonly meanChange: number;

  constructor(private readonly evaluator: CircuitEvaluator) {
    const { cleanMetric, corruptedMetric } = evaluator;
    this.meanChange = mean(
      Array.from(cleanMetric, (clean, n) => Math.abs(clean - corruptedMetric[n])),
    );
    this.baseline = mean(Array.from(evaluator.cleanMetric));
    this.corrupted = mean(Array.from(evaluator.corruptedMetric));
  }

  /** Prepares the model and prompts of a checkpoint. */
  static async of(
    model: HookedModel,
    { batches, means }: Evaluation,
    { intervention }: CircuitConfig,
  ): Promise<FaithfulnessScale> {
    return new FaithfulnessScale(
      await CircuitEvaluator.prepare(model, batches, { intervention, means }),
    );
  }

  /** Judges whether the model does the task, by the metric on every clean and corrupted prompt. */
  ability(options: { seed: number; leastRise?: number }): Ability {
    const { cleanMetric, corruptedMetric } = this.evaluator;
    return abilityOf(cleanMetric, {
      ...options,
      resamples: ABILITY_RESAMPLES,
      corrupted: corruptedMetric,
    });
  }

  /**
   * Returns the curve points of circuits. A metric that is exactly 0 has no ratio; its faithfulness is 0.
   * @param masks before pruning, `[nForward, nBackward]` each
   * @param sizes the sizes requested
   */
  async points(masks: readonly Uint8Array[], sizes: readonly number[]): Promise<CurvePoint[]> {
    const { shape } = this.evaluator;
    const metrics = (await this.evaluator.evaluate(masks)).map((values) =>
      mean(Array.from(values))
    );
    const ratio = (a: number, b: number) => b === 0 ? 0 : a / b;
    return metrics.map((metric, i) => ({
      size: sizes[i],
      edges: countEdges(pruneCircuit(shape, masks[i])),
      faithfulness: ratio(metric, this.baseline),
      normalized: ratio(metric - this.corrupted, this.baseline - this.corrupted),
    }));
  }

  /** Returns the curve points of the first n edges of an order, for several sizes n. */
  async ofOrder(order: ArrayLike<number>, sizes: readonly number[]): Promise<CurvePoint[]> {
    const { shape } = this.evaluator;
    const points: CurvePoint[] = [];
    const together = Math.max(1, Math.floor(MASK_BYTES / (nForward(shape) * nBackward(shape))));
    for (let from = 0; from < sizes.length; from += together) {
      const some = sizes.slice(from, from + together);
      points.push(...await this.points(some.map((n) => maskOf(shape, order, n)), some));
    }
    return points;
  }
}

/** What circuits are evaluated on. */
export type Evaluation = Awaited<ReturnType<typeof prepareEvaluation>>;

/** Returns prompt batches and, for mean interventions, the means over the corrupted prompts. */
export async function prepareEvaluation(
  model: HookedModel,
  { prompts, readout }: Pick<CircuitTask, "prompts" | "readout">,
  { intervention, batch_size: batchSize }: CircuitConfig,
) {
  const batches = promptBatches(prompts, readout, {
    batchSize,
    sharePrefix: intervention === "patching",
  });
  const means = intervention.startsWith("mean")
    ? await meanActivations(
      model,
      prompts.map((p) => p.corrupted.slice(0, p.position + 1)),
      intervention === "mean-positional",
    )
    : undefined;
  return { batches, means };
}
