/**
 * Evaluates a set of coders, and floors beside them.
 *
 * 1. Fit the floors on rows of their own (`floors/`).
 * 2. On the rows of the evaluation, compare what coders and floors give for the clean model's inputs with their targets
 *    (`fit_quality.ts`), count how often features fire (`density.ts`), and run the model with them under three protocols
 *    (`protocols.ts`).
 * 3. Give each loss as a score between ablation and the model as it is (`measured_arm.ts`).
 */
import type { TranscoderEvaluation } from "../../results/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { Coder } from "../coder.ts";
import { codersDigest } from "../coder_digest.ts";
import { replacement } from "../splices/mod.ts";
import { cleanRun } from "./clean_run.ts";
import { densityReport } from "./density.ts";
import { ActiveMeter, type FloorName, PlaceFit } from "./floors/mod.ts";
import {
  type ArmName,
  armsOf,
  evaluated,
  measure,
  type Measured,
  measured,
  type MeasureOptions,
  scorer,
} from "./measured_arm.ts";
import { coderStandIn } from "./stand_in.ts";
import { LossMeter } from "./token_losses.ts";
import type { TokenRows } from "./token_rows.ts";

/** Floors that depend on the number of active features; the others are the same for all coders. */
const SPARSE = ["random", "neurons"] as const;

/** What an evaluation runs on. */
export interface EvaluationOptions extends MeasureOptions {
  /** rows that floors are fitted on; they should share no text with `rows` */
  fitRows: readonly TokenRows[];
  /** called before each stage with its name and number of batches, and after each batch */
  onStage?: (stage: string, batches: number) => () => void;
}

/**
 * Evaluates coders on a model; see the header. All coders are in place at once, so there is one per layer.
 * @throws Error naming a coder that does not fit the model, two coders of one layer, or if no position counts.
 */
export async function evaluateCoders(
  model: HookedModel,
  coders: readonly Coder[],
  options: EvaluationOptions,
): Promise<TranscoderEvaluation> {
  return await (await CoderEvaluator.open(model, coders, options)).evaluate(coders);
}

/**
 * Evaluates any number of sets of coders at the same places. The floors that are the same for all sets are fitted and
 * measured once, the others once for each number of active features.
 */
export class CoderEvaluator {
  /** what is known of floors that depend on a number of active features */
  readonly #sparse = new Map<string, Measured>();

  private constructor(
    private readonly model: HookedModel,
    private readonly options: EvaluationOptions,
    /** the set that the evaluator was opened with, and its active features */
    private readonly first: { coders: readonly Coder[]; ks: readonly number[] },
    private readonly fit: PlaceFit,
    private readonly ce: number,
    private readonly fixed: readonly Measured[],
  ) {}

  /**
   * Fits and measures the floors that are the same for all sets.
   * @param coders the first set; all others are at its places
   * @throws Error as {@link evaluateCoders} does.
   */
  static async open(
    model: HookedModel,
    coders: readonly Coder[],
    options: EvaluationOptions,
  ): Promise<CoderEvaluator> {
    checkPlaces(model, coders);
    const { rows, fitRows, onStage = noStage } = options;
    const configs = coders.map(({ config }) => config);
    const active = new ActiveMeter(model, coders);
    const onBatch = onStage("floors", fitRows.length + rows.length);
    const fit = await PlaceFit.open(model, configs, fitRows, async (clean) => {
      await active.add(clean);
      onBatch();
    });
    const clean = new LossMeter(model.runtime);
    const arms = armsOf(model, configs, fit.fixed());
    await measure(model, configs, arms, options, async ({ rows: { prompts, counted }, logits }) => {
      await clean.add(prompts, logits, logits, counted);
      onBatch();
    });
    const first = { coders, ks: active.ks() };
    return new CoderEvaluator(model, options, first, fit, clean.losses().ce, arms.map(measured));
  }

  /**
   * Evaluates a set of coders.
   * @throws Error naming a coder that does not fit the model, or a set at other places than the first.
   */
  async evaluate(coders: readonly Coder[]): Promise<TranscoderEvaluation> {
    const { model, options, ce } = this;
    const { rows } = options;
    const configs = coders.map(({ config }) => config);
    const [expected, found] = [this.first.coders, coders].map(placesOf);
    if (found !== expected) {
      throw new Error(`expected coders at the places ${expected}, found ${found}`);
    }
    checkPlaces(model, coders);
    const { sparse, own } = await this.#measure(coders);
    const all = [...this.fixed, ...sparse];
    const of = (name: FloorName) => all.find(({ arm }) => arm.name === name)!;
    const scored = scorer(ce, of("zero").losses, of("mean").losses);
    return {
      ce,
      tokens: rows.reduce((sum, { count }) => sum + count, 0),
      coders_digest: await codersDigest(coders),
      features: configs.map(({ layer, features }, i) => {
        const { dead, dense, histogram } = densityReport(own.arm.fit[i].densities());
        return { layer, features, dead, dense, density_histogram: histogram };
      }),
      coders: evaluated(own.arm, coders, scored(own.losses)),
      floors: Object.fromEntries(
        all.map(({ arm, losses }) => [arm.name, evaluated(arm, coders, scored(losses))]),
      ),
    };
  }

  /** Measures a set of coders, and those of its floors that are not known yet. */
  async #measure(coders: readonly Coder[]): Promise<{ own: Measured; sparse: Measured[] }> {
    const { model, options, first, fit } = this;
    const { rows, fitRows, seed = 0, onStage = noStage } = options;
    const configs = coders.map(({ config }) => config);
    const isFirst = coders === first.coders;
    const onBatch = onStage("evaluation", (isFirst ? 1 : 2) * fitRows.length + rows.length);
    let ks = first.ks;
    if (!isFirst) {
      const active = new ActiveMeter(model, coders);
      for (const batch of fitRows) {
        await active.add(await cleanRun(model, configs, batch));
        onBatch();
      }
      ks = active.ks();
    }
    const features = configs.map((config) => config.features);
    // Random features depend on how many there are; the MLP has its neurons whatever the coders have.
    const keyOf = (name: ArmName) =>
      JSON.stringify(name === "random" ? { name, ks, features } : { name, ks });
    const unknown = SPARSE.filter((name) => !this.#sparse.has(keyOf(name)));
    const fitted = unknown.length > 0 ? await fit.sparse(configs, ks, { seed, onBatch }) : {};
    const floors = Object.fromEntries(unknown.map((name) => [name, fitted[name]]));
    const arms = armsOf(model, configs, { coders: coderStandIn(model, coders), ...floors });
    await measure(model, configs, arms, options, onBatch);
    const [own, ...others] = arms.map(measured);
    for (const floor of others) this.#sparse.set(keyOf(floor.arm.name), floor);
    return { own, sparse: SPARSE.flatMap((name) => this.#sparse.get(keyOf(name)) ?? []) };
  }
}

const noStage = () => () => {};

/** Checks that coders can be in place together. @throws Error naming a coder that cannot. */
function checkPlaces(model: HookedModel, coders: readonly Coder[]): void {
  if (!coders.some(({ config }) => config.kind === "cross_layer")) replacement(model, { coders });
}

/** Names the places of coders. */
const placesOf = (coders: readonly Coder[]): string =>
  coders.map(({ config: { inputHook, outputHook, head, inputConvention } }) =>
    `${inputHook}${head === undefined ? "" : ` head ${head}`} (${inputConvention}) → ${outputHook}`
  ).join(", ");
