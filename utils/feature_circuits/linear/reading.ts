/**
 * How a vector at a hook point reads the residual stream of the frozen model.
 *
 * A hook point after a LayerNorm has the value `g⊙(x − mean x)/scale + β` of the stream x, so a vector u reads
 *
 *     u·value = r·x + constant,   r = centre(u⊙g)/scale,   constant = u·β
 *
 * where centre subtracts the mean over the model's dimensions. The bare vector `ln*.hook_normalized` (TransformerLens' meaning
 * since 2.10) has g = 1 and β = 0, as `mlp.hook_in` has it for a folded coder. At a point of the stream itself r = u; for a
 * folded coder r = centre(u). An RMSNorm subtracts no mean, and nothing is centred.
 *
 * A *stage* is a place in the stream where vectors join the walk from the logits down: `2·layer` before attention of a layer,
 * `2·layer + 1` between attention and MLP of a sequential block, `2·layers` after the last block.
 */
import { type HookedModel, isRms } from "../../model/mod.ts";
import type { InputConvention } from "../../transcoders/mod.ts";
import { splitHook } from "../../transcoders/mod.ts";
import type { LinearRun } from "./linear_run.ts";

/** What reads the stream: a vector at a hook point and a position. */
export interface Reader {
  /** hook point, e.g. `blocks.3.mlp.hook_in`, `blocks.3.attn.hook_in` (what attention reads), `ln_final.hook_out` */
  hook: string;
  /** the model whose value the vector reads; default: raw */
  convention?: InputConvention;
  /** position */
  position: number;
  /** the vector, `[d]` */
  vector: ArrayLike<number>;
}

/** A hook point as a linear function of the stream. */
export interface Reading {
  /** place in the stream; see the header */
  stage: number;
  /** g, where it is not 1, `[d]` */
  gain?: Float32Array;
  /** β, where it is not 0, `[d]` */
  bias?: Float32Array;
  /** scale of each position, where there is one, `[n]` */
  scale?: Float32Array;
  /** whether the mean is subtracted */
  centred: boolean;
}

/** Hook points that a {@link Reader} can be at. */
export const READER_POINTS = [
  "blocks.{l}.hook_resid_pre",
  "blocks.{l}.ln1.hook_normalized",
  "blocks.{l}.attn.hook_in",
  "blocks.{l}.hook_resid_mid",
  "blocks.{l}.hook_mlp_in",
  "blocks.{l}.ln2.hook_normalized",
  "blocks.{l}.mlp.hook_in",
  "blocks.{l}.hook_resid_post",
  "ln_final.hook_normalized",
  "ln_final.hook_out",
];

/**
 * Returns how a hook point reads the stream.
 * @throws Error naming a hook point that is not one of {@link READER_POINTS}, or that the model does not have.
 */
export async function readingAt(
  run: Pick<LinearRun, "ln1" | "ln2" | "lnFinal"> & {
    model: Pick<HookedModel, "config" | "weights">;
  },
  hook: string,
  convention: InputConvention = "raw",
): Promise<Reading> {
  const { config, weights } = run.model;
  const { nLayers, parallel } = config;
  const folded = convention === "folded";
  const normed = (
    stage: number,
    scale: Float32Array,
    gain?: Float32Array,
    bias?: Float32Array,
  ) => ({
    stage,
    scale,
    centred: !isRms(config),
    ...(folded ? {} : { gain, bias }),
  });
  if (hook === "ln_final.hook_normalized") return normed(2 * nLayers, run.lnFinal);
  if (hook === "ln_final.hook_out") {
    const { ln_f_w, ln_f_b } = await weights.unembedding();
    return normed(2 * nLayers, run.lnFinal, ln_f_w.data, ln_f_b.data);
  }
  const { layer, point } = splitHook(hook) ?? { layer: -1, point: "" };
  if (!(READER_POINTS.includes(`blocks.{l}.${point}`) && layer >= 0 && layer < nLayers)) {
    throw new Error(
      `"${hook}" is not a hook point that reads the stream of layers 0 … ${nLayers - 1}; ` +
        `expected one of ${READER_POINTS.join(", ")}`,
    );
  }
  const mid = parallel ? 2 * layer : 2 * layer + 1;
  const stream = (stage: number): Reading => ({ stage, centred: folded && !isRms(config) });
  switch (point) {
    case "hook_resid_pre":
      return stream(2 * layer);
    case "hook_resid_post":
      return stream(2 * layer + 2);
    case "hook_mlp_in":
      return stream(mid);
    case "hook_resid_mid":
      if (parallel) throw new Error(`"${hook}": attention and MLP are parallel in this model`);
      return stream(mid);
    case "ln1.hook_normalized":
      return normed(2 * layer, run.ln1[layer]);
    case "ln2.hook_normalized":
      return normed(mid, run.ln2[layer]);
  }
  const w = await weights.layer(layer);
  return point === "attn.hook_in"
    ? normed(2 * layer, run.ln1[layer], w.ln1_w.data, w.ln1_b.data)
    : normed(mid, run.ln2[layer], w.ln2_w.data, w.ln2_b.data);
}

/** Writes the stream vector r of a vector u into `out`, `[d]`; returns the constant u·β. See the header. */
export function readStream(
  { gain, bias, scale, centred }: Reading,
  u: ArrayLike<number>,
  position: number,
  out: Float32Array,
): number {
  const d = out.length;
  let total = 0, constant = 0;
  for (let i = 0; i < d; i++) total += gain ? u[i] * gain[i] : u[i];
  if (bias) { for (let i = 0; i < d; i++) constant += u[i] * bias[i]; }
  const mean = centred ? total / d : 0;
  const by = scale ? 1 / scale[position] : 1;
  for (let i = 0; i < d; i++) out[i] = ((gain ? u[i] * gain[i] : u[i]) - mean) * by;
  return constant;
}
