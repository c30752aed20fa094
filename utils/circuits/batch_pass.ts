/**
 * The passes over one batch of prompts: for some prompts and path points at a time,
 *
 *  1. forward over all layers from the interpolated input, and the metric's gradient at the end;
 *  2. backward over all layers; each leaves the gradients at its destinations, summed over the points of the pass, and
 *     its scores are formed at once, so that nothing is kept but the scores.
 *
 * A pass takes all points of a prompt if they fit, so that what is done once per pass is done once per prompt. What a
 * layer computes is in `ig_program.ts`.
 */
import { type Feeds, free, type Results, type Tensor, tensor } from "../onnx/mod.ts";
import type { HookedModel } from "../model/hooked_model.ts";
import { sequenceFeeds } from "../model/sequence.ts";
import { weightFeeds } from "../model/stack.ts";
import type { Past } from "../model/layer_runner.ts";
import type { SourceOutputs } from "./activations.ts";
import { EdgeContraction, type EdgeSink } from "./edge_contraction.ts";
import type { Replacement } from "./ig_block.ts";
import { compileFirstBlock } from "./ig_first_block.ts";
import { compileIgProgram, type IgProgram, type IgSpec } from "./ig_program.ts";
import { compileInterpolation } from "./interpolation.ts";
import { type PromptBatch, readoutRows } from "./prompt_batches.ts";
import type { PathPoint } from "./quadrature.ts";

type F32 = Tensor<Float32Array>;

/** A component whose output moves along the path; `layer` −1 is the input. */
export interface Component {
  layer: number;
  replacement?: Replacement;
  /** leave out the destinations of layer 0 (`compat`) */
  skipsFirstLayer?: boolean;
}

/** What the passes take of a batch's activations. */
export interface PassInputs {
  batch: PromptBatch;
  past?: Past;
  /** clean residual stream before layer 0 `[N, P, d]` */
  start: F32;
  /** D `[N, nForward, P, d]` */
  differences: F32;
  /** for components with a replacement */
  outputs?: { clean: SourceOutputs; corrupted: SourceOutputs };
}

/** Prompts `from … from+count−1` of a batch at some path points of a component. */
interface Pass {
  component: Component;
  points: readonly PathPoint[];
  from: number;
  count: number;
}

/** What a layer's forward pass took and gave. */
interface LayerTrail {
  program: IgProgram;
  feeds: Feeds;
  results: Results;
}

/** The passes over one batch. */
export class BatchPass {
  readonly #N: number;
  readonly #P: number;
  /** positions from the first on whose input moves */
  readonly #moving: number;
  readonly #sequence: Feeds;
  readonly #contraction: EdgeContraction;

  /** @param components by how many the sum over components is divided */
  constructor(
    private readonly model: HookedModel,
    private readonly inputs: PassInputs,
    private readonly components: number,
    sink: EdgeSink,
  ) {
    const [N, , P] = inputs.differences.shape;
    [this.#N, this.#P] = [N, P];
    this.#moving = movingPositions(inputs.differences);
    const isLast = new Float32Array(P);
    isLast[P - 1] = 1;
    this.#sequence = {
      ...sequenceFeeds(model.config, P, inputs.past?.length ?? 0),
      is_last: tensor(isLast, [P]),
    };
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
      const some = points.slice(first, last);
      for (const [from, to] of parts(this.#N, tokens / (this.#P * some.length))) {
        const pass = { component, points: some, from, count: to - from };
        const trail: LayerTrail[] = [];
        const x = await this.#forward(pass, trail);
        await this.#backward(pass, trail, await this.#metricGradient(pass, x));
        onPass(pass.count * some.length);
      }
    }
  }

  async #forward(pass: Pass, trail: LayerTrail[]): Promise<F32> {
    const { config, store } = this.model;
    const start = await this.#start(pass);
    let x: F32 | undefined;
    for (let l = 0; l < config.nLayers; l++) {
      const program = await this.#program(pass.component, l);
      const weights = weightFeeds(0, await store.get(String(l)));
      store.prefetch(l + 1 < config.nLayers ? String(l + 1) : "unembed");
      const feeds = { ...(x ? { x } : start), ...this.#sequence, ...this.#pastFeeds(pass, l) };
      Object.assign(feeds, this.#outputFeeds(pass, l));
      const results = await program.forward.run({ ...feeds, ...weights });
      trail.push({ program, feeds, results });
      x = perPoint(pass, results.residual);
    }
    return x!;
  }

  async #backward(pass: Pass, trail: LayerTrail[], atEnd: F32): Promise<void> {
    const { config, store } = this.model;
    const { from, count } = pass;
    await this.#contraction.logits(from, this.#atLogits(atEnd));
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
      const skipsEdges = l === 0 && pass.component.skipsFirstLayer;
      if (!skipsEdges) await this.#contraction.layer(l, from, results.gradients);
      await this.#contraction.nodes(l, from, count, results);
      free(...Object.values(results));
      if (l > 0) cotangent = perPoint(pass, dx);
    }
  }

  #program(component: Component, l: number): Promise<IgProgram> {
    const { config, runtime } = this.model;
    const past = this.inputs.past !== undefined;
    if (l === 0 && this.#startsStill(component)) {
      const key = `ig first ${JSON.stringify([config, past])}`;
      return runtime.compiled(key, (o) => compileFirstBlock(config, { past }, o));
    }
    const replacement = component.layer === l ? component.replacement : undefined;
    const spec: IgSpec = {
      past,
      first: l === 0,
      last: l === config.nLayers - 1 && !replacement,
      replacement,
    };
    const key = `ig ${JSON.stringify([config, spec])}`;
    return runtime.compiled(key, (o) => compileIgProgram(config, spec, o));
  }

  /** Whether layer 0 has positions at which nothing moves and no destination has a source. */
  #startsStill({ layer }: Component): boolean {
    const { parallel, nLayers } = this.model.config;
    return parallel && nLayers > 1 && layer !== 0 && this.#moving < this.#P;
  }

  /** What layer 0 reads at every point of the path: `x` `[N, K, P, d]`, or its moving and its still positions. */
  async #start({ component, points, from, count }: Pass): Promise<Feeds> {
    const { start, differences } = this.inputs;
    const interpolation = await this.model.runtime.compiled("interpolation", compileInterpolation);
    const rest = Float32Array.from(points, ({ alpha }) => component.layer >= 0 ? 0 : 1 - alpha);
    const split = this.#startsStill(component);
    const moving = split ? this.#moving : this.#P;
    const prompts = [from, from + count];
    const { x } = await interpolation.run({
      clean: somePositions(start, prompts, [0, moving]),
      difference: somePositions(differences, prompts, [0, moving]),
      one_minus_alpha: tensor(rest, [points.length]),
    });
    if (!split) return { x };
    return { x_moving: x, x_still: somePositions(start, prompts, [moving, this.#P]) };
  }

  #pastFeeds({ from, count }: Pass, l: number): Feeds {
    const layer = this.inputs.past?.layers[l];
    if (!layer) return {};
    return { past_k: someRows(layer.k, from, count), past_v: someRows(layer.v, from, count) };
  }

  #outputFeeds({ component, points, from, count }: Pass, l: number): Feeds {
    const { layer, replacement } = component;
    if (layer !== l || !replacement) return {};
    const { clean, corrupted } = this.inputs.outputs!;
    const of = (outputs: SourceOutputs) =>
      someRows(replacement === "attention" ? outputs.z[l] : outputs.mlp[l], from, count);
    const rest = Float32Array.from(points, ({ alpha }) => 1 - alpha);
    return {
      clean_output: of(clean),
      corrupted_output: of(corrupted),
      one_minus_alpha: tensor(rest, [points.length]),
    };
  }

  /** Gradient of the weighted loss at the final residual stream x `[N, K, P or 1, d]`, whose last position is read. */
  async #metricGradient({ points, from, count }: Pass, x: F32): Promise<F32> {
    const { batch } = this.inputs;
    const [N, K, P, d] = x.shape;
    const rows = Array.from({ length: N * K }, (_, row) => from + Math.floor(row / K));
    const readout = readoutRows(batch.readout, rows);
    const { weights, width } = readout;
    for (let i = 0; i < count * K * width; i++) {
      weights[i] *= -points[Math.floor(i / width) % K].weight / this.components;
    }
    const flat = tensor(x.data, [N * K, P, d]);
    const positions = new Array(N * K).fill(P - 1);
    const { d_residual } = await this.model.readout(flat, positions, readout, P, true);
    return tensor(d_residual.data, [N, K, P, d]);
  }

  /** The gradient at the read-out summed over the points, `[N, P, d]`: 0 before the last position. */
  #atLogits({ data, shape: [N, K, rows, d] }: F32): Float32Array {
    const P = this.#P;
    const sum = new Float32Array(N * P * d);
    for (let row = 0; row < N * K; row++) {
      const to = (Math.floor(row / K) * P + P - 1) * d;
      const at = (row * rows + rows - 1) * d;
      for (let i = 0; i < d; i++) sum[to + i] += data[at + i];
    }
    return sum;
  }
}

/** `[N·K, …]` as `[N, K, …]`: relabelled here, since a graph's result in another shape is a copy. */
function perPoint({ points, count }: Pass, { data, shape }: Tensor): F32 {
  return tensor(data as Float32Array, [count, points.length, ...shape.slice(1)]);
}

/** Rows `from … from+count−1` of the leading axis, as a view. */
function someRows(t: F32, from: number, count: number): F32 {
  const row = t.data.length / t.shape[0];
  return tensor(t.data.subarray(from * row, (from + count) * row), [count, ...t.shape.slice(1)]);
}

/** Some prompts' positions `from … to−1` of `[N, P, d]`, or of the first source of `[N, sources, P, d]`. */
function somePositions(t: F32, [first, last]: number[], [from, to]: number[]): F32 {
  const d = t.shape.at(-1)!;
  const prompt = t.data.length / t.shape[0];
  const width = (to - from) * d;
  const data = new Float32Array((last - first) * width);
  for (let n = first; n < last; n++) {
    const at = n * prompt + from * d;
    data.set(t.data.subarray(at, at + width), (n - first) * width);
  }
  return tensor(data, [last - first, to - from, d]);
}

/** One more than the last position at which any prompt's input differs, D `[N, sources, P, d]`. */
function movingPositions({ data, shape: [N, sources, P, d] }: F32): number {
  for (let p = P - 1; p >= 0; p--) {
    for (let n = 0; n < N; n++) {
      const at = (n * sources * P + p) * d;
      if (data.subarray(at, at + d).some((x) => x !== 0)) return p + 1;
    }
  }
  return P;
}

/** 0 … length in even parts of at most `size` (at least 1), as [from, to]. */
function parts(length: number, size: number): [number, number][] {
  const count = Math.ceil(length / Math.max(1, Math.floor(size)));
  return Array.from({ length: count }, (_, i) => [
    Math.round(i * length / count),
    Math.round((i + 1) * length / count),
  ]);
}
