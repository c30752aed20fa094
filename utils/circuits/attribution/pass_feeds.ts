/**
 * Builds the feeds of a gradient pass: the input at every path point, the shared past, the outputs of a moving component
 * and the weighted read-out.
 */
import {
  add,
  defineProgram,
  type F32,
  type Feeds,
  Graph,
  mul,
  reshape,
  Session,
  type SessionOptions,
  sliceRows,
  tensor,
  unsqueeze,
} from "../../onnx/mod.ts";
import {
  type HookedModel,
  type ModelConfig,
  type Past,
  type Readout,
  sequenceFeeds,
} from "../../model/mod.ts";
import type { BatchActivations } from "../activations/mod.ts";
import { layerRows } from "../graph/mod.ts";
import { interpolatedOutput, interpolationFeeds, type MovingOutput } from "./ig/mod.ts";
import { type PromptBatch, readoutRows } from "../../tasks/mod.ts";
import type { PathPoint } from "./quadrature.ts";

/** Names a component that moves along the path: the input, or an output of a layer. */
export interface Component {
  /** layer of the output; −1 for the input */
  layer: number;
  /** output that moves; absent for the input */
  output?: MovingOutput;
  /** whether to skip the destinations of layer 0 (`compat`) */
  skipsFirstLayer?: boolean;
}

/** Holds the activations of a batch that its passes need. */
export interface PassInputs {
  /** the N prompt pairs */
  batch: PromptBatch;
  /** keys and values of the shared prefix */
  past?: Past;
  /** clean residual stream before layer 0, `[N, P, d]` */
  start: F32;
  /** source differences D, `[N, nForward, P, d]` */
  differences: F32;
  /** both ends of the paths of all layers' outputs; set when outputs of layers move */
  outputs?: { clean: LayerOutputs; corrupted: LayerOutputs };
}

/** Outputs of every layer that may move along the path. */
export interface LayerOutputs {
  /** head values, `[N, P, H, d_head]`; where a norm follows attention, its outputs, `[N, P, d]` */
  attention: F32[];
  /** MLP outputs, `[N, P, d]` */
  mlp: F32[];
}

/** Returns both ends of the paths of all layers' outputs. */
export function movingOutputs(
  { clean, corrupted, mids, residuals }: BatchActivations,
  differences: F32,
  config: ModelConfig,
): PassInputs["outputs"] {
  if (!config.llama?.postNorm) {
    return {
      clean: { attention: clean.z, mlp: clean.mlp },
      corrupted: { attention: corrupted.z, mlp: corrupted.mlp },
    };
  }
  const [N, sources, P, d] = differences.shape, width = P * d;
  const ofClean = mids.map((mid, l) =>
    tensor(mid.data.map((x, i) => x - residuals[l].data[i]), mid.shape)
  );
  const ofCorrupted = ofClean.map((output, l) => {
    const data = output.data.slice();
    const { heads, mlp } = layerRows(config, l);
    for (let n = 0; n < N; n++) {
      for (let u = heads; u < mlp; u++) {
        const at = (n * sources + u) * width;
        for (let i = 0; i < width; i++) data[n * width + i] += differences.data[at + i];
      }
    }
    return tensor(data, output.shape);
  });
  return {
    clean: { attention: ofClean, mlp: clean.mlp },
    corrupted: { attention: ofCorrupted, mlp: corrupted.mlp },
  };
}

/** Names the prompts and path points of one pass. */
export interface Pass {
  /** component that moves */
  component: Component;
  /** its K path points, with the weights of the sum */
  points: readonly PathPoint[];
  /** index of the first prompt in the batch */
  from: number;
  /** number of prompts */
  count: number;
}

/**
 * Compiles the points on the straight path between two inputs, all steps of all prompts in one batch:
 * clean `[N, P, d]`, difference (corrupted − clean), 1 − α `[K]` → x `[N, K, P, d]`.
 */
function compileInterpolation(options: SessionOptions): Promise<Session> {
  const g = new Graph();
  const shape = ["prompts", "pos", "d"];
  const clean = unsqueeze(g.input("clean", shape), 1);
  const difference = unsqueeze(g.input("difference", shape), 1);
  const rest = reshape(g.input("one_minus_alpha", ["steps"]), [1, "steps", 1, 1]);
  return Session.compile({ x: add(clean, mul(rest, difference)) }, {}, options);
}

const interpolationProgram = defineProgram("interpolation", compileInterpolation);

/** Builds the feeds of all passes over one batch. */
export class PassFeeds {
  readonly #isLast: Feeds;
  /** number of leading positions whose input moves */
  readonly #moving: number;
  readonly #P: number;

  constructor(private readonly model: HookedModel, private readonly inputs: PassInputs) {
    const P = inputs.differences.shape[2];
    const isLast = new Float32Array(P);
    isLast[P - 1] = 1;
    this.#isLast = { is_last: tensor(isLast, [P]) };
    this.#P = P;
    this.#moving = movingPositions(inputs.differences);
  }

  /** Returns the feeds that all passes share: those of a program of one layer, or of all layers without `layer`. */
  sequence(layer?: number): Feeds {
    const past = this.inputs.past?.length ?? 0;
    return { ...sequenceFeeds(this.model.config, this.#P, past, layer), ...this.#isLast };
  }

  /** Returns whether the prompts share a prefix. */
  get hasPast(): boolean {
    return this.inputs.past !== undefined;
  }

  /** Returns whether layer 0 has positions at which its input stands still, so that D is 0 there. */
  startsStill({ layer }: Component): boolean {
    const { parallel, nLayers } = this.model.config;
    return parallel && nLayers > 1 && layer !== 0 && this.#moving < this.#P;
  }

  /** Returns what layer 0 reads at every path point: `x` `[N, K, P, d]`, or its moving and its still positions. */
  async start({ component, points, from, count }: Pass): Promise<Feeds> {
    const { start, differences } = this.inputs;
    const interpolation = await interpolationProgram(this.model.runtime);
    const rest = Float32Array.from(points, ({ alpha }) => component.layer >= 0 ? 0 : 1 - alpha);
    const split = this.startsStill(component);
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

  /** Returns keys and values of layer l's prefix, named as those of the i-th layer of a program. */
  past({ from, count }: Pass, l: number, i: number): Feeds {
    const layer = this.inputs.past?.layers[l];
    if (!layer) return {};
    return {
      [`${i}.past_k`]: sliceRows(layer.k, from, from + count),
      [`${i}.past_v`]: sliceRows(layer.v, from, from + count),
    };
  }

  /** Returns the two ends of the path of layer l's output if it moves, else no feeds. */
  outputs({ component, points, from, count }: Pass, l: number): Feeds {
    const { layer, output } = component;
    if (layer !== l || !output) return {};
    const { clean, corrupted } = this.inputs.outputs!;
    const of = (outputs: LayerOutputs) => sliceRows(outputs[output][l], from, from + count);
    const rest = Float32Array.from(points, ({ alpha }) => 1 - alpha);
    return interpolationFeeds(interpolatedOutput(this.model.config, output), {
      clean: of(clean),
      corrupted: of(corrupted),
      one_minus_alpha: tensor(rest, [points.length]),
    });
  }

  /** Returns the read-out of every prompt and point as a loss, times the path weights: `[N · K, width]`. */
  readout({ points, from, count }: Pass): Readout {
    const K = points.length;
    const rows = Array.from({ length: count * K }, (_, row) => from + Math.floor(row / K));
    const readout = readoutRows(this.inputs.batch.readout, rows);
    const { weights, width } = readout;
    for (let i = 0; i < weights.length; i++) {
      weights[i] *= -points[Math.floor(i / width) % K].weight;
    }
    return readout;
  }
}

/** Returns positions `from … to−1` of some prompts of `[N, P, d]`, or of the first source of `[N, sources, P, d]`. */
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

/** Returns the last position at which any prompt's input differs, plus one; D is `[N, sources, P, d]`. */
function movingPositions({ data, shape: [N, sources, P, d] }: F32): number {
  for (let p = P - 1; p >= 0; p--) {
    for (let n = 0; n < N; n++) {
      const at = (n * sources * P + p) * d;
      if (data.subarray(at, at + d).some((x) => x !== 0)) return p + 1;
    }
  }
  return P;
}
