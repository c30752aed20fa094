/**
 * The forward and backward passes over one batch of prompts, with the sums they leave behind; see `attribution.ts` for
 * the whole and `ig_program.ts` for what is summed.
 */
import { type Feeds, type Tensor, tensor } from "../onnx/mod.ts";
import type { HookedModel } from "../model/hooked_model.ts";
import { sequenceFeeds } from "../model/sequence.ts";
import { weightFeeds } from "../model/stack.ts";
import type { BatchActivations } from "./activations.ts";
import { compileContraction, compileDestinationGradients } from "./destination_gradients.ts";
import { prevIndex } from "./graph.ts";
import { compileIgProgram, type Replacement, sumShapes } from "./ig_program.ts";
import { compileInterpolation } from "./interpolation.ts";
import { circuitShape } from "./model_shape.ts";
import { nodeScores } from "./node_scores.ts";
import type { PathPoint } from "./quadrature.ts";

type F32 = Tensor<Float32Array>;

/** A component whose output moves along the path; `layer` −1 is the input. */
export interface Component {
  layer: number;
  replacement?: Replacement;
  /** leave out the destinations of layer 0 (`compat`) */
  skipsFirstLayer?: boolean;
}

/** The passes over one batch, with the sums they leave behind. */
export class BatchPass {
  readonly #N: number;
  readonly #P: number;
  readonly #sequence: Feeds;
  /** per layer: running sums by name */
  readonly #sums: Feeds[];
  /** gradient at the final residual stream, and at the input, `[N, P, d]` */
  readonly #logits: Float32Array;
  readonly #input: Float32Array;

  constructor(
    private readonly model: HookedModel,
    private readonly activations: BatchActivations,
    private readonly differences: F32,
  ) {
    const { config } = model;
    const [N, , P, d] = differences.shape;
    [this.#N, this.#P] = [N, P];
    this.#sequence = sequenceFeeds(config, P, activations.past?.length ?? 0);
    this.#logits = new Float32Array(N * P * d);
    this.#input = new Float32Array(N * P * d);
    this.#sums = Array.from({ length: config.nLayers }, () =>
      Object.fromEntries(
        Object.entries(sumShapes(config)).map(([name, shape]) => {
          const size = shape.map((dim) =>
            dim === "prompts" ? N : dim === "pos" ? P : dim as number
          );
          return [`sum:${name}`, tensor(new Float32Array(size.reduce((a, b) => a * b, 1)), size)];
        }),
      ));
  }

  #program(replacement?: Replacement) {
    const { config, runtime } = this.model;
    const past = this.activations.past !== undefined;
    const key = `ig ${JSON.stringify([config, past, replacement])}`;
    return runtime.compiled(key, (o) => compileIgProgram(config, past, replacement, o));
  }

  /** Runs all path points of one component, as many at a time as fit into `tokens`. */
  async run(
    component: Component,
    points: readonly PathPoint[],
    components: number,
    tokens: number,
    onPoints: (count: number) => void,
  ): Promise<void> {
    const perPass = Math.max(1, Math.floor(tokens / (this.#N * this.#P)));
    const passes = Math.ceil(points.length / perPass);
    for (let i = 0; i < passes; i++) {
      const from = Math.round(i * points.length / passes);
      const to = Math.round((i + 1) * points.length / passes);
      await this.#pass(component, points.slice(from, to), components);
      onPoints(to - from);
    }
  }

  async #pass(component: Component, points: readonly PathPoint[], components: number) {
    const { config, store, runtime } = this.model;
    const [K, d] = [points.length, config.dModel];
    const rest = tensor(Float32Array.from(points, ({ alpha }) => 1 - alpha), [K]);
    const interpolation = await runtime.compiled("interpolation", compileInterpolation);
    const still = tensor(new Float32Array(K), [K]);
    const start = await interpolation.run({
      clean: this.activations.residuals[0],
      difference: this.#inputDifference(),
      one_minus_alpha: component.layer < 0 ? rest : still,
    });
    const trail: { feeds: Feeds; results: Feeds }[] = [];
    let x: F32 = start.x;
    for (let l = 0; l < config.nLayers; l++) {
      const program = await this.#program(
        component.layer === l ? component.replacement : undefined,
      );
      const weights = weightFeeds(0, await store.get(String(l)));
      store.prefetch(l + 1 < config.nLayers ? String(l + 1) : "unembed");
      const feeds = {
        x,
        ...this.#sequence,
        ...this.#pastFeeds(l),
        ...this.#outputFeeds(component, l, rest),
      };
      const results = await program.forward.run({ ...feeds, ...weights });
      x = results.residual;
      trail.push({ feeds, results });
    }
    let cotangent = await this.#metricGradient(x, points, components);
    addSteps(this.#logits, cotangent.data, this.#N, K, this.#P * d);
    for (let l = config.nLayers - 1; l >= 0; l--) {
      const program = await this.#program(
        component.layer === l ? component.replacement : undefined,
      );
      const weights = weightFeeds(0, await store.get(String(l)));
      store.prefetch(l > 0 ? String(l - 1) : undefined);
      const { feeds, results } = trail.pop()!;
      const sums = this.#sums[l];
      const { dx, ...added } = await program.backward.run({
        ...feeds,
        ...results,
        ...weights,
        ...sums,
        d_residual: cotangent,
      });
      cotangent = dx;
      if (l === 0 && component.skipsFirstLayer) continue;
      for (const [name, value] of Object.entries(added)) sums[`sum:${name}`] = value;
    }
    addSteps(this.#input, cotangent.data, this.#N, K, this.#P * d);
  }

  #inputDifference(): F32 {
    const [N, rows, P, d] = this.differences.shape;
    const data = new Float32Array(N * P * d);
    for (let n = 0; n < N; n++) {
      const at = n * rows * P * d;
      data.set(this.differences.data.subarray(at, at + P * d), n * P * d);
    }
    return tensor(data, [N, P, d]);
  }

  #pastFeeds(l: number): Feeds {
    const layer = this.activations.past?.layers[l];
    return layer ? { past_k: layer.k, past_v: layer.v } : {};
  }

  #outputFeeds({ layer, replacement }: Component, l: number, rest: F32): Feeds {
    if (layer !== l || !replacement) return {};
    const { clean, corrupted } = this.activations;
    const of = (outputs: typeof clean) =>
      replacement === "attention" ? outputs.z[l] : outputs.mlp[l];
    return { clean_output: of(clean), corrupted_output: of(corrupted), one_minus_alpha: rest };
  }

  /** Gradient of the weighted loss at the final residual stream, `[N, K, P, d]`. */
  async #metricGradient(x: F32, points: readonly PathPoint[], components: number): Promise<F32> {
    const { batch } = this.activations;
    const { readout, position } = batch;
    const [N, K, P, d] = x.shape;
    const repeated = {
      ...readout,
      ids: new Int32Array(N * K * readout.width),
      weights: new Float32Array(N * K * readout.width),
    };
    for (let n = 0; n < N; n++) {
      const ids = readout.ids.subarray(n * readout.width, (n + 1) * readout.width);
      const weights = readout.weights.subarray(n * readout.width, (n + 1) * readout.width);
      points.forEach(({ weight }, k) => {
        const at = (n * K + k) * readout.width;
        repeated.ids.set(ids, at);
        repeated.weights.set(weights.map((w) => -w * weight / components), at);
      });
    }
    const flat = tensor(x.data, [N * K, P, d]);
    const positions = new Array(N * K).fill(position);
    const { d_residual } = await this.model.readout(flat, positions, repeated, P, true);
    return tensor(d_residual.data, [N, K, P, d]);
  }

  /** Calls `each(prompt, source, destination, score)` for every edge of every prompt. */
  async scores(each: (n: number, u: number, v: number, score: number) => void): Promise<void> {
    const { config, runtime, store } = this.model;
    const shape = circuitShape(config);
    const [N, rows, P, d] = this.differences.shape;
    const width = P * d;
    const finish = await runtime.compiled(
      `destination gradients ${JSON.stringify(config)}`,
      (o) => compileDestinationGradients(config, o),
    );
    const contraction = await runtime.compiled("contraction", compileContraction);
    const contract = async (gradients: Float32Array, first: number, count: number) => {
      const sources = prevIndex(shape, first + count - 1);
      for (let n = 0; n < N; n++) {
        const at = n * rows * width;
        const out = await contraction.run({
          differences: tensor(this.differences.data.subarray(at, at + sources * width), [
            sources,
            width,
          ]),
          gradients: tensor(gradients.subarray(n * count * width, (n + 1) * count * width), [
            count,
            width,
          ]),
        });
        for (let j = 0; j < count; j++) {
          const previous = prevIndex(shape, first + j);
          for (let u = 0; u < previous; u++) each(n, u, first + j, out.scores.data[u * count + j]);
        }
      }
    };
    const count = 3 * config.nHeads + 1;
    for (let l = 0; l < config.nLayers; l++) {
      const weights = weightFeeds(0, await store.get(String(l)));
      const { gradients } = await finish.run({ ...weights, ...this.#sums[l] });
      await contract(gradients.data, l * count, count);
    }
    await contract(this.#logits, config.nLayers * count, 1);
  }

  /** Adds ⟨D_u, ∂L/∂out_u⟩ of every source, summed over positions, to `nodes` and, per dimension, to `neurons`. */
  async nodes(nodes: Float64Array, neurons: Float64Array): Promise<void> {
    await nodeScores(this.differences, this.#input, this.#sums, this.model, nodes, neurons);
  }
}

/** Adds `values` `[N, K, width]`, summed over K, to `sum` `[N, width]`. */
function addSteps(sum: Float32Array, values: Float32Array, N: number, K: number, width: number) {
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const at = (n * K + k) * width;
      for (let i = 0; i < width; i++) sum[n * width + i] += values[at + i];
    }
  }
}
