/**
 * Makes the units of a Llama-style checkpoint in the layout of the other models' units:
 *
 *  1. Join the q, k and v projections into one.
 *  2. Add 1 to Gemma's gains, which are stored as differences from 1.
 *  3. Fill in gains of 1 and biases of 0 where the checkpoint stores none.
 */
import { tensor } from "../../onnx/mod.ts";
import { blockWeightShapes, type WeightUnit } from "../blocks/mod.ts";
import type { CheckpointFiles } from "../files/mod.ts";
import { llamaNorms } from "../files/mod.ts";
import type { ModelConfig } from "../config.ts";

/** A tensor of a unit and the checkpoint's tensors that it is made of. */
export interface UnitPart {
  /** names of the tensors that are joined along the first axis; none for a constant */
  names: string[];
  /** shape of the result */
  shape: number[];
  /** number added to every element */
  add: number;
}

/** Returns the parts of a unit, by feed name. */
export function llamaUnit(config: ModelConfig, unit: string): Record<string, UnitPart> {
  const { dModel: d, vocabSize: V, tied } = config;
  const traits = config.llama!;
  const stored = (shape: number[], ...names: string[]): UnitPart => ({ names, shape, add: 0 });
  const constant = (shape: number[], value: number): UnitPart => ({ names: [], shape, add: value });
  const gain = (shape: number[], name: string): UnitPart => ({
    names: [`${name}.weight`],
    shape,
    add: traits.gainOffset,
  });
  const embedding = "model.embed_tokens.weight";
  if (unit === "embed") return { W_E: stored([V, d], embedding) };
  if (unit === "unembed") {
    return {
      ln_f_w: traits.gains ? gain([d], "model.norm") : constant([d], 1),
      ln_f_b: constant([d], 0),
      W_U: stored([V, d], tied ? embedding : "lm_head.weight"),
    };
  }
  const layer = `model.layers.${unit}`, attention = `${layer}.self_attn`;
  const shapes = blockWeightShapes(config);
  const norms = llamaNorms(traits);
  const norm = (feed: string): UnitPart =>
    norms[feed] ? gain([d], `${layer}.${norms[feed]}`) : constant([d], 1);
  const letters = (kind: string) => ["q", "k", "v"].map((j) => `${attention}.${j}_proj.${kind}`);
  const { biases, qkNorm, postNorm } = traits;
  return {
    ln1_w: norm("ln1"),
    ln1_b: constant([d], 0),
    qkv_w: stored(shapes.qkv_w, ...letters("weight")),
    qkv_b: biases === "none" ? constant(shapes.qkv_b, 0) : stored(shapes.qkv_b, ...letters("bias")),
    o_w: stored(shapes.o_w, `${attention}.o_proj.weight`),
    o_b: biases === "all" ? stored([d], `${attention}.o_proj.bias`) : constant([d], 0),
    ln2_w: norm("ln2"),
    ln2_b: constant([d], 0),
    in_w: stored(shapes.in_w, `${layer}.mlp.up_proj.weight`),
    in_b: constant(shapes.in_b, 0),
    out_w: stored(shapes.out_w, `${layer}.mlp.down_proj.weight`),
    out_b: constant([d], 0),
    gate_w: stored(shapes.gate_w!, `${layer}.mlp.gate_proj.weight`),
    ...(qkNorm && {
      q_norm_w: gain(shapes.q_norm_w!, `${attention}.q_norm`),
      k_norm_w: gain(shapes.k_norm_w!, `${attention}.k_norm`),
    }),
    ...(postNorm && { ln1_post_w: norm("ln1_post"), ln2_post_w: norm("ln2_post") }),
  };
}

/** Reads the tensors of a unit. @throws Error naming file and tensor as {@link CheckpointFiles} does */
export async function loadLlamaUnit(
  files: CheckpointFiles,
  parts: Record<string, UnitPart>,
): Promise<WeightUnit> {
  const loaded = Object.entries(parts).map(async ([feed, { names, shape, add }]) => {
    const data = names.length === 1
      ? await files.read(names[0], shape)
      : new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (names.length > 1) {
      const read = await Promise.all(
        names.map((name) => files.read(name, files.info(name).shape)),
      );
      let at = 0;
      for (const part of read) {
        data.set(part, at);
        at += part.length;
      }
    }
    // A tensor may be a view of memory that others share.
    const values = add === 0 ? data : data.map((x) => x + add);
    return [feed, tensor(values, shape)] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}
