/**
 * Runs the forward side of `ig_layer.ts`: a block over N prompts × K path points, in one of three forms:
 *
 *  - the plain block;
 *  - a block with an output that moves (`interpolated_output.ts`);
 *  - the last block of a run, which returns only the last position. That position attends to all positions, and only it
 *    passes the MLP.
 */
import { add, gather, type Graph, linear, reshape, type Value } from "../../../onnx/mod.ts";
import {
  afterAttention,
  attention,
  block,
  type BlockContext,
  type BlockWeights,
  HookPoints,
  type KeysValues,
  type ModelConfig,
  storedOutIn,
} from "../../../model/mod.ts";
import { interpolatedOutput, type MovingOutput } from "./interpolated_output.ts";
import { POINTS, PROMPTS, ROWS } from "./path_axes.ts";

/** Holds the values of a block that its backward pass needs. */
export interface IgBlock {
  /** hook points, with the values saved for the backward pass */
  hooks: HookPoints;
  /** input of the block, `[ROWS, P, d]` */
  x: Value;
  /** head values z, `[ROWS, P, H, d_head]` */
  z: Value;
  /** input of the MLP, `[ROWS, P or 1, d]` */
  mlpIn: Value;
  /** residual stream after the block, `[ROWS, P or 1, d]` */
  residual: Value;
  /** x and z at the last position; set for the last block */
  last?: { x: Value; z: Value };
}

/** Runs a block on x `[ROWS, P, d]`. */
export function igBlock(
  x: Value,
  weights: BlockWeights,
  { config, ...shared }: Omit<BlockContext, "hooks">,
  { last, moving }: { last: boolean; moving?: MovingOutput },
): IgBlock {
  const splices = moving ? [interpolatedOutput(config, moving)] : [];
  const hooks = new HookPoints({ splices, differentiate: ["hook_mlp_in"] });
  const context = { config, ...shared, hooks };
  if (last) return lastBlock(x, weights, context);
  const { residual } = block(x, weights, context);
  const [z, mlpIn] = ["attn.hook_z", "hook_mlp_in"].map((point) => hooks.required(point));
  return { hooks, x, z, mlpIn, residual };
}

/** Runs the last block; only the last position goes on after attention. */
function lastBlock(x: Value, w: BlockWeights, context: BlockContext): IgBlock {
  const { config, hooks } = context;
  const { z } = attention(x, w, context);
  const atEnd = (v: Value) => gather(v, x.graph.constant([-1], [1], "int64"), 1);
  const last = { x: atEnd(x), z: atEnd(z) };
  const heads = linear(
    reshape(last.z, [ROWS, 1, config.nHeads * config.dHead]),
    w.o_w,
    storedOutIn(config),
  );
  const residual = afterAttention(last.x, add(heads, w.o_b), w, context);
  return { hooks, x, z, mlpIn: hooks.required("hook_mlp_in"), last, residual };
}

/** Declares keys and values of the prefix, shared by all path points. Their names begin with `i`. */
export function pastInputs(g: Graph, config: ModelConfig, i: number): KeysValues {
  const { dHead: e, nHeads: H, llama } = config;
  const of = (name: string) => g.input(`${i}.${name}`, [PROMPTS, llama?.nKvHeads ?? H, "past", e]);
  return { k: of("past_k"), v: of("past_v"), sharedBy: POINTS };
}
