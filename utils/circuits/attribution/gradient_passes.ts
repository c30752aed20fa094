/**
 * Runs the gradient passes over one batch of prompts, for some prompts and path points at a time:
 *
 *  1. Run all layers forward from the interpolated input, and take the metric's gradient at the end.
 *  2. Run all layers backward. Each layer returns the gradients at its destinations, summed over the points of the pass.
 *     They become scores at once, so that only scores stay in memory.
 *
 * A pass takes all points of a prompt if they fit, so that work done once per pass is done once per prompt. Small models
 * run a pass in one session (`one_session_pass.ts`), others layer by layer (`layerwise_pass.ts`).
 */
import type { HookedModel } from "../../model/mod.ts";
import { EdgeContraction, type EdgeSink } from "./edge_contraction.ts";
import { LayerwisePass } from "./layerwise_pass.ts";
import { OneSessionPass } from "./one_session_pass.ts";
import { type Component, PassFeeds, type PassInputs } from "./pass_feeds.ts";
import type { PathPoint } from "./quadrature.ts";

/** Bytes of weights below which a model runs in one session. In larger models the overhead between layers is small. */
const SMALL = 1e9;

/** Returns whether a model is small and has all its weights in memory, so that its passes run in one session. */
export function runsInOneSession({ weights }: HookedModel): boolean {
  return weights.allInMemory && weights.totalBytes < SMALL;
}

/** Splits the prompts and path points of one batch into passes and runs them. */
export class GradientPasses {
  readonly #N: number;
  readonly #P: number;
  readonly #components: number;
  readonly #layerwise: LayerwisePass;
  readonly #together: OneSessionPass | LayerwisePass;

  /**
   * Prepares the passes of one batch.
   * @param components number of components; it divides the path weights
   * @param inOneSession whether to run all layers in one session; a component that moves inside a layer always runs
   * layer by layer
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

  /** Runs all path points of one component in passes of about `tokens` tokens. `onPass` receives prompts × points. */
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

/** Splits 0 … length into even parts [from, to] of at most `size` items (at least 1). */
function parts(length: number, size: number): [number, number][] {
  const count = Math.ceil(length / Math.max(1, Math.floor(size)));
  return Array.from({ length: count }, (_, i) => [
    Math.round(i * length / count),
    Math.round((i + 1) * length / count),
  ]);
}
