/**
 * Which sublayer's output makes the difference between two prompts for a feature: patches one output at one position from the
 * prompt that excites the feature into the other, and reads the feature's pre-activation at the last token. Both runs are of the
 * model as it is, with its MLPs.
 */
import type { FeatureModel } from "../utils/experiments/mod.ts";
import { attentionsBelow } from "../utils/feature_circuits/mod.ts";
import type { RunOptions } from "../utils/model/mod.ts";
import { tensor } from "../utils/onnx/mod.ts";
import { coderTap } from "../utils/transcoders/mod.ts";

/** What a patch changes. */
export interface PatchEffect {
  /** "attention" or "MLP" */
  sublayer: string;
  layer: number;
  position: number;
  /** pre-activation with the patch less that without */
  change: number;
}

/** Pre-activations of two prompts, and what each patch changes. */
export interface PatchedPair {
  /** of the prompt that excites the feature */
  source: number;
  /** of the other, without a patch */
  target: number;
  /** largest change first */
  effects: PatchEffect[];
}

/**
 * Patches each sublayer's output of layers up to the feature's input, at each position.
 * @param source tokens of the prompt that excites the feature
 * @param target tokens of the other prompt, as many
 * @throws Error if the prompts differ in length
 */
export async function patchPair(
  { model, coders }: Pick<FeatureModel, "model" | "coders">,
  layer: number,
  feature: number,
  source: number[],
  target: number[],
): Promise<PatchedPair> {
  if (source.length !== target.length) {
    throw new Error(
      `expected prompts of the same length, found ${source.length} and ${target.length} tokens`,
    );
  }
  const { config, weights: { W_enc, b_enc } } = coders[layer], tap = coderTap(config);
  const n = source.length, d = config.dIn;
  const row = W_enc.data.subarray(feature * d, (feature + 1) * d);
  const read = async (tokens: number[], options: RunOptions = {}) => {
    const { hooks } = await model.run([tokens], {
      ...options,
      splices: [tap.spliced],
      read: [tap.input, ...options.read ?? []],
    });
    const x = hooks.get(tap.input)!.data as Float32Array, at = (n - 1) * d;
    return {
      hooks,
      value: row.reduce((sum, w, i) => sum + w * x[at + i], Number(b_enc.data[feature])),
    };
  };
  const attentions = Array.from({ length: attentionsBelow(model, coders[layer]) }, (_, l) => ({
    sublayer: "attention",
    layer: l,
    hook: `blocks.${l}.hook_attn_out`,
  }));
  const mlps = Array.from({ length: layer }, (_, l) => ({
    sublayer: "MLP",
    layer: l,
    hook: `blocks.${l}.hook_mlp_out`,
  }));
  const from = await read(source, { read: [...attentions, ...mlps].map(({ hook }) => hook) });
  const { value: before } = await read(target);
  const effects: PatchEffect[] = [];
  for (const { sublayer, layer, hook } of [...attentions, ...mlps]) {
    const value = from.hooks.get(hook)!;
    for (let position = 0; position < n; position++) {
      const chosen = Uint8Array.from({ length: n }, (_, p) => Number(p === position));
      const mask = tensor(chosen, [1, n, 1]);
      const { value: after } = await read(target, { patches: [{ hook, value, mask }] });
      effects.push({ sublayer, layer, position, change: after - before });
    }
  }
  effects.sort((a, b) => b.change - a.change);
  return { source: from.value, target: before, effects };
}
