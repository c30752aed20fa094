/** Computes the loss of predicting each next token of a text: −log softmax(logits at p)[token at p + 1], in nats. */
import type { F32 } from "../../onnx/mod.ts";

/**
 * Returns the loss at every token but the first of each prompt: `[i][p]` is that of predicting token p + 1.
 * @param logits logits `[batch, pos, V]` at all positions; those at padding are ignored
 * @throws Error naming a prompt with fewer than two tokens, which predicts nothing.
 */
export function tokenLosses(
  prompts: readonly (readonly number[])[],
  { data, shape: [, pos, V] }: F32,
): number[][] {
  return prompts.map((prompt, b) => {
    if (prompt.length < 2) {
      throw new Error(`prompt ${b} has ${prompt.length} token; a loss needs at least 2`);
    }
    return prompt.slice(1).map((next, p) => {
      const row = data.subarray((b * pos + p) * V, (b * pos + p + 1) * V);
      const top = row.reduce((a, x) => Math.max(a, x), -Infinity);
      return top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0)) - row[next];
    });
  });
}
