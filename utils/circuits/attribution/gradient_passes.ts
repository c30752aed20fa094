/**
 * The gradient passes over one batch of prompts: for some prompts and path points at a time,
 *
 *  1. forward over all layers from the interpolated input, and the metric's gradient at the end;
 *  2. backward over all layers; each leaves the gradients at its destinations, summed over the points of the pass, and
 *     its scores are formed at once, so that nothing is kept but the scores.
 *
 * A pass takes all points of a prompt if they fit, so that what is done once per pass is done once per prompt. Small
 * models run it in one session (`one_session_pass.ts`), others layer by layer (`layerwise_pass.ts`).
 */
import type { HookedModel } from "../../model/mod.ts";
import { EdgeContraction, type EdgeSink } from "./edge_contraction.ts";
import { LayerwisePass } from "./layerwise_pass.ts";
import { OneSessionPass } from "./one_session_pass.ts";
import { type Component, PassFeeds, type PassInputs } from "./pass_feeds.ts";
import type { PathPoint } from "./quadrature.ts";

/** Bytes of weights up to which a model runs in one session: in larger ones, layers outweigh what is between them. */
const SMALL = 1e9;

/** Returns whether the passes of a model run in one session: it is small, and all its weights are in memory. */
export function runsInOneSession({ weights }: HookedModel): boolean {
  return weights.allInMemory && weights.totalBytes < SMALL;
}

export class GradientPasses {
  readonly #N: number;
  readonly #P: number;
  readonly #components: number;
  readonly #layerwise: LayerwisePass;
  readonly #together: OneSessionPass | LayerwisePass;

  /**
   * @param components divides the sum over components
   * @param inOneSession all layers in one session; a component whose output moves inside a layer goes layer by layer
   * all the same
   */
  constructor(
    model: HookedModel,
    inputs: PassInputs,
    components: number,
    sink: EdgeSink,
    inOneSession: boolean,
  ) {
    const [N, , P] = inputs.differences.shape;
    [this.#N, this.#P, this.#components] = [N, P, components];
    const feeds = new PassFeeds(model, inputs);
    const contraction = new EdgeContraction(model, inputs.differences, sink);
    this.#layerwise = new LayerwisePass(model, feeds, contraction);
    this.#together = inOneSession ? new OneSessionPass(model, feeds, contraction) : this.#layerwise;
  }

  /** Runs all path points of one component, in passes of about `tokens` tokens; `onPass` gets prompts × points. */
  async run(
    component: Component,
    points: readonly PathPoint[],
    tokens: number,
    onPass: (count: number) => void,
  ): Promise<void> {
    const strategy = component.output ? this.#layerwise : this.#together;
    for (const [first, last] of parts(points.length, tokens / this.#P)) {
      const some = points.slice(first, last)
        .map(({ alpha, weight }) => ({ alpha, weight: weight / this.#components }));
      for (const [from, to] of parts(this.#N, tokens / (this.#P * some.length))) {
        const pass = { component, points: some, from, count: to - from };
        await strategy.run(pass);
        onPass(pass.count * some.length);
      }
    }
  }
}

/** Returns 0 … length in even parts of at most `size` (at least 1), as [from, to]. */
function parts(length: number, size: number): [number, number][] {
  const count = Math.ceil(length / Math.max(1, Math.floor(size)));
  return Array.from({ length: count }, (_, i) => [
    Math.round(i * length / count),
    Math.round((i + 1) * length / count),
  ]);
}
