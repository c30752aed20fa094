/**
 * Runs a gradient pass layer by layer, forward and backward. It streams the weights in, so models of any size fit.
 *
 * The backward part needs what the forward part computed inside each layer: about ten times the residual stream. If weights
 * do not stay in memory, only the residual stream before each layer is kept, and the backward part computes the layer again
 * while its weights are there. Many passes can then share one reading of the weights. The numbers are the same.
 */
import {
  type BothWays,
  defineProgram,
  type F32,
  type Feeds,
  free,
  type Results,
  type Tensor,
  tensor,
} from "../../onnx/mod.ts";
import type { HookedModel } from "../../model/mod.ts";
import type { EdgeContraction } from "./edge_contraction.ts";
import { compileLayerProgram } from "./ig/mod.ts";
import { type Component, type Pass, type PassFeeds } from "./pass_feeds.ts";

/** Keeps the feeds and results of a forward pass through one layer for its backward pass. */
interface LayerTrail {
  program: BothWays;
  feeds: Feeds;
  /** absent if the backward pass computes them again */
  results?: Results;
}

const layerProgram = defineProgram("ig layer", compileLayerProgram);

/** Runs gradient passes with one session per layer. */
export class LayerwisePass {
  constructor(
    private readonly model: HookedModel,
    private readonly feeds: PassFeeds,
    private readonly contraction: EdgeContraction,
  ) {}

  /** Runs a pass and scores its edges, nodes and neurons. */
  async run(pass: Pass): Promise<void> {
    const trail: LayerTrail[] = [];
    const x = await this.#forward(pass, trail);
    const atEnd = await this.#metricGradient(pass, x);
    await this.contraction.atEnd(pass, atEnd);
    await this.#backward(pass, trail, atEnd);
  }

  async #forward(pass: Pass, trail: LayerTrail[]): Promise<F32> {
    const start = await this.feeds.start(pass);
    let x: F32 | undefined;
    const loop = this.model.weights.layers({ thenUnembed: true });
    for await (const { layer: l, feeds: weights } of loop) {
      const program = await this.#layerProgram(pass.component, l);
      const feeds = {
        ...(x ? { x } : start),
        ...this.feeds.sequence(l),
        ...this.feeds.past(pass, l, 0),
        ...this.feeds.outputs(pass, l),
      };
      const results = await program.forward.run({ ...feeds, ...weights });
      x = perPoint(pass, results.residual);
      if (this.model.weights.allInMemory) trail.push({ program, feeds, results });
      else {
        trail.push({ program, feeds });
        const { residual: _, ...saved } = results;
        free(...Object.values(saved));
      }
    }
    return x!;
  }

  async #backward(pass: Pass, trail: LayerTrail[], atEnd: F32): Promise<void> {
    let cotangent = atEnd;
    const loop = this.model.weights.layers({ reverse: true });
    for await (const { layer: l, feeds: weights } of loop) {
      const { program, feeds, results } = trail.pop()!;
      const saved = results ?? await program.forward.run({ ...feeds, ...weights });
      const { dx, ...gradients } = await program.backward.run({
        ...feeds,
        ...saved,
        ...weights,
        d_residual: cotangent,
      });
      free(cotangent, ...Object.values(saved));
      if (!results && feeds.x) free(feeds.x);
      await this.contraction.ofLayer(pass, l, gradients);
      if (l > 0) cotangent = perPoint(pass, dx);
    }
  }

  #layerProgram(component: Component, l: number): Promise<BothWays> {
    const { config, runtime } = this.model;
    const moving = component.layer === l ? component.output : undefined;
    return layerProgram(runtime, config, {
      past: this.feeds.hasPast,
      first: l === 0,
      last: l === config.nLayers - 1 && !moving,
      moving,
      still: l === 0 && this.feeds.startsStill(component),
    });
  }

  /** Returns the gradient of the weighted loss at the final residual stream x, `[N, K, P or 1, d]`, read at the last position. */
  async #metricGradient(pass: Pass, x: F32): Promise<F32> {
    const [N, K, P, d] = x.shape;
    const residual = tensor(x.data, [N * K, P, d]);
    const positions = new Array(N * K).fill(P - 1);
    const readout = this.feeds.readout(pass);
    const { d_residual } = await this.model.readout(
      { residual, positions, readout },
      { gradient: true },
    );
    return tensor(d_residual.data, [N, K, P, d]);
  }
}

/** Returns `[N·K, …]` as `[N, K, …]` without a copy; a reshape in the graph would copy its result. */
function perPoint({ points, count }: Pass, { data, shape }: Tensor): F32 {
  return tensor(data as Float32Array, [count, points.length, ...shape.slice(1)]);
}
