/**
 * The forward side of `ig_layer.ts`: a block over N prompts × K path points, as it is or with an output replaced, and
 * the last block of a run, of which only the last position's output is wanted: there all positions are attended to, but
 * only one attends on, and only one passes the MLP.
 */
import {
  add,
  gather,
  Graph,
  identity,
  linear,
  mul,
  productDim,
  reshape,
  sub,
  sum,
  unsqueeze,
  type Value,
} from "../../onnx/mod.ts";
import { attention, type KeysValues, type SequenceInputs } from "../../model/blocks/attention.ts";
import { storedOutIn } from "../../model/blocks/head_weights.ts";
import { block, mlp } from "../../model/blocks/block.ts";
import { type BlockWeights } from "../../model/blocks/block_weights.ts";
import type { ModelConfig } from "../../model/config.ts";
import { HookPoints, POS } from "../../model/blocks/hooks.ts";

export const PROMPTS = "prompts", POINTS = "points";
export const BATCH = productDim([PROMPTS, POINTS]);

/** `[BATCH, pos, …]` as `[N, K, pos, …]`. */
export const perPoint = (v: Value, ...tail: number[]): Value =>
  reshape(v, [PROMPTS, POINTS, v.shape[1], ...tail]);

/** The sum over the path points, `[N, pos, …]`. */
export const overPoints = (v: Value): Value =>
  sum(perPoint(v, ...v.shape.slice(2) as number[]), [1]);

/** Which output of the block is interpolated inside it. */
export type Replacement = "attention" | "mlp";

export interface IgBlock {
  hooks: HookPoints;
  x: Value;
  /** weighted values of all heads `[BATCH, P, H, d_head]` */
  z: Value;
  /** what the MLP reads */
  mlpIn: Value;
  /** `[BATCH, P or 1, d]` */
  residual: Value;
  /** x and z at the last position, where nothing else is used of them behind the attention pattern */
  last?: { x: Value; z: Value };
}

/** Hook points of a block whose z or MLP output is a given value. */
class ReplacingHooks extends HookPoints {
  constructor(private readonly replacements: Record<string, Value>) {
    super({ differentiate: ["hook_mlp_in"] });
  }
  override at(point: string, value: Value): Value {
    return super.at(point, this.replacements[point] ?? value);
  }
}

/** The block on x `[BATCH, P, d]`. */
export function igBlock(
  x: Value,
  weights: BlockWeights,
  sequence: SequenceInputs,
  config: ModelConfig,
  { last, replacement }: { last: boolean; replacement?: Replacement },
  past?: KeysValues,
): IgBlock {
  const given = replacement ? replacements(x.graph, config, replacement) : {};
  const hooks = new ReplacingHooks(given);
  if (last) return lastBlock(x, weights, sequence, config, hooks, past);
  const { residual } = block(x, weights, sequence, config, hooks, past);
  const [z, mlpIn] = ["attn.hook_z", "hook_mlp_in"].map((point) => hooks.required(point));
  return { hooks, x, z, mlpIn, residual };
}

function lastBlock(
  x: Value,
  w: BlockWeights,
  sequence: SequenceInputs,
  config: ModelConfig,
  hooks: HookPoints,
  past?: KeysValues,
): IgBlock {
  const { z } = attention(x, w, sequence, config, hooks, past);
  const atEnd = (v: Value) => gather(v, x.graph.constant([-1], [1], "int64"), 1);
  const last = { x: atEnd(x), z: atEnd(z) };
  const heads = linear(reshape(last.z, [BATCH, 1, config.dModel]), w.o_w, storedOutIn(config));
  const mid = add(last.x, add(heads, w.o_b));
  if (!config.parallel) hooks.save("mid", mid);
  const mlpIn = identity(config.parallel ? last.x : mid);
  return { hooks, x, z, mlpIn, last, residual: add(mid, mlp(mlpIn, w, config, hooks)) };
}

/** Keys and values of the prefix, the same at every path point; `i` is the prefix of their names. */
export function pastInputs(g: Graph, { nHeads: H, dHead: e }: ModelConfig, i: number): KeysValues {
  const of = (name: string) => g.input(`${i}.${name}`, [PROMPTS, H, "past", e]);
  return { k: of("past_k"), v: of("past_v"), sharedBy: POINTS };
}

/** clean + (1 − α)(corrupted − clean) of the attention's z or the MLP's output, per path point. */
function replacements(g: Graph, config: ModelConfig, which: Replacement): Record<string, Value> {
  const [point, tail] = which === "attention"
    ? ["attn.hook_z", [config.nHeads, config.dHead]] as const
    : ["hook_mlp_out", [config.dModel]] as const;
  const clean = unsqueeze(g.input("clean_output", [PROMPTS, POS, ...tail]), 1);
  const corrupted = unsqueeze(g.input("corrupted_output", [PROMPTS, POS, ...tail]), 1);
  const rest = reshape(g.input("one_minus_alpha", [POINTS]), [1, POINTS, 1, ...tail.map(() => 1)]);
  const value = add(clean, mul(rest, sub(corrupted, clean)));
  return { [point]: reshape(value, [BATCH, POS, ...tail]) };
}
