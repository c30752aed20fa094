/**
 * Runs the gradient passes over batches of prompts, for some prompts and path points at a time:
 *
 *  1. Run all layers forward from the interpolated input, and take the metric's gradient at the end.
 *  2. Run all layers backward. Each layer returns the gradients at its destinations, summed over the points of the pass.
 *     They become scores at once, so that only scores stay in memory.
 *
 * A pass takes all points of a prompt if they fit, so that work done once per pass is done once per prompt. Small models
 * run a pass in one session (`one_session_pass.ts`), others layer by layer (`layerwise_pass.ts`). Where weights do not stay
 * in memory, several passes go through the layers together and read them once.
 */
import { packed } from "../activations/mod.ts";
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

/** A pass that is ready to run. */
export interface GradientPass {
  /** prompts × path points */
  count: number;
  /** bytes that it holds between its forward and its backward part */
  bytes: number;
  /** runs it, and scores its edges, nodes and neurons */
  run: () => Promise<void>;
}

/** Splits the prompts and path points of one batch into passes. */
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
    private readonly model: HookedModel,
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

  /** Returns the passes over all path points of one component, of about `tokens` tokens each. */
  of(component: Component, points: readonly PathPoint[], tokens: number): GradientPass[] {
    const strategy = component.output ? this.#layerwise : this.#together;
    const { dModel, nLayers } = this.model.config;
    return parts(points.length, tokens / this.#P).flatMap(([first, last]) => {
      const some = points.slice(first, last)
        .map(({ alpha, weight }) => ({ alpha, weight: weight / this.#components }));
      return parts(this.#N, tokens / (this.#P * some.length)).map(([from, to]) => {
        const pass = { component, points: some, from, count: to - from };
        const count = pass.count * some.length;
        const bytes = 4 * count * this.#P * dModel * (nLayers + 2);
        return { count, bytes, run: () => strategy.run(pass) };
      });
    });
  }
}

/**
 * Runs passes. Those that read the weights again share the reading, as many as `limit` bytes hold (`shared_sweeps.ts`).
 * `onPass` receives the prompts × points of each.
 */
export async function runPasses(
  { weights }: HookedModel,
  passes: readonly GradientPass[],
  limit: number,
  onPass: (count: number) => void,
): Promise<void> {
  for (const group of packed(passes, ({ bytes }) => bytes, limit)) {
    await weights.together(
      group.map(({ run, count }) => async () => {
        await run();
        onPass(count);
      }),
    );
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
