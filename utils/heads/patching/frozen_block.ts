/**
 * Blocks whose attention output is given. Where every head is frozen to known values no attention is computed: a block
 * is then a function of each position alone,
 *
 *   parallel:    x' = x + A + mlp(x)          sequential:  x' = (x + A) + mlp(x + A)
 *
 * with A the given attention output. Three programs are made of it, all over rows (prompt, position) without order:
 *
 *   switch    x, A `[rows, d]`, z and z' `[rows, H, d_head]` → x' `[senders, rows, d]`, where sender s writes z' and
 *             every other head z:  A_s = A + (z'_h − z_h)·W_O[h]. In a parallel block the MLP is computed once.
 *   frozen    x `[senders, rows, d]`, A `[rows, d]` → x'
 *   project   x `[senders, rows, d]` → queries, keys or values of all heads, `[senders, rows, H, d_head]`, before rotation
 */
import {
  add,
  gather,
  Graph,
  layerNorm,
  linear,
  matmul,
  reshape,
  Session,
  sub,
  type Tensor,
  transpose,
  type Value,
} from "../../onnx/mod.ts";
import { type Letter, LETTERS } from "../../names/nodes.ts";
import { perHeadOutput, perHeadWeights, storedOutIn } from "../../model/blocks/head_weights.ts";
import { mlp } from "../../model/blocks/block.ts";
import { type MlpWeights } from "../../model/blocks/block_weights.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { HookedModel } from "../../model/hooked_model.ts";
import { HookPoints } from "../../model/blocks/hooks.ts";
import { declareWeights, weightFeeds } from "../../model/blocks/block_weights.ts";

type Floats = Tensor<Float32Array>;

/** A block with given attention output; `x` and `attention` broadcast. */
function givenAttention(x: Value, attention: Value, w: MlpWeights, config: ModelConfig): Value {
  const mid = add(x, attention);
  return add(mid, mlp(config.parallel ? x : mid, w, config, new HookPoints({})));
}

/** The three programs for one model; compiled once per shape of model. */
export class FrozenBlocks {
  constructor(private readonly model: HookedModel) {}

  /**
   * The residual stream after block `layer` with one head of it switched.
   * @param x the residual stream before the block, and `attention` its attention output, both `[rows, d]`
   * @param z heads' outputs as they are, and `switched` as they are to become, both `[rows, H, d_head]`
   * @param heads the heads to switch, one per sender
   * @returns `[senders, rows, d]`
   */
  async switch(
    layer: number,
    { x, attention, z }: { x: Floats; attention: Floats; z: Floats },
    switched: Floats,
    heads: readonly number[],
  ): Promise<Floats> {
    const index: Tensor = {
      dtype: "int32",
      shape: [heads.length],
      data: Int32Array.from(heads),
    };
    const session = await this.#session("switch", buildSwitch);
    const feeds = { x, attention, z, switched, heads: index };
    return (await session.run({ ...feeds, ...await this.#weights(layer) })).out;
  }

  /** The residual stream after block `layer` with all its heads frozen; `x` `[senders, rows, d]`. */
  async frozen(layer: number, x: Floats, attention: Floats): Promise<Floats> {
    const session = await this.#session("frozen", buildFrozen);
    return (await session.run({ x, attention, ...await this.#weights(layer) })).out;
  }

  /** Queries, keys or values (`letter`) that block `layer` computes from `x` `[senders, rows, d]`. */
  async project(layer: number, x: Floats, letter: Letter): Promise<Floats> {
    const session = await this.#session(
      `project ${letter}`,
      (g, c) => buildProject(g, c, letter),
    );
    return (await session.run({ x, ...await this.#weights(layer) })).out;
  }

  async #weights(layer: number) {
    return weightFeeds(0, await this.model.store.get(String(layer)));
  }

  #session(name: string, build: (g: Graph, config: ModelConfig) => Value) {
    const { config, runtime } = this.model;
    return runtime.compiled(
      `frozen block ${name} ${JSON.stringify(config)}`,
      (options) => Session.compile({ out: build(new Graph(), config) }, {}, options),
    );
  }
}

function buildSwitch(g: Graph, config: ModelConfig): Value {
  const { dModel: d, nHeads: H, dHead: e } = config;
  const [x, attention] = ["x", "attention"].map((name) => g.input(name, ["rows", d]));
  const [z, switched] = ["z", "switched"].map((name) => g.input(name, ["rows", H, e]));
  const heads = g.input("heads", ["senders"], "int32");
  const w = declareWeights(g, config, 0);
  const change = gather(transpose(sub(switched, z), [1, 0, 2]), heads);
  const written = matmul(change, gather(perHeadOutput(w.o_w, config), heads));
  return givenAttention(x, add(attention, written), w, config);
}

function buildFrozen(g: Graph, config: ModelConfig): Value {
  const x = g.input("x", ["senders", "rows", config.dModel]);
  const attention = g.input("attention", ["rows", config.dModel]);
  return givenAttention(x, attention, declareWeights(g, config, 0), config);
}

function buildProject(g: Graph, config: ModelConfig, letter: Letter): Value {
  const { dModel: d, nHeads: H, dHead: e } = config;
  const x = g.input("x", ["senders", "rows", d]);
  const w = declareWeights(g, config, 0);
  const normalized = layerNorm(x, w.ln1_w, w.ln1_b, config.layerNormEps).output;
  const j = LETTERS.indexOf(letter);
  const { weights, biases } = perHeadWeights(w, config);
  const matrix = storedOutIn(config)
    ? reshape(weights[j], [d, d])
    : reshape(transpose(weights[j], [1, 0, 2]), [d, d]);
  const packed = linear(normalized, matrix, storedOutIn(config));
  return add(reshape(packed, ["senders", "rows", H, e]), biases[j]);
}
