/**
 * Reference values of the residual stream and of what writes to it, one tensor for all layers:
 *
 *  resid_post                               after each layer, clean prompts, `[L, N, P, d]`
 *  attention, attn_out, mlp_out             of the first clean prompt, `[L, …]`
 */
import { hookNames, type HookPointName } from "../model/mod.ts";
import { type Quantity, type ReferenceCase, TOLERANCE } from "./reference_case.ts";

/** Reads a hook point of every layer, layer by layer. */
async function ofLayers(
  { model }: ReferenceCase,
  point: string,
  prompts: readonly number[][],
): Promise<Float32Array> {
  const names = hookNames(model.config, point) as HookPointName[];
  const { hooks } = await model.run(prompts, { read: names });
  const parts = names.map((name) => hooks.get(name)!.data);
  const out = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, l) => out.set(part, l * part.length));
  return out;
}

const residPost: Quantity = {
  name: "resid_post",
  tolerance: TOLERANCE,
  compute: (c) => ofLayers(c, "hook_resid_post", c.prompts.clean),
  compared(c, key) {
    const [layers, n, pos, d] = c.shape(key);
    const mask = new Uint8Array(layers * n * pos * d);
    for (let l = 0; l < layers; l++) {
      c.prompts.clean.forEach((prompt, b) => {
        const from = (l * n + b) * pos * d;
        mask.fill(1, from, from + prompt.length * d);
      });
    }
    return mask;
  },
};

const firstPrompt = (name: string, point: string): Quantity => ({
  name: `${name}.first_prompt`,
  tolerance: TOLERANCE,
  compute: (c) => ofLayers(c, point, [c.prompts.clean[0]]),
});

/** Quantities of the residual stream. */
export const streamQuantities: Quantity[] = [
  residPost,
  firstPrompt("attention", "attn.hook_pattern"),
  firstPrompt("attn_out", "hook_attn_out"),
  firstPrompt("mlp_out", "hook_mlp_out"),
];
