/**
 * Edge scores by gradients: s(u→v) = mean over prompts of Σ_k w_k ⟨D_u, ∂L/∂in_v at path point k⟩, L the loss (minus the
 * metric), D_u = corrupted − clean output of u.
 *
 *   EAP                  gradients on the clean run                                        (Syed et al. 2023)
 *   clean-corrupted      half on the clean, half on the corrupted run
 *   EAP-IG-inputs        the input embedding moves from corrupted to clean                 (Hanna et al. 2024)
 *   EAP-IG-activations   the output of one component at a time moves (input, attention l, MLP l); the sum over
 *                        components is divided by 1 + 2L as well, as the EAP-IG package does
 *
 * Per batch: (1) activations of both prompts and D; (2) for a few path points at a time a forward and a backward pass
 * over all layers, which add up sums in head space; (3) destination gradients, and one product per prompt and layer.
 * Prompts are never averaged in batches: every prompt's scores are formed and added up in double precision.
 */
import { type Feeds, type Tensor, tensor } from "../onnx/mod.ts";
import { weightFeeds } from "../model/stack.ts";
import { sequenceFeeds } from "../model/sequence.ts";
import type { ModelConfig } from "../model/config.ts";
import type { HookedModel } from "../model/hooked_model.ts";
import {
  type BatchActivations,
  batchActivations,
  type Intervention,
  type MeanActivations,
} from "./activations.ts";
import { compileContraction, compileDestinationGradients } from "./destination_gradients.ts";
import { nBackward, nForward, prevIndex } from "./graph.ts";
import { compileIgProgram, type Replacement, sumShapes } from "./ig_program.ts";
import { compileInterpolation } from "./interpolation.ts";
import { circuitShape } from "./model_shape.ts";
import { type NodeScores, nodeScores } from "./node_scores.ts";
import type { PromptBatch } from "./prompt_batches.ts";
import { type PathPoint, pathPoints, type Quadrature } from "./quadrature.ts";
import { sourceDifferences } from "./source_differences.ts";

export const GRADIENT_METHODS = [
  "EAP",
  "EAP-IG-inputs",
  "clean-corrupted",
  "EAP-IG-activations",
] as const;
export type GradientMethod = (typeof GRADIENT_METHODS)[number];

export interface AttributionOptions {
  method?: GradientMethod;
  /** path points of the IG methods; default 30 */
  steps?: number;
  quadrature?: Quadrature;
  intervention?: Intervention;
  means?: MeanActivations;
  /** keep every prompt's scores, for the bootstrap */
  perPrompt?: boolean;
  /**
   * EAP-IG-activations in models without position embeddings: leave out the gradients at layer 0's destinations while
   * the input moves, as the EAP-IG package does (there the moved input is a constant that no hook sees)
   */
  compat?: boolean;
  /** tokens in one forward or backward pass, about; default 1024 */
  tokensPerPass?: number;
  onProgress?: (done: number, total: number) => void;
}

export interface Attribution {
  /** mean over prompts, `[nForward, nBackward]`; cells that are no edge are 0 */
  scores: Float32Array;
  /** `[prompts, nForward · nBackward]` in the order of the task, if asked for */
  perPrompt?: Float32Array;
  /** node scores `[nForward]` and neuron scores `[nForward, d]` at the same path points */
  nodes: NodeScores;
  /** scores out of `input` added up, against the change of the loss from clean to corrupted prompts */
  completeness: { sum: number; change: number };
  cleanMetric: Float32Array;
  corruptedMetric: Float32Array;
}

type F32 = Tensor<Float32Array>;

/** A component whose output moves along the path; `layer` −1 is the input. */
interface Component {
  layer: number;
  replacement?: Replacement;
  /** leave out the destinations of layer 0 (`compat`) */
  skipsFirstLayer?: boolean;
}

function pathOf(method: GradientMethod, steps: number, quadrature: Quadrature): PathPoint[] {
  if (method === "EAP") return [{ alpha: 1, weight: 1 }];
  if (method === "clean-corrupted") return [{ alpha: 1, weight: 0.5 }, { alpha: 0, weight: 0.5 }];
  // EAP-IG's own points differ between its methods: for activations the clean end is in, the corrupted out.
  const own = quadrature === "reference" && method === "EAP-IG-activations";
  return pathPoints(own ? "reference-clean" : quadrature, steps);
}

function componentsOf(method: GradientMethod, config: ModelConfig, compat: boolean): Component[] {
  if (method !== "EAP-IG-activations") return [{ layer: -1 }];
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  return [
    { layer: -1, skipsFirstLayer: compat && config.architecture === "gpt_neox" },
    ...layers.flatMap((layer): Component[] => [
      { layer, replacement: "attention" },
      { layer, replacement: "mlp" },
    ]),
  ];
}

/**
 * Scores of all edges over batches of one task.
 * @param nPrompts prompts in all batches
 * @throws Error naming the layer if a score is not finite.
 */
export async function attribute(
  model: HookedModel,
  batches: readonly PromptBatch[],
  options: AttributionOptions = {},
): Promise<Attribution> {
  const { method = "EAP-IG-inputs", steps = 30, intervention = "patching" } = options;
  if (intervention !== "patching" && (method === "EAP-IG-inputs" || method === "clean-corrupted")) {
    throw new Error(
      `method "${method}" moves towards corrupted prompts: intervention must be "patching"`,
    );
  }
  const shape = circuitShape(model.config);
  const rows = nForward(shape), columns = nBackward(shape);
  const nPrompts = batches.reduce((n, b) => n + b.indices.length, 0);
  const points = pathOf(method, steps, options.quadrature ?? "reference");
  const components = componentsOf(method, model.config, options.compat ?? false);
  const total = new Float64Array(rows * columns);
  const perPrompt = options.perPrompt ? new Float32Array(nPrompts * rows * columns) : undefined;
  const nodes = {
    nodes: new Float64Array(rows),
    neurons: new Float64Array(rows * model.config.dModel),
  };
  const cleanMetric = new Float32Array(nPrompts), corruptedMetric = new Float32Array(nPrompts);
  const work = nPrompts * points.length * components.length;
  let done = 0;
  for (const batch of batches) {
    const activations = await batchActivations(model, batch, intervention, options.means);
    const pass = new BatchPass(model, activations, await sourceDifferences(model, activations));
    for (const component of components) {
      await pass.run(component, points, components.length, options.tokensPerPass ?? 1024, (k) => {
        done += k * batch.indices.length;
        options.onProgress?.(done, work);
      });
    }
    await pass.scores((n, u, v, score) => {
      total[u * columns + v] += score;
      if (perPrompt) perPrompt[batch.indices[n] * rows * columns + u * columns + v] = score;
    });
    await pass.nodes(nodes.nodes, nodes.neurons);
    batch.indices.forEach((i, n) => {
      cleanMetric[i] = activations.cleanMetric[n];
      corruptedMetric[i] = activations.corruptedMetric[n];
    });
  }
  const scores = Float32Array.from(total, (x) => x / nPrompts);
  const bad = scores.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    throw new Error(`the score of cell ${bad} is ${scores[bad]}: the model's activations overflow`);
  }
  let sum = 0;
  for (let v = 0; v < columns; v++) sum += total[v] / nPrompts;
  let change = 0;
  for (let n = 0; n < nPrompts; n++) change += (cleanMetric[n] - corruptedMetric[n]) / nPrompts;
  return {
    scores,
    perPrompt,
    nodes: {
      nodes: Float32Array.from(nodes.nodes, (x) => x / nPrompts),
      neurons: Float32Array.from(nodes.neurons, (x) => x / nPrompts),
    },
    completeness: { sum, change },
    cleanMetric,
    corruptedMetric,
  };
}

/** The passes over one batch, with the sums they leave behind. */
class BatchPass {
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
