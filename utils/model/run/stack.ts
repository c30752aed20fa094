/**
 * Compiles consecutive blocks as one program: a forward session and, for gradients, a backward session. Both are cut from
 * one graph:
 *
 *   forward:  x, weights            → residual, hook values that are read, values saved for the backward session
 *   backward: x, saved, ∂/∂residual → ∂/∂x and ∂/∂(hook points)
 *
 * Two settings leave the graph unchanged. A program contains one layer or several. Weights are feeds, so that one program
 * serves all layers and checkpoints, or baked in as constants, for devices where feeding costs a transfer.
 */
import {
  compileBothWays,
  expand,
  type Feeds,
  free,
  gradients,
  Graph,
  type Results,
  Session,
  type SessionOptions,
  type Tensor,
  type Value,
  where,
} from "../../onnx/mod.ts";
import {
  BATCH,
  block,
  declareWeights,
  type HookPlan,
  HookPoints,
  isRms,
  POS,
  sequenceInputs,
  type WeightUnit,
} from "../blocks/mod.ts";
import type { ModelConfig } from "../config.ts";

/** What a stack is compiled for. */
export interface StackSpec {
  /** hook plan of each layer of the stack */
  plans: readonly HookPlan[];
  /** whether each layer of the stack is local, in models where some are */
  local?: readonly boolean[];
  /** whether the positions continue after a past */
  past?: boolean;
  /** whether the forward session returns keys and values of these positions */
  keysValues?: boolean;
  /** whether to compile a backward session */
  gradient?: boolean;
}

/** Returns the local name of a hook point of the i-th layer of a stack. */
export const localHook = (i: number, point: string): string => `${i}.${point}`;

/**
 * Returns a gradient that a session can compute. If every path is frozen, the gradient is zeros that depend on no input of
 * the backward session, which therefore could not infer their dimensions. Such zeros take the dimensions of `value`.
 */
function withDimensionsOf(value: Value, gradient: Value): Value {
  const zero = value.graph.constant(0, [], value.dtype);
  if (gradient !== expand(zero, value.shape)) return gradient;
  return where(value.graph.constant([0], [1], "bool"), value, zero);
}

/** The compiled sessions of a stack. */
export class StackProgram {
  private constructor(
    readonly forward: Session,
    readonly backward: Session | undefined,
    /** names of the forward results that the backward session takes */
    readonly savedNames: readonly string[],
  ) {}

  /** Builds and compiles the program of a stack. */
  static async compile(
    config: ModelConfig,
    spec: StackSpec,
    options: SessionOptions,
    baked?: readonly WeightUnit[],
  ): Promise<StackProgram> {
    const g = new Graph();
    const x = g.input("x", [BATCH, POS, config.dModel]);
    const outputs: Record<string, Value> = {};
    const saved: Record<string, Value> = {};
    const wrt: Record<string, Value> = { x };
    let residual = x;
    spec.plans.forEach((plan, i) => {
      const sequence = sequenceInputs(g, config, spec.past ?? false, spec.local?.[i]);
      const hooks = new HookPoints(plan, `${i}.`, isRms(config));
      const weights = declareWeights(g, config, i, baked?.[i]);
      const kv = (name: string) =>
        g.input(`${i}.past_${name}`, [
          BATCH,
          config.llama?.nKvHeads ?? config.nHeads,
          "past",
          config.dHead,
        ]);
      const past = spec.past ? { k: kv("k"), v: kv("v") } : undefined;
      if (i > 0) saved[`saved:${i}.x`] = residual;
      const out = block(residual, weights, { config, sequence, hooks, past });
      residual = out.residual;
      hooks.checkPlan();
      for (const point of plan.read ?? []) outputs[localHook(i, point)] = hooks.required(point);
      for (const point of plan.differentiate ?? []) {
        wrt[localHook(i, point)] = hooks.required(point);
      }
      if (spec.keysValues) {
        Object.assign(outputs, { [`${i}.k`]: out.present.k, [`${i}.v`]: out.present.v });
      }
      for (const [name, value] of hooks.saved) saved[name] = value;
    });
    outputs.residual = residual;

    if (!spec.gradient) {
      return new StackProgram(await Session.compile(outputs, {}, options), undefined, []);
    }
    const cotangent = g.input("d_residual", [BATCH, POS, config.dModel]);
    const names = Object.keys(wrt);
    const grads = gradients([residual], [cotangent], Object.values(wrt));
    const results = Object.fromEntries(
      names.map((name, i) => [`d:${name}`, withDimensionsOf(wrt[name], grads[i])]),
    );
    const both = await compileBothWays(outputs, results, saved, options);
    return new StackProgram(both.forward, both.backward, both.savedNames);
  }

  /**
   * Runs the backward session on the feeds and results of a forward run, then frees the saved values.
   * @throws Error if the stack was compiled without a backward session.
   */
  async runBackward(feeds: Feeds, results: Results, dResidual: Tensor): Promise<Results> {
    if (!this.backward) throw new Error("this stack was compiled without a backward pass");
    const saved = Object.fromEntries(this.savedNames.map((name) => [name, results[name]]));
    const gradients = await this.backward.run({ ...feeds, ...saved, d_residual: dResidual });
    free(...Object.values(saved));
    return gradients;
  }

  /** Frees both sessions. */
  async release(): Promise<void> {
    await this.forward.release();
    await this.backward?.release();
  }
}
