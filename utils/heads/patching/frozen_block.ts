/**
 * Runs blocks whose attention output A is given. When every head is frozen to known values, the block needs no attention
 * and treats each position on its own:
 *
 *   parallel:    x' = x + A + mlp(x)          sequential:  x' = (x + A) + mlp(x + A)
 *
 * Three programs use this. All take rows (prompt, position) in any order:
 *
 *   patched   x, A `[rows, d]`, z and z' `[rows, H, d_head]` → x' `[senders, rows, d]`. Sender s writes z', every other
 *             head z:  A_s = A + (z'_h − z_h)·W_O[h]. A parallel block computes its MLP once for all senders.
 *   frozen    x `[senders, rows, d]`, A `[rows, d]` → x'
 * Where a norm follows attention, A is what the norm reads, z·W_O + b_O, and the programs compute it from z: patched heads
 * change the norm's scale, and so what all heads of the layer add.
 *
 *   project   x `[senders, rows, d]` → queries, keys or values of all heads, `[senders, rows, H, d_head]`, before rotation
 */
import {
  add,
  defineProgram,
  type F32,
  type Feeds,
  gather,
  Graph,
  linear,
  matmul,
  reshape,
  Session,
  type SessionOptions,
  sub,
  type Tensor,
  transpose,
  type Value,
} from "../../onnx/mod.ts";
import { type Letter, LETTERS } from "../../names/mod.ts";
import {
  afterAttention,
  type BlockWeights,
  declareWeights,
  type HookedModel,
  HookPoints,
  type ModelConfig,
  normalisedInput,
  perHeadOutput,
  perHeadWeights,
  storedOutIn,
} from "../../model/mod.ts";

const patchedProgram = defineProgram("frozen block patched", compilePatched);
const frozenProgram = defineProgram("frozen block", compileFrozen);
const projectProgram = defineProgram("frozen block project", compileProject);

/** Runs the three programs on one model. Models of the same shape share the compiled programs. */
export class FrozenBlocks {
  constructor(private readonly model: HookedModel) {}

  /**
   * Returns the residual stream after block `layer` with one of its heads patched per sender.
   * @param x residual stream before the block; `attention` is its attention output, both `[rows, d]`
   * @param z clean outputs of the heads; `given` are the outputs that replace them, both `[rows, H, d_head]`
   * @param heads the heads to patch, one per sender
   * @returns `[senders, rows, d]`
   */
  async patched(
    layer: number,
    { x, attention, z }: { x: F32; attention: F32; z: F32 },
    given: F32,
    heads: readonly number[],
  ): Promise<F32> {
    const index: Tensor = {
      dtype: "int32",
      shape: [heads.length],
      data: Int32Array.from(heads),
    };
    const session = await patchedProgram(this.model.runtime, this.model.config);
    const feeds = { x, ...attentionFeeds(this.model.config, attention, z), z, given, heads: index };
    return (await session.run({ ...feeds, ...await this.#weights(layer) })).out;
  }

  /** Returns the residual stream after block `layer` with all its heads frozen, `[senders, rows, d]` like `x`. */
  async frozen(
    layer: number,
    x: F32,
    { attention, z }: { attention: F32; z: F32 },
  ): Promise<F32> {
    const session = await frozenProgram(this.model.runtime, this.model.config);
    const feeds = attentionFeeds(this.model.config, attention, z);
    return (await session.run({ x, ...feeds, ...await this.#weights(layer) })).out;
  }

  /** Returns the queries, keys or values (`letter`) of block `layer` on `x` `[senders, rows, d]`. */
  async project(layer: number, x: F32, letter: Letter): Promise<F32> {
    const session = await projectProgram(this.model.runtime, this.model.config, letter);
    return (await session.run({ x, ...await this.#weights(layer) })).out;
  }

  #weights(layer: number): Promise<Feeds> {
    return this.model.weights.layerFeeds(layer);
  }
}

/** Returns the feeds of {@link attentionOutput}. */
const attentionFeeds = (config: ModelConfig, attention: F32, z: F32): Feeds =>
  config.llama?.postNorm ? { z } : { attention };

/** Returns the attention output A of the clean run, `[rows, d]`, before the norm that may follow it. */
function attentionOutput(g: Graph, w: BlockWeights, config: ModelConfig): Value {
  const { dModel: d, nHeads: H, dHead: e } = config;
  if (!config.llama?.postNorm) return g.input("attention", ["rows", d]);
  const z = g.inputs.get("z") ?? g.input("z", ["rows", H, e]);
  return linear(reshape(z, ["rows", H * e]), w.o_w, storedOutIn(config), w.o_b);
}

function compilePatched(config: ModelConfig, options: SessionOptions): Promise<Session<"out">> {
  const g = new Graph();
  const { dModel: d, nHeads: H, dHead: e } = config;
  const x = g.input("x", ["rows", d]);
  const [z, given] = ["z", "given"].map((name) => g.input(name, ["rows", H, e]));
  const heads = g.input("heads", ["senders"], "int32");
  const w = declareWeights(g, config, 0);
  const attention = attentionOutput(g, w, config);
  const change = gather(transpose(sub(given, z), [1, 0, 2]), heads);
  const written = matmul(change, gather(perHeadOutput(w.o_w, config), heads));
  const context = { config, hooks: new HookPoints({}) };
  const out = afterAttention(x, add(attention, written), w, context);
  return Session.compile({ out }, {}, options);
}

function compileFrozen(config: ModelConfig, options: SessionOptions): Promise<Session<"out">> {
  const g = new Graph();
  const x = g.input("x", ["senders", "rows", config.dModel]);
  const w = declareWeights(g, config, 0);
  const out = afterAttention(x, attentionOutput(g, w, config), w, {
    config,
    hooks: new HookPoints({}),
  });
  return Session.compile({ out }, {}, options);
}

function compileProject(
  config: ModelConfig,
  letter: Letter,
  options: SessionOptions,
): Promise<Session<"out">> {
  const g = new Graph();
  const { dModel: d, nHeads: H, dHead: e } = config;
  const x = g.input("x", ["senders", "rows", d]);
  const w = declareWeights(g, config, 0);
  const normalized = normalisedInput(x, w.ln1_w, w.ln1_b, config);
  const j = LETTERS.indexOf(letter);
  const { weights, biases } = perHeadWeights(w, config);
  const matrix = storedOutIn(config)
    ? reshape(weights[j], [H * e, d])
    : reshape(transpose(weights[j], [1, 0, 2]), [d, H * e]);
  const packed = linear(normalized, matrix, storedOutIn(config));
  const out = add(reshape(packed, ["senders", "rows", H, e]), biases[j]);
  return Session.compile({ out }, {}, options);
}
