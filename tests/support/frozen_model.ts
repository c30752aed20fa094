/** A model and its coders with everything frozen that an attribution graph freezes, run forward with a change. */
import { hasBlockHook, type HookedModel, hookNames } from "../../utils/model/mod.ts";
import { tensor } from "../../utils/onnx/mod.ts";

/** A vector that is added at a position of a hook point: `hook_embed` or a layer's `hook_mlp_out`. */
export interface AddedVector {
  hook: string;
  position: number;
  vector: ArrayLike<number>;
}

/**
 * Runs the model with patterns, LayerNorm scales and MLP outputs of its own clean run given, and vectors added.
 * Returns the streams before and after attention (the same where blocks are parallel) and after the last block, `[n, d]`.
 */
export async function frozenStreams(
  model: HookedModel,
  tokens: readonly number[],
  added: readonly AddedVector[],
): Promise<{ pre: Float32Array[]; mid: Float32Array[]; last: Float32Array }> {
  const { config } = model, d = config.dModel;
  const points = [
    "attn.hook_pattern",
    "ln1.hook_scale",
    "ln1_post.hook_scale",
    "ln2.hook_scale",
    "hook_mlp_out",
  ];
  const frozen = points.filter((point) => hasBlockHook(config, point))
    .flatMap((point) => hookNames(config, point));
  const given = await model.run([tokens], { read: ["hook_embed", ...frozen] });
  const patches = ["hook_embed", ...frozen].map((hook) => {
    const { data, shape } = given.hooks.get(hook)!;
    const value = data.slice();
    for (const { hook: at, position, vector } of added) {
      if (at === hook) { for (let i = 0; i < d; i++) value[position * d + i] += vector[i]; }
    }
    return { hook, value: tensor(value, shape) };
  });
  const pre = hookNames(config, "hook_resid_pre");
  const mid = config.parallel ? pre : hookNames(config, "hook_resid_mid");
  const { hooks, residual } = await model.run([tokens], { patches, read: [...pre, ...mid] });
  const data = (name: string) => hooks.get(name)!.data;
  return { pre: pre.map(data), mid: mid.map(data), last: residual.data };
}
