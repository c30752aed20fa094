/**
 * The passes over one batch of prompts: for some prompts and path points at a time,
 *
 *  1. forward over all layers from the interpolated input, and the metric's gradient at the end;
 *  2. backward over all layers; each leaves the gradients at its destinations, summed over the points of the pass, and
 *     its scores are formed at once, so that nothing is kept but the scores.
 *
 * A pass takes all points of a prompt if they fit, so that what is done once per pass is done once per prompt. Small
 * models run it in one session, others layer by layer (`ig_program.ts`). What a pass is fed is in `pass_feeds.ts`.
 */
import {
  type BothWays,
  type Feeds,
  free,
  type Results,
  type Session,
  type Tensor,
  tensor,
} from "../../onnx/mod.ts";
import { metricFeeds, type Readout } from "../../model/blocks/embedding.ts";
import type { HookedModel } from "../../model/hooked_model.ts";
import { weightFeeds } from "../../model/blocks/block_weights.ts";
import { EdgeContraction, type EdgeSink } from "./edge_contraction.ts";
import {
  compileLayerProgram,
  compileModelProgram,
  type LayerSpec,
  type ModelSpec,
} from "./ig_program.ts";
import { type Component, type Pass, PassFeeds, type PassInputs } from "./pass_feeds.ts";
import type { PathPoint } from "./quadrature.ts";

type F32 = Tensor<Float32Array>;

/** What a layer's forward pass took and gave. */
interface LayerTrail {
  program: BothWays;
  feeds: Feeds;
  results: Results;
}

/** Bytes of weights up to which a model runs in one session: larger layers take longer than what is around them. */
const SMALL = 1e9;

/** Whether the passes of a model run in one session: it is small, and all its weights are in memory. */
export function runsInOneSession({ store }: HookedModel): boolean {
  return store.allPinned && store.totalBytes < SMALL;
}

/** The passes over one batch. */
export class BatchPass {
  readonly #N: number;
  readonly #P: number;
  readonly #feeds: PassFeeds;
  readonly #contraction: EdgeContraction;

  /**
   * @param components by how many the sum over components is divided
   * @param inOneSession all layers in one session; components with a replacement go layer by layer all the same
   */
  constructor(
    private readonly model: HookedModel,
    private readonly inputs: PassInputs,
    private readonly components: number,
    sink: EdgeSink,
    private readonly inOneSession: boolean,
  ) {
    const [N, , P] = inputs.differences.shape;
    [this.#N, this.#P] = [N, P];
    this.#feeds = new PassFeeds(model, inputs);
    this.#contraction = new EdgeContraction(model, inputs.differences, sink);
  }

  /** Runs all path points of one component, in passes of about `tokens` tokens; `onPass` gets prompts × points. */
  async run(
    component: Component,
    points: readonly PathPoint[],
    tokens: number,
    onPass: (count: number) => void,
  ): Promise<void> {
    for (const [first, last] of parts(points.length, tokens / this.#P)) {
      const some = points.slice(first, last)
        .map(({ alpha, weight }) => ({ alpha, weight: weight / this.components }));
      for (const [from, to] of parts(this.#N, tokens / (this.#P * some.length))) {
        const pass = { component, points: some, from, count: to - from };
        if (this.inOneSession && !component.replacement) await this.#wholeModel(pass);
        else await this.#layerByLayer(pass);
        onPass(pass.count * some.length);
      }
    }
  }

  async #wholeModel(pass: Pass): Promise<void> {
    const { config, store } = this.model;
    const readout = this.#feeds.readout(pass);
    const program = await this.#modelProgram(pass.component, readout);
    const feeds: Feeds = {
      ...await this.#feeds.start(pass),
      ...this.#feeds.sequence,
      ...metricFeeds(readout),
      ...await store.get("unembed"),
    };
    for (let l = 0; l < config.nLayers; l++) {
      Object.assign(feeds, weightFeeds(l, await store.get(String(l))));
      Object.assign(feeds, this.#feeds.past(pass, l, l));
    }
    const { d_end, ...results } = await program.run(feeds);
    await this.#scoreLogits(pass, d_end);
    for (let l = config.nLayers - 1; l >= 0; l--) await this.#score(pass, l, ofLayer(results, l));
  }

  async #layerByLayer(pass: Pass): Promise<void> {
    const trail: LayerTrail[] = [];
    const x = await this.#forward(pass, trail);
    const atEnd = await this.#metricGradient(pass, x);
    await this.#scoreLogits(pass, atEnd);
    await this.#backward(pass, trail, atEnd);
  }

  async #forward(pass: Pass, trail: LayerTrail[]): Promise<F32> {
    const { config, store } = this.model;
    const start = await this.#feeds.start(pass);
    let x: F32 | undefined;
    for (let l = 0; l < config.nLayers; l++) {
      const program = await this.#layerProgram(pass.component, l);
      const weights = weightFeeds(0, await store.get(String(l)));
      store.prefetch(l + 1 < config.nLayers ? String(l + 1) : "unembed");
      const feeds = {
        ...(x ? { x } : start),
        ...this.#feeds.sequence,
        ...this.#feeds.past(pass, l, 0),
        ...this.#feeds.outputs(pass, l),
      };
      const results = await program.forward.run({ ...feeds, ...weights });
      trail.push({ program, feeds, results });
      x = perPoint(pass, results.residual);
    }
    return x!;
  }

  async #backward(pass: Pass, trail: LayerTrail[], atEnd: F32): Promise<void> {
    const { config, store } = this.model;
    let cotangent = atEnd;
    for (let l = config.nLayers - 1; l >= 0; l--) {
      const weights = weightFeeds(0, await store.get(String(l)));
      store.prefetch(l > 0 ? String(l - 1) : undefined);
      const { program, feeds, results: saved } = trail.pop()!;
      const { dx, ...results } = await program.backward.run({
        ...feeds,
        ...saved,
        ...weights,
        d_residual: cotangent,
      });
      free(cotangent, ...Object.values(saved));
      await this.#score(pass, l, results);
      if (l > 0) cotangent = perPoint(pass, dx);
    }
  }

  /** Scores of a layer from the results of its backward pass, which are freed. */
  async #score({ component, from, count }: Pass, l: number, results: Results): Promise<void> {
    const skipsEdges = l === 0 && component.skipsFirstLayer;
    if (!skipsEdges) await this.#contraction.layer(l, from, results.gradients);
    await this.#contraction.nodes(l, from, count, results);
    free(...Object.values(results));
  }

  /** Scores into the logits from the gradient at the read-out, summed over the points, which is 0 before the last position. */
  async #scoreLogits({ from }: Pass, { data, shape: [N, K, rows, d] }: F32): Promise<void> {
    const P = this.#P;
    const sum = new Float32Array(N * P * d);
    for (let row = 0; row < N * K; row++) {
      const to = (Math.floor(row / K) * P + P - 1) * d;
      const at = (row * rows + rows - 1) * d;
      for (let i = 0; i < d; i++) sum[to + i] += data[at + i];
    }
    await this.#contraction.logits(from, sum);
  }

  #modelProgram(component: Component, { kind, width }: Readout): Promise<Session> {
    const { config, runtime, foldedBias } = this.model;
    const spec: ModelSpec = {
      past: this.inputs.past !== undefined,
      still: this.#feeds.startsStill(component),
      metric: { kind, width, bias: foldedBias },
    };
    const key = `ig model ${JSON.stringify([config, spec])}`;
    return runtime.compiled(key, (o) => compileModelProgram(config, spec, o));
  }

  #layerProgram(component: Component, l: number): Promise<BothWays> {
    const { config, runtime } = this.model;
    const replacement = component.layer === l ? component.replacement : undefined;
    const spec: LayerSpec = {
      past: this.inputs.past !== undefined,
      first: l === 0,
      last: l === config.nLayers - 1 && !replacement,
      replacement,
      still: l === 0 && this.#feeds.startsStill(component),
    };
    const key = `ig layer ${JSON.stringify([config, spec])}`;
    return runtime.compiled(key, (o) => compileLayerProgram(config, spec, o));
  }

  /** Gradient of the weighted loss at the final residual stream x `[N, K, P or 1, d]`, whose last position is read. */
  async #metricGradient(pass: Pass, x: F32): Promise<F32> {
    const [N, K, P, d] = x.shape;
    const flat = tensor(x.data, [N * K, P, d]);
    const positions = new Array(N * K).fill(P - 1);
    const readout = this.#feeds.readout(pass);
    const { d_residual } = await this.model.readout(flat, positions, readout, P, true);
    return tensor(d_residual.data, [N, K, P, d]);
  }
}

/** The results of layer l of a whole model's. */
function ofLayer(results: Results, l: number): Results {
  const prefix = `${l}.`;
  return Object.fromEntries(
    Object.entries(results).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []
    ),
  );
}

/** `[N·K, …]` as `[N, K, …]`: relabelled here, since a graph's result in another shape is a copy. */
function perPoint({ points, count }: Pass, { data, shape }: Tensor): F32 {
  return tensor(data as Float32Array, [count, points.length, ...shape.slice(1)]);
}

/** 0 … length in even parts of at most `size` (at least 1), as [from, to]. */
function parts(length: number, size: number): [number, number][] {
  const count = Math.ceil(length / Math.max(1, Math.floor(size)));
  return Array.from({ length: count }, (_, i) => [
    Math.round(i * length / count),
    Math.round((i + 1) * length / count),
  ]);
}
