/**
 * What a gradient pass is fed: the input at every path point, the shared past, outputs of a component that moves, and
 * the weighted read-out.
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
import { type HookedModel, type Past, type Readout, sequenceFeeds } from "../../model/mod.ts";
import type { SourceOutputs } from "../activations/mod.ts";
import { interpolatedOutput, interpolationFeeds, type MovingOutput } from "./ig/mod.ts";
import { type PromptBatch, readoutRows } from "../../tasks/mod.ts";
import type { PathPoint } from "./quadrature.ts";

/** A component that moves along the path: the input (`layer` −1), or an output of a layer. */
export interface Component {
  layer: number;
  output?: MovingOutput;
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
  /** for components that are outputs of layers */
  outputs?: { clean: SourceOutputs; corrupted: SourceOutputs };
}

/** Prompts `from … from+count−1` of a batch at some path points of a component. */
export interface Pass {
  component: Component;
  points: readonly PathPoint[];
  from: number;
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

export class PassFeeds {
  /** what all layers of all passes share */
  readonly sequence: Feeds;
  /** positions from the first on whose input moves */
  readonly #moving: number;
  readonly #P: number;

  constructor(private readonly model: HookedModel, private readonly inputs: PassInputs) {
    const P = inputs.differences.shape[2];
    const isLast = new Float32Array(P);
    isLast[P - 1] = 1;
    this.sequence = {
      ...sequenceFeeds(model.config, P, inputs.past?.length ?? 0),
      is_last: tensor(isLast, [P]),
    };
    this.#P = P;
    this.#moving = movingPositions(inputs.differences);
  }

  /** Whether the prompts continue after a shared prefix. */
  get hasPast(): boolean {
    return this.inputs.past !== undefined;
  }

  /** Whether layer 0 has positions at which nothing moves and no destination has a source. */
  startsStill({ layer }: Component): boolean {
    const { parallel, nLayers } = this.model.config;
    return parallel && nLayers > 1 && layer !== 0 && this.#moving < this.#P;
  }

  /** What layer 0 reads at every point of the path: `x` `[N, K, P, d]`, or its moving and its still positions. */
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

  /** Keys and values of layer l's prefix, as those of the i-th layer of a program. */
  past({ from, count }: Pass, l: number, i: number): Feeds {
    const layer = this.inputs.past?.layers[l];
    if (!layer) return {};
    return {
      [`${i}.past_k`]: sliceRows(layer.k, from, from + count),
      [`${i}.past_v`]: sliceRows(layer.v, from, from + count),
    };
  }

  /** The two ends of layer l's output, if it is the one that moves. */
  outputs({ component, points, from, count }: Pass, l: number): Feeds {
    const { layer, output } = component;
    if (layer !== l || !output) return {};
    const { clean, corrupted } = this.inputs.outputs!;
    const of = (outputs: SourceOutputs) =>
      sliceRows(output === "attention" ? outputs.z[l] : outputs.mlp[l], from, from + count);
    const rest = Float32Array.from(points, ({ alpha }) => 1 - alpha);
    return interpolationFeeds(interpolatedOutput(this.model.config, output), {
      clean: of(clean),
      corrupted: of(corrupted),
      one_minus_alpha: tensor(rest, [points.length]),
    });
  }

  /** The read-out of every prompt and point, weighted by the path's weights and turned into a loss: `[N · K, width]`. */
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
