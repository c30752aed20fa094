/**
 * One prompt as the model itself runs it, and all that an intervention can freeze: attention patterns, LayerNorm scales, MLP
 * outputs, and what the coders read, give and leave as errors.
 */
import type { F32 } from "../../onnx/mod.ts";
import { hasBlockHook, type HookedModel, hookNames } from "../../model/mod.ts";
import { type Coder, coderName, runCoders, splitHook } from "../../transcoders/mod.ts";

/** Scales that are frozen with the MLPs' outputs. A scale after the MLP is not one: the output that it gives is frozen. */
const SCALES = ["ln1.hook_scale", "ln1_post.hook_scale", "ln2.hook_scale"] as const;

/** Values of the clean run. L layers, n positions, F features; every array has one entry per layer. */
export interface CleanPrompt {
  /** the model */
  model: HookedModel;
  /** one coder per layer, in the order of the layers */
  coders: readonly Coder[];
  /** token ids */
  tokens: readonly number[];
  /** residual stream before layer 0, `[1, n, d]` */
  embedded: F32;
  /** attention patterns, `[1, H, n, n]` */
  patterns: F32[];
  /** LayerNorm scales of the blocks, `[1, n, 1]`, by hook point: those of `ln1`, `ln1_post` and `ln2` that the model has */
  scales: Record<string, F32[]>;
  /** scales of the final LayerNorm, `[1, n, 1]` */
  lnFinal: F32;
  /** MLP outputs, `[1, n, d]` */
  outputs: F32[];
  /** inputs of the coders, `[1, n, d_in]` */
  inputs: F32[];
  /** activations of the features, `[1, n, F]` */
  activations: F32[];
  /** MLP output less what the coders give, `[1, n, d]` */
  errors: F32[];
}

/**
 * Runs a prompt and keeps what interventions on it can freeze.
 * @param coders one transcoder, or cross-layer coder, per layer of the model, in the order of the layers
 * @throws Error naming a coder that does not fit the model, or a layer without its coder.
 */
export async function cleanPrompt(
  model: HookedModel,
  coders: readonly Coder[],
  tokens: readonly number[],
): Promise<CleanPrompt> {
  const { config } = model;
  const wrong = coders.find(({ config: c }, layer) =>
    c.layer !== layer || splitHook(c.outputHook)?.point !== "hook_mlp_out"
  );
  if (coders.length !== config.nLayers || wrong) {
    throw new Error(
      `interventions need the coders of blocks.0 … ${
        config.nLayers - 1
      }.hook_mlp_out, one per layer and in this order: ` +
        `found ${wrong ? coderName(wrong.config) : `${coders.length} coders`}`,
    );
  }
  const [patterns, outputs] = ["attn.hook_pattern", "hook_mlp_out"].map((p) =>
    hookNames(config, p)
  );
  const scales = SCALES.filter((point) => hasBlockHook(config, point));
  const read = [
    ...patterns,
    ...scales.flatMap((point) => hookNames(config, point)),
    ...outputs,
    "ln_final.hook_scale",
  ];
  const { hooks } = await model.run([tokens], { read });
  const { residual: embedded } = await model.run([tokens], { to: 0 });
  const runs = await runCoders(model, coders, [tokens]);
  const values = (names: string[]) => names.map((name) => hooks.get(name)!);
  return {
    model,
    coders,
    tokens,
    embedded,
    patterns: values(patterns),
    scales: Object.fromEntries(scales.map((point) => [point, values(hookNames(config, point))])),
    lnFinal: hooks.get("ln_final.hook_scale")!,
    outputs: values(outputs),
    inputs: runs.map(({ input }) => input),
    activations: runs.map(({ activations }) => activations),
    errors: values(outputs).map((out, layer) => {
      const made = runs[layer].output.data;
      return { ...out, data: out.data.map((x, i) => x - made[i]) };
    }),
  };
}
