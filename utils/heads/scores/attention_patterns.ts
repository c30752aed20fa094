/**
 * Reads where all heads attend on each of a few prompts, at 8 bits per number.
 *
 * A head's pattern on a prompt of T tokens is a lower triangle: row q has the attention from token q to tokens 0 … q. The
 * result holds, for each layer and head, the T(T+1)/2 numbers of the triangle, row after row; 255 stands for 1.
 */
import { type HookedModel, hookNames } from "../../model/mod.ts";

/** Bytes of the patterns of a prompt of `tokens` tokens, for the heads of a model. */
export function patternBytes(
  { nLayers, nHeads }: { nLayers: number; nHeads: number },
  tokens: number,
): number {
  return nLayers * nHeads * tokens * (tokens + 1) / 2;
}

/**
 * Returns the patterns of all heads on each prompt, as the header says; rounding changes a number by at most 1/510.
 * @param prompts token ids; their lengths may differ
 * @example Which token does head 3.0 of `pythia-nano` attend to most at the end of a text?
 * ```ts
 * import { attentionPatterns, patternBytes } from "../mod.ts";
 * import { HookedModel } from "../../model/mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const tokens = model.toTokens("Then, Alex and Anthony went to the store. Anthony gave a ring to");
 * const [bytes] = await attentionPatterns(model, [tokens]);
 * const size = tokens.length * (tokens.length + 1) / 2;
 * const start = 3 * model.config.nHeads * size; // layer 3, head 0
 * const row = bytes.slice(start + size - tokens.length, start + size);
 * assertEquals(bytes.length, patternBytes(model.config, tokens.length));
 * assertEquals(row.indexOf(Math.max(...row)) < tokens.length, true);
 * ```
 */
export async function attentionPatterns(
  model: HookedModel,
  prompts: readonly (readonly number[])[],
): Promise<Uint8Array<ArrayBuffer>[]> {
  const names = hookNames(model.config, "attn.hook_pattern");
  const result: Uint8Array<ArrayBuffer>[] = [];
  for (const tokens of prompts) {
    const { hooks } = await model.run([tokens], { read: names });
    const bytes = new Uint8Array(patternBytes(model.config, tokens.length));
    let at = 0;
    for (const name of names) {
      const { data, shape: [, heads, pos] } = hooks.get(name)!;
      for (let h = 0; h < heads; h++) {
        for (let q = 0; q < tokens.length; q++) {
          const row = (h * pos + q) * pos;
          for (let k = 0; k <= q; k++) bytes[at++] = Math.round(255 * data[row + k]);
        }
      }
    }
    result.push(bytes);
  }
  return result;
}
