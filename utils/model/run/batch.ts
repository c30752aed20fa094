/** Token lists as right-padded batches, and batches of equal length. */
import { type Tensor, tensor } from "../../onnx/mod.ts";

export interface TokenBatch {
  /** `[batch, pos]`, padded on the right with id 0; causality keeps padding out of every real position */
  tokens: Tensor<Int32Array>;
  lengths: number[];
  batch: number;
  pos: number;
}

/**
 * Pads token lists on the right to the longest, or to `least` positions if that is more.
 * @throws Error when the batch or a list is empty, or an id is outside the vocabulary.
 */
export function padTokens(
  prompts: readonly (readonly number[])[],
  vocabSize: number,
  least = 0,
): TokenBatch {
  if (prompts.length === 0) throw new Error("no prompts given");
  const lengths = prompts.map((p) => p.length);
  const pos = Math.max(least, ...lengths);
  const ids = new Int32Array(prompts.length * pos);
  prompts.forEach((prompt, b) => {
    if (prompt.length === 0) throw new Error(`prompt ${b} has no tokens`);
    const bad = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
    if (bad !== undefined) {
      throw new Error(
        `prompt ${b}: token id ${bad} is outside the vocabulary 0 … ${vocabSize - 1}`,
      );
    }
    ids.set(prompt, b * pos);
  });
  return { tokens: tensor(ids, [prompts.length, pos]), lengths, batch: prompts.length, pos };
}

/** Indices of items grouped by a key, in the order of first appearance, each group cut to at most `limit` items. */
export function bucketBy<T>(
  items: readonly T[],
  key: (item: T, index: number) => string | number,
  limit = Infinity,
): number[][] {
  const groups = new Map<string | number, number[]>();
  items.forEach((item, i) => {
    const k = key(item, i);
    const group = groups.get(k);
    if (group) group.push(i);
    else groups.set(k, [i]);
  });
  return [...groups.values()].flatMap((group) => {
    const size = Math.min(limit, group.length);
    const count = Math.ceil(group.length / size);
    return Array.from({ length: count }, (_, i) => group.slice(i * size, (i + 1) * size));
  });
}
